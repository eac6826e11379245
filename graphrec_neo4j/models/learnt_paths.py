"""Paths from a user to an item through the whole typed graph, ranked by what a model has learnt of their steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TypedNode = tuple[str, int]
"""A node type and a row of it."""

MOST_NEIGHBOURS = 50
"""So many of a node's neighbours are followed, the most relevant ones."""
_KEPT, _FOLLOWED, _PER_NODE = 2000, 100, 5


class Step(NamedTuple):
    """A step along an edge of type ``name``, as stored or against it."""

    name: str
    forward: bool


class Ways(NamedTuple):
    """The neighbours ``rows`` (k,), of type ``node_type``, that one step leads to from a node."""

    step: Step
    node_type: str
    rows: Rows


Relevance = Callable[[TypedNode, Sequence[Ways]], list[Floats]]
"""How relevant, 0 to 1, each way on from a node is, in the order of the ways that there are."""


@dataclass(frozen=True)
class LearntPath:
    """A path with ``nodes`` and the ``steps`` between them; ``relevance`` is the geometric mean of those of its steps.

    Each half of a path is walked from its own end.
    """

    nodes: tuple[TypedNode, ...]
    steps: tuple[Step, ...]
    relevance: float


class _Partial(NamedTuple):
    product: float
    nodes: tuple[TypedNode, ...]
    steps: tuple[Step, ...]


def learnt_paths(snapshot: GraphSnapshot, user: int, item: int, relevance: Relevance, limit: int) -> list[LearntPath]:
    """Return the ``limit`` most relevant paths of 2 to 4 steps, best first, none through a node twice.

    A beam from either end: of a node its MOST_NEIGHBOURS most relevant neighbours are followed, and of the first steps
    the best 100. Ties go to the shorter path, then to the lower rows.
    """
    schema = snapshot.schema
    start, goal = (schema.recommend_to, user), (schema.recommend, item)
    ways = _Graph(snapshot)
    first, second = _walks(ways, relevance, start, goal)
    last, before = _walks(ways, relevance, goal, start)
    found = [*_joined(first, last), *_joined(second, last), *_joined(second, before)]
    best = {(each.nodes, each.steps): each for each in found}
    return sorted(best.values(), key=lambda each: (-each.relevance, len(each.steps), each.nodes))[:limit]


class _Graph:
    """The positive edges of every type, in both directions."""

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._matrices: list[tuple[Step, str, str, sparse.csr_matrix]] = []
        for name, kind in snapshot.schema.edges.items():
            self._matrices.append((Step(name, True), kind.source, kind.target, snapshot.matrix(name)))
            if kind.directed:
                back = snapshot.matrix(name, forward=False)
                self._matrices.append((Step(name, False), kind.target, kind.source, back))

    def ways(self, node: TypedNode) -> list[Ways]:
        """Return all ways on from ``node``."""
        kind, row = node
        return [
            Ways(step, target, held.indices[held.indptr[row] : held.indptr[row + 1]].astype(np.int64))
            for step, source, target, held in self._matrices
            if source == kind and held.indptr[row + 1] > held.indptr[row]
        ]


def _walks(
    graph: _Graph, relevance: Relevance, start: TypedNode, goal: TypedNode
) -> tuple[list[_Partial], list[_Partial]]:
    """The best walks of one and of two steps from ``start``, none of which is at ``goal``."""
    first = _best(_onward(graph, relevance, _Partial(1.0, (start,), ()), goal))
    second = [longer for one in first[:_FOLLOWED] for longer in _onward(graph, relevance, one, goal)]
    return first, _best(second)


def _onward(graph: _Graph, relevance: Relevance, walk: _Partial, goal: TypedNode) -> list[_Partial]:
    ways = graph.ways(walk.nodes[-1])
    found: list[_Partial] = []
    for way, values in zip(ways, relevance(walk.nodes[-1], ways), strict=True):
        for place in np.argsort(-values, kind="stable")[:MOST_NEIGHBOURS].tolist():
            node = (way.node_type, int(way.rows[place]))
            if node != goal and node not in walk.nodes:
                product = walk.product * float(values[place])
                found.append(_Partial(product, (*walk.nodes, node), (*walk.steps, way.step)))
    return _best(found)[:MOST_NEIGHBOURS]


def _best(walks: list[_Partial]) -> list[_Partial]:
    return sorted(walks, key=lambda walk: (-walk.product, walk.nodes, walk.steps))[:_KEPT]


def _joined(there: list[_Partial], back: list[_Partial]) -> list[LearntPath]:
    """The paths that go ``there`` and come ``back`` turned round, through a node where both arrive."""
    arrived: dict[TypedNode, list[_Partial]] = defaultdict(list)
    for walk in back:
        if len(arrived[walk.nodes[-1]]) < _PER_NODE:
            arrived[walk.nodes[-1]].append(walk)
    paths = []
    for one in there:
        for other in arrived.get(one.nodes[-1], ()):
            if not set(one.nodes[:-1]) & set(other.nodes):
                turned = tuple(Step(step.name, not step.forward) for step in reversed(other.steps))
                steps = (*one.steps, *turned)
                nodes = (*one.nodes, *reversed(other.nodes[:-1]))
                paths.append(LearntPath(nodes, steps, (one.product * other.product) ** (1 / len(steps))))
    return paths


def nearness(snapshot: GraphSnapshot, users: npt.NDArray, items: npt.NDArray) -> Relevance:
    """Return how near the two ends of a step are, ``(1 + cosine) / 2``, by the vectors of users and items.

    Any other node lies where those users and items lie that have an edge to it.
    """
    table = _directions(snapshot, users, items)

    def relevance(node: TypedNode, ways: Sequence[Ways]) -> list[Floats]:
        here = table[node[0]][node[1]]
        return [(1 + np.clip(table[way.node_type][way.rows] @ here, -1, 1)) / 2 for way in ways]

    return relevance


Important = dict[frozenset[TypedNode], float]
"""The importance, 0 to 1, of the edges between two nodes."""


def by_importance(important: Important, otherwise: Relevance) -> Relevance:
    """Return the importance of a step that has one, and half of what it is ``otherwise`` for any other."""

    def relevance(node: TypedNode, ways: Sequence[Ways]) -> list[Floats]:
        told = []
        for way, values in zip(ways, otherwise(node, ways), strict=True):
            own = [important.get(frozenset((node, (way.node_type, int(row)))), -1.0) for row in way.rows]
            told.append(np.where(np.array(own) >= 0, own, values / 2))
        return told

    return relevance


def _directions(snapshot: GraphSnapshot, users: npt.NDArray, items: npt.NDArray) -> dict[str, Floats]:
    schema: GraphSchema = snapshot.schema
    table = {schema.recommend_to: _unit(users), schema.recommend: _unit(items)}
    if schema.recommend_to == schema.recommend:
        table = {schema.recommend: _unit(_unit(users) + _unit(items))}
    known, width = dict(table), users.shape[1]
    for name, nodes in snapshot.nodes.items():
        if name in known:
            continue
        total = np.zeros((len(nodes), width))
        for edge, kind in schema.edges.items():
            if kind.source == name and kind.target in known:
                total += snapshot.matrix(edge) @ known[kind.target]
            if kind.target == name and kind.source in known:
                total += snapshot.matrix(edge, forward=False) @ known[kind.source]
        table[name] = _unit(total)
    return table


def _unit(vectors: npt.NDArray) -> Floats:
    held = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(held, axis=1, keepdims=True)
    return held / np.where(lengths > 0, lengths, 1)
