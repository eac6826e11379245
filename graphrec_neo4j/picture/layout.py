"""Where the nodes of a picture stand: the user on the left, the item on the right, what is between in columns.

Paths that go through the same types of nodes share a band from left to right, and a node stands in the first band
that it is in; what leads from the user to the item directly goes below them all. Nothing is drawn by chance, so the
same paths are always the same picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from graphrec_neo4j.picture.paths import ITEM, USER, Path, PathGraph

WIDTH = 1000.0
_LEFT, _RIGHT = 90.0, WIDTH - 110.0
_NAMED, _UNNAMED, _BETWEEN, _MARGIN, _LEAST = 40.0, 19.0, 22.0, 24.0, 170.0
DIRECT = 34.0


class Layout(NamedTuple):
    """The height of the picture, and x and y of every node; the width is WIDTH."""

    height: float
    at: tuple[tuple[float, float], ...]


def lay_out(graph: PathGraph) -> Layout:
    """Return the place of every node, bands with the most paths first."""
    bands: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in graph.paths:
        bands[graph.through(path)].append(path)
    at: dict[int, tuple[float, float]] = {}
    top = _MARGIN
    for paths in sorted(bands.values(), key=len, reverse=True):
        columns = _columns(paths, {USER, ITEM, *at})
        height = max((_room(graph, column) for column in columns.values()), default=0.0)
        for fraction in sorted(columns):
            column = _untangled(columns[fraction], paths, at)
            at |= _stacked(graph, column, _LEFT + fraction * (_RIGHT - _LEFT), top, height)
        top += height + _BETWEEN if height else 0.0
    height = max(top - _BETWEEN + _MARGIN, _LEAST)
    at |= {USER: (_LEFT, height / 2), ITEM: (_RIGHT, height / 2)}
    height += DIRECT if () in bands else 0.0
    return Layout(height, tuple(at[place] for place in range(len(graph.nodes))))


def _columns(paths: Sequence[Path], placed: set[int]) -> dict[float, list[int]]:
    """The nodes that have no place yet, by how far along its path each stands."""
    columns: dict[float, list[int]] = defaultdict(list)
    for path in paths:
        for step, node in enumerate(path.nodes):
            if node not in placed:
                placed.add(node)
                columns[step / (len(path.nodes) - 1)].append(node)
    return columns


def _untangled(column: Sequence[int], paths: Sequence[Path], at: dict[int, tuple[float, float]]) -> list[int]:
    """A column in the order of its neighbours to the left, so that few lines cross (the barycentre heuristic)."""
    heights: dict[int, list[float]] = defaultdict(list)
    for path in paths:
        for before, node in zip(path.nodes, path.nodes[1:], strict=False):
            if before in at:
                heights[node].append(at[before][1])
    return sorted(column, key=lambda node: sum(heights[node]) / len(heights[node]) if heights[node] else 0.0)


def _stacked(
    graph: PathGraph, column: Sequence[int], x: float, top: float, height: float
) -> dict[int, tuple[float, float]]:
    """Nodes below each other, spread over the height of their band."""
    stretch = height / _room(graph, column)
    found, y = {}, top
    for node in column:
        own = _room(graph, [node]) * stretch
        found[node] = (x, y + own / 2)
        y += own
    return found


def _room(graph: PathGraph, column: Sequence[int]) -> float:
    return sum(_NAMED if graph.nodes[node].named else _UNNAMED for node in column)
