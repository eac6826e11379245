"""Small panels of one row a model: bars, and differences with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphrec_neo4j.report.labels import width_of
from graphrec_neo4j.report.markup import Markup, element
from graphrec_neo4j.report.scales import decimals, linear
from graphrec_neo4j.report.view import number, signed

ROW = 20


class Bar(NamedTuple):
    """One model's value; None where it has none."""

    model: str
    value: float | None
    colour: str


class Gain(NamedTuple):
    """One model's mean difference, its interval, and the class of what it amounts to."""

    model: str
    mean: float
    low: float
    high: float
    verdict: str


def drawing(width: float, height: float, title: str, description: str, *children: Markup) -> Markup:
    """Return an SVG picture that says in words what it shows."""
    told = element("title", title) + element("desc", description)
    return element("svg", Markup(told), *children, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=title)


def bars(title: str, rows: Sequence[Bar], most: float, width: float = 260) -> Markup:
    """Return horizontal bars from nothing to ``most``, each with its value at its end."""
    left, right = _label_room([row.model for row in rows]), width - 44
    children = []
    for place, row in enumerate(rows):
        middle, length = place * ROW + ROW / 2, (row.value or 0.0) / (most or 1.0) * (right - left)
        children += [
            _name(row.model, left, middle),
            element("rect", x=left, y=middle - 6, width=max(length, 1.0), height=12, rx=2, class_=f"bar {row.colour}"),
            element("text", number(row.value, 3), x=left + length + 5, y=middle + 4, class_="value"),
        ]
    spoken = ", ".join(f"{row.model} {number(row.value, 3)}" for row in rows)
    return drawing(width, len(rows) * ROW + 4, title, spoken, *children)


def gains(title: str, rows: Sequence[Gain], width: float = 420) -> Markup:
    """Return a dot and a whisker for each difference, about a line at nothing."""
    left, bottom = _label_room([row.model for row in rows]), len(rows) * ROW + 6
    ends = [0.0, *(end for row in rows for end in (row.low, row.high))]
    scale, found = linear(ends, left + 8, width - 58)
    places = decimals(found)
    children = [
        part
        for tick in found
        for part in (
            element("line", x1=scale(tick), x2=scale(tick), y1=0, y2=bottom, class_="zero" if tick == 0 else "grid"),
            element("text", signed(tick, places) if tick else "0", x=scale(tick), y=bottom + 15, class_="tick middle"),
        )
    ]
    for place, row in enumerate(rows):
        middle = place * ROW + ROW / 2 + 2
        told = f"{row.model}: {signed(row.mean)}, from {signed(row.low)} to {signed(row.high)}"
        whisker = element("line", x1=scale(row.low), x2=scale(row.high), y1=middle, y2=middle, class_="whisker")
        dot = element("circle", cx=scale(row.mean), cy=middle, r=4.5)
        children += [
            _name(row.model, left, middle),
            element("g", element("title", told), whisker, dot, class_=row.verdict),
            element("text", signed(row.mean), x=width, y=middle + 4, class_="value end"),
        ]
    spoken = "; ".join(f"{row.model} {signed(row.mean)} ({row.verdict})" for row in rows)
    return drawing(width, bottom + 22, title, spoken, *children)


def _label_room(names: Sequence[str]) -> float:
    return max((width_of(name) for name in names), default=0.0) + 8


def _name(model: str, right: float, middle: float) -> Markup:
    return element("text", model, x=right - 6, y=middle + 4, class_="label end")
