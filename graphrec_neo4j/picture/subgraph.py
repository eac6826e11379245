"""The subgraph that carries a score, and the best paths, in business ids and names, for JSON and for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.models.deep_reasons import KEPT, CarryingEdge, DeepReasons, MinimalSubgraph, node_type
from graphrec_neo4j.models.learnt_paths import LearntPath, TypedNode
from graphrec_neo4j.picture.paths import PathNode
from graphrec_neo4j.snapshot import GraphSnapshot

_TOLD = 10
RULE = f"the fewest of the most important edges that alone bring {KEPT:.0%} of what edges raise the score by"


@dataclass(frozen=True)
class NamedEdge:
    """An edge as stored, by its name in the schema; along a meta-path or by walks, from whom is heard to who hears."""

    type: str
    source: PathNode
    target: PathNode

    def words(self) -> str:
        """Return the edge as one line."""
        return f"{self.source.name} -[{self.type}]-> {self.target.name}"


@dataclass(frozen=True)
class NamedPath:
    """A path from the user to the item."""

    nodes: tuple[PathNode, ...]
    steps: tuple[NamedEdge, ...]
    relevance: float

    def words(self) -> str:
        """Return the path as one line, ``Ann -[LIKES]-> Tea <-[LIKES]- another User (1)``."""
        line = self.nodes[0].name
        for (before, after), step in zip(pairwise(self.nodes), self.steps, strict=True):
            line += (f" -[{step.type}]-> " if step.source is before else f" <-[{step.type}]- ") + after.name
        return line


@dataclass(frozen=True)
class NamedReasons:
    """:class:`DeepReasons` in names: ``edges`` with their importance, and ``paths``."""

    found: MinimalSubgraph | None
    note: str
    edges: tuple[tuple[NamedEdge, float], ...]
    paths: tuple[NamedPath, ...]

    def to_json(self) -> dict[str, Any]:
        """Return ``subgraph`` of ``explain --json``."""
        numbers: dict[str, Any] = {}
        if self.found:
            found = self.found
            numbers = {"score": found.score, "only": found.only, "without": found.without, "bare": found.bare}
            numbers |= {"sparsity": found.sparsity, "reached": found.reached, "hops": found.hops, "cap": found.cap}
        edges = [
            {"type": edge.type, "from": _node(edge.source), "to": _node(edge.target), "importance": round(value, 4)}
            for edge, value in self.edges
        ]
        paths = [{"relevance": round(path.relevance, 4), "path": path.words()} for path in self.paths]
        return {"note": self.note, "rule": RULE, **numbers, "edges": edges, "paths": paths}

    def lines(self) -> list[str]:
        """Return the same for people."""
        return [*self._of_edges(), *self._of_paths()]

    def _of_edges(self) -> Iterator[str]:
        found = self.found
        if found is None:
            yield f"Subgraph: {self.note}"
            return
        if not self.edges:
            yield f"Subgraph: no edge raises the score: {found.score:.3g} with all, {found.bare:.3g} with none."
            return
        yield (
            f"Subgraph: {len(self.edges)} of the {found.reached} edges that {found.hops} "
            f"layer{'s' * (found.hops > 1)} reach{'es' * (found.hops == 1)} carry the score: "
            f"{found.only:.3g} alone, {found.score:.3g} with all, {found.without:.3g} without these, "
            f"{found.bare:.3g} with none."
        )
        if found.cap:
            yield f"  of large neighbourhoods {found.cap} nodes each were followed."
        yield from (f"  {value:.2f}  {edge.words()}" for edge, value in self.edges[:_TOLD])
        if len(self.edges) > _TOLD:
            yield f"  and {len(self.edges) - _TOLD} more, each of less importance"

    def _of_paths(self) -> Iterator[str]:
        if self.paths:
            yield "Paths, by what the model has learnt of their steps:"
            yield from (f"  {path.relevance:.2f}  {path.words()}" for path in self.paths)


def named(reasons: DeepReasons, snapshot: GraphSnapshot, user: int, item: int) -> NamedReasons:
    """Name what ``reasons`` hold, for a user's and an item's row; of other users those whom the schema allows."""
    names = _Names(snapshot, user, item)
    carrying = reasons.subgraph.edges if reasons.subgraph else ()
    edges = tuple((names.edge(edge), edge.importance) for edge in carrying)
    return NamedReasons(reasons.subgraph, reasons.note, edges, tuple(names.path(path) for path in reasons.paths))


class _Names:
    """Names nodes and edges of one snapshot to one user; who must not be named is numbered."""

    def __init__(self, snapshot: GraphSnapshot, user: int, item: int) -> None:
        self._snapshot, self._schema = snapshot, snapshot.schema
        self._open = {(self._schema.recommend_to, row) for row in (user, *self._may_be_named(user))}
        self._open.add((self._schema.recommend, item))
        self._known: dict[TypedNode, PathNode] = {}

    def node(self, node: TypedNode) -> PathNode:
        """Return a node, the same object each time."""
        if node not in self._known:
            self._known[node] = self._named(node)
        return self._known[node]

    def edge(self, edge: CarryingEdge) -> NamedEdge:
        """Return an edge of a network as it is stored, if it is an edge of the graph."""
        source, target = node_type(self._schema, edge.source), node_type(self._schema, edge.target)
        role = {ALL_INTERACTIONS: "interaction", "ties": "tie"}.get(edge.name)
        if edge.name in self._schema.edges:
            return self._stored([edge.name], source, target, edge.name)
        kinds = [name for name, has in self._schema.roles.items() if has == role]
        kinds.sort(key=lambda name: -self._schema.edges[name].importance)
        return self._stored(kinds, source, target, edge.name)

    def path(self, path: LearntPath) -> NamedPath:
        """Return a path."""
        nodes = tuple(self.node(node) for node in path.nodes)
        steps = tuple(
            NamedEdge(step.name, *((before, after) if step.forward else (after, before)))
            for step, (before, after) in zip(path.steps, pairwise(nodes), strict=True)
        )
        return NamedPath(nodes, steps, path.relevance)

    def _stored(self, kinds: list[str], source: TypedNode, target: TypedNode, otherwise: str) -> NamedEdge:
        """The first of the edge types ``kinds`` that joins the two, in its own direction."""
        for name in kinds:
            for ends in ((source, target), (target, source)):
                if self._joins(name, *ends):
                    return NamedEdge(name, self.node(ends[0]), self.node(ends[1]))
        return NamedEdge(otherwise, self.node(source), self.node(target))

    def _joins(self, name: str, source: TypedNode, target: TypedNode) -> bool:
        kind, edges = self._schema.edges[name], self._snapshot.edges[name]
        if (kind.source, kind.target) != (source[0], target[0]):
            return False
        first, last = np.searchsorted(edges.source, [source[1], source[1] + 1])
        place = first + np.searchsorted(edges.target[first:last], target[1])
        return bool(place < last and edges.target[place] == target[1])

    def _may_be_named(self, user: int) -> set[int]:
        """Who may be named to the user: whom she has a tie with, and among people whom she chose."""
        schema, found = self._schema, set[int]()
        if schema.reasons.people == "everybody":
            return set(range(len(self._snapshot.users)))
        named = {"interaction", "tie"} if schema.reasons.people == "tied" else {"interaction"}
        for name, kind in schema.edges.items():
            if kind.source == kind.target == schema.recommend_to and schema.roles[name] in named:
                edges = self._snapshot.edges[name]
                found.update(edges.target[edges.source == user].tolist(), edges.source[edges.target == user].tolist())
        return found

    def _named(self, node: TypedNode) -> PathNode:
        kind, row = node
        if kind == self._schema.recommend_to and node not in self._open:
            number = 1 + sum(not each.named for each in self._known.values())
            return PathNode(kind, f"unnamed-{number}", f"another {kind} ({number})", named=False)
        nodes = self._snapshot.nodes[kind]
        key, name = nodes.ids.key(row), None if nodes.names is None else nodes.names[row]
        return PathNode(kind, key, str(key if name is None else name))


def _node(node: PathNode) -> dict[str, Any]:
    return {"type": node.type, "id": node.key if node.named else None, "name": node.name}
