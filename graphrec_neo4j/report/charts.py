"""Charts with two axes: a line for each model, a point for each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from graphrec_neo4j.report.labels import Box, beside_points, spread, width_of
from graphrec_neo4j.report.markup import Markup, element
from graphrec_neo4j.report.panels import drawing
from graphrec_neo4j.report.scales import Scale, linear, logarithmic

WIDTH, HEIGHT = 440.0, 380.0
LEFT, TOP, BOTTOM = 44.0, 26.0, HEIGHT - 42.0


class Line(NamedTuple):
    """One model's values by cutoff."""

    model: str
    values: Mapping[int, float]
    colour: str
    dashed: bool


class Point(NamedTuple):
    """One model's place."""

    model: str
    x: float
    y: float
    colour: str
    hollow: bool


def curves(title: str, lines: Sequence[Line], y_name: str) -> Markup:
    """Return a line for each model over list lengths on a logarithmic axis, each named at its end."""
    cuts = sorted({cut for line in lines for cut in line.values})
    right = WIDTH - max(width_of(line.model) for line in lines) - 20
    x = Scale(cuts[0], cuts[-1], LEFT, right, log=True)
    y, marks = linear([0.0, *(value for line in lines for value in line.values.values())], BOTTOM, TOP, wanted=6)
    ends = [y(line.values[cuts[-1]]) for line in lines]
    places = spread(ends, 15, TOP, BOTTOM)
    children = [_grid(y, marks, right), *(_x_tick(x(cut), str(cut)) for cut in cuts), *_names("K", y_name, right)]
    for line, end, place in reversed(list(zip(lines, ends, places, strict=True))):
        corners = " ".join(f"{x(cut):.1f},{y(value):.1f}" for cut, value in sorted(line.values.items()))
        told = ", ".join(f"{value:.4f} at {cut}" for cut, value in sorted(line.values.items()))
        dots = [element("circle", cx=x(cut), cy=y(value), r=2.4) for cut, value in line.values.items()]
        way = element("polyline", points=corners, class_="dashed" if line.dashed else None)
        lead = element("path", d=f"M{right + 3:.1f} {end:.1f} L{right + 11:.1f} {place:.1f}", class_="lead")
        label = element("text", line.model, x=right + 14, y=place + 4, class_="label")
        children.append(
            element("g", element("title", f"{line.model}: {told}"), lead, way, *dots, label, class_=line.colour)
        )
    spoken = "; ".join(f"{line.model} {line.values[cuts[-1]]:.4f} at {cuts[-1]}" for line in lines)
    return drawing(WIDTH, HEIGHT, title, spoken, *children)


def scatter(title: str, points: Sequence[Point], x_name: str, y_name: str, *, log: bool = False) -> Markup:
    """Return a named point for each model; a line leads to a label that had to go far from its point."""
    right = WIDTH - 12
    made = logarithmic if log else linear
    x, x_marks = made([point.x for point in points], LEFT, right)
    y, y_marks = linear([point.y for point in points], BOTTOM, TOP)
    at = [(x(point.x), y(point.y)) for point in points]
    boxes = beside_points(at, [point.model for point in points], Box(LEFT, TOP - 8, WIDTH, BOTTOM))
    children = [_grid(y, y_marks, right), *(_x_tick(x(mark), f"{mark:g}") for mark in x_marks)]
    children += _names(x_name, y_name, right)
    for point, (px, py), box in zip(points, at, boxes, strict=True):
        near_x, near_y = min(max(px, box.left), box.right), min(max(py, box.top), box.bottom)
        far = abs(near_x - px) + abs(near_y - py) > 14
        lead = [element("line", x1=px, y1=py, x2=near_x, y2=near_y, class_="lead")] if far else []
        told = element("title", f"{point.model}: {x_name} {point.x:.4g}, {y_name} {point.y:.4f}")
        dot = element("circle", cx=px, cy=py, r=5.0, class_="hollow" if point.hollow else "filled")
        label = element("text", point.model, x=box.left, y=box.bottom - 3, class_="label")
        children.append(element("g", told, *lead, dot, label, class_=point.colour))
    spoken = "; ".join(f"{point.model}: {x_name} {point.x:.4g}, {y_name} {point.y:.4f}" for point in points)
    return drawing(WIDTH, HEIGHT, title, spoken, *children)


def _grid(y: Scale, marks: Sequence[float], right: float) -> Markup:
    lines = [element("line", x1=LEFT, x2=right, y1=y(mark), y2=y(mark), class_="grid") for mark in marks]
    texts = [element("text", f"{mark:g}", x=LEFT - 6, y=y(mark) + 4, class_="tick end") for mark in marks]
    return element("g", *lines, *texts)


def _x_tick(place: float, text: str) -> Markup:
    tick = element("line", x1=place, x2=place, y1=BOTTOM, y2=BOTTOM + 4, class_="axis")
    return element("g", tick, element("text", text, x=place, y=BOTTOM + 17, class_="tick middle"))


def _names(x_name: str, y_name: str, right: float) -> list[Markup]:
    return [
        element("line", x1=LEFT, x2=right, y1=BOTTOM, y2=BOTTOM, class_="axis"),
        element("text", x_name, x=(LEFT + right) / 2, y=HEIGHT - 6, class_="name middle"),
        element("text", y_name, x=4, y=12, class_="name"),
    ]
