"""The paths as an SVG picture that reads without scripts; scripts only light up what is asked for.

Whatever belongs to paths carries their numbers in ``data-paths``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import sqrt

from graphrec_neo4j.picture.layout import DIRECT, WIDTH, lay_out
from graphrec_neo4j.picture.paths import ITEM, USER, Step
from graphrec_neo4j.picture.why import Why
from graphrec_neo4j.report.labels import width_of
from graphrec_neo4j.report.markup import Markup, element

COLOURS = 8
_LABEL = 160.0


class Drawing:
    """The picture of one explanation, and the colours that its types have."""

    def __init__(self, why: Why) -> None:
        graph = why.graph
        self.why, self.graph = why, graph
        self.layout = lay_out(graph)
        self.node_colours = _colours((node.type for node in graph.nodes), 0)
        self.step_colours = _colours((step.type for step in graph.steps), len(self.node_colours))
        self._paths_of_node: dict[int, list[int]] = defaultdict(list)
        self._paths_of_step: dict[int, list[int]] = defaultdict(list)
        self._before: dict[int, int] = {}
        for number, path in enumerate(graph.paths):
            for node in path.nodes:
                self._paths_of_node[node].append(number)
            for node, step in zip(path.nodes, path.steps, strict=False):
                self._paths_of_step[step].append(number)
                self._before.setdefault(step, node)

    def svg(self) -> Markup:
        """Return the picture."""
        told = (
            f"{len(self.graph.paths)} paths from {self.why.user_name} to {self.why.title}; the table below tells them"
        )
        edges = [self._edge(place, step) for place, step in enumerate(self.graph.steps)]
        nodes = [self._node(place) for place in range(len(self.graph.nodes))]
        return element(
            "svg",
            element("defs", *(_arrow(colour) for colour in sorted(set(self.step_colours.values())))),
            *edges,
            *nodes,
            viewBox=f"0 0 {WIDTH:g} {self.layout.height:g}",
            role="group",
            aria_label=told,
        )

    def told(self, place: int) -> str:
        """Return a node in words: its name, its type, its share of the score and how many paths go through it."""
        node, count = self.graph.nodes[place], len(self._paths_of_node[place])
        share = self.why.shares.get(node.identity, 0.0)
        parts = [node.name, node.type if node.named else "", f"{100 * share:.0f} % of the score" if share > 0 else ""]
        return ", ".join([*filter(None, parts), "1 path" if count == 1 else f"{count} paths"])

    def _node(self, place: int) -> Markup:
        node, (x, y) = self.graph.nodes[place], self.layout.at[place]
        radius, below = self._radius(place), place in (USER, ITEM)
        name = _shortened(node.name, _LABEL)
        text_at = y + radius + 17 if below else y - radius - 6
        share = self.why.shares.get(node.identity, 0.0)
        more = [element("tspan", f" {100 * share:.0f} %", class_="share")] if share >= 0.005 and not below else []
        return element(
            "g",
            element("title", self.told(place)),
            self._mark(place, x, y, radius),
            *([element("text", name, *more, x=x, y=text_at)] if node.named else []),
            class_=f"node part c{self.node_colours[node.type]}" + (" end" if below else ""),
            tabindex=0 if place == USER else -1,
            role="button",
            aria_label=self.told(place),
            aria_pressed="false",
            data_paths=_numbers(self._paths_of_node[place]),
            data_x=x,
            data_y=y,
        )

    def _mark(self, place: int, x: float, y: float, radius: float) -> Markup:
        """Circles are users, squares what is recommended, diamonds all else: colour is not all that tells them."""
        kind, side = self.graph.nodes[place].type, 1.8 * radius
        if kind == self.graph.nodes[USER].type:
            return element("circle", cx=x, cy=y, r=radius)
        turned = None if kind == self.graph.nodes[ITEM].type else f"rotate(45 {x:.2f} {y:.2f})"
        return element("rect", x=x - side / 2, y=y - side / 2, width=side, height=side, rx=3, transform=turned)

    def _edge(self, place: int, step: Step) -> Markup:
        start = self._before[place]
        end = step.target if start == step.source else step.source
        source, target = self.graph.nodes[step.source].name, self.graph.nodes[step.target].name
        colour = self.step_colours[step.type]
        marker = "marker-end" if end == step.target else "marker-start"
        return element(
            "path",
            element("title", f"{source} -[{step.type}]-> {target}"),
            d=self._curve(start, end),
            class_=f"edge part c{colour}",
            data_paths=_numbers(self._paths_of_step[place]),
            **{marker: f"url(#arrow{colour})"},
        )

    def _curve(self, start: int, end: int) -> str:
        """A line from rim to rim, so that arrows are seen; from the user to the item directly, below all others."""
        (x1, y1), (x2, y2) = self.layout.at[start], self.layout.at[end]
        across = (x2 > x1) - (x2 < x1)
        down = (y2 > y1) - (y2 < y1) if across == 0 else 0
        first, last = self._radius(start) + 2, self._radius(end) + 2
        x1, y1, x2, y2 = x1 + across * first, y1 + down * first, x2 - across * last, y2 - down * last
        bend, y3, y4 = (x2 - x1) / 2, y1, y2
        if {start, end} == {USER, ITEM}:
            # A cubic curve is halfway three quarters of the way from its ends to its control points.
            y3 = y4 = y1 + (self.layout.height - DIRECT / 2 - y1) / 0.75
            bend /= 2
        return f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y3:.1f} {x2 - bend:.1f} {y4:.1f} {x2:.1f} {y2:.1f}"

    def _radius(self, place: int) -> float:
        node = self.graph.nodes[place]
        if place in (USER, ITEM):
            return 15.0
        share = max(0.0, self.why.shares.get(node.identity, 0.0))
        return 6.0 + 9.0 * sqrt(min(1.0, share)) if node.named else 5.0


def _colours(types: Iterable[str], first: int) -> dict[str, int]:
    return {kind: place % COLOURS for place, kind in enumerate(dict.fromkeys(types), first)}


def _numbers(paths: Iterable[int]) -> str:
    return " ".join(map(str, paths))


def _arrow(colour: int) -> Markup:
    head = element("path", d="M0 0L7 3.5L0 7z", class_=f"head c{colour}")
    size = {"markerWidth": "7", "markerHeight": "7", "refX": "6", "refY": "3.5"}
    told = "".join(f' {name}="{value}"' for name, value in size.items())
    return Markup(
        f'<marker id="arrow{colour}" orient="auto-start-reverse" markerUnits="userSpaceOnUse"{told}>{head}</marker>'
    )


def _shortened(name: str, most: float) -> str:
    if width_of(name) <= most:
        return name
    while name and width_of(name + "…") > most:
        name = name[:-1]
    return name.rstrip() + "…"
