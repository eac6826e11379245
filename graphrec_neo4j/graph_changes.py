"""``GraphChanges``: what became of a graph between two snapshots, node by node and edge by edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.edge_times import MISSING_TIME
from graphrec_neo4j.errors import SnapshotError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Changes:
    """Of one type: ``added`` and ``changed`` are places in the later snapshot, ``removed`` in the earlier one.

    A node is changed where its name, a feature or a text is another, an edge where its weight, time or a property is.
    """

    added: Rows
    removed: Rows
    changed: Rows

    def __bool__(self) -> bool:
        return bool(len(self.added) or len(self.removed) or len(self.changed))

    def counts(self) -> dict[str, int]:
        """Return how many of each there are."""
        return {"added": len(self.added), "removed": len(self.removed), "changed": len(self.changed)}


@dataclass(frozen=True, eq=False)
class GraphChanges:
    """What became of the snapshot ``before`` up to ``after``, for every node type and edge type.

    ``rows`` are the later rows of each earlier node, -1 for gone.
    """

    before: GraphSnapshot
    after: GraphSnapshot
    nodes: Mapping[str, Changes]
    edges: Mapping[str, Changes]
    rows: Mapping[str, Rows]

    @classmethod
    def between(cls, before: GraphSnapshot, after: GraphSnapshot) -> Self:
        """Compare two snapshots by business ids; raises SnapshotError where their types are not the same."""
        if _types(before) != _types(after):
            raise SnapshotError("two snapshots are compared only where they have the same node and edge types.")
        rows = {name: later_rows(before.nodes[name].ids, after.nodes[name].ids) for name in after.nodes}
        nodes = {name: _of_nodes(before.nodes[name], after.nodes[name], rows[name]) for name in after.nodes}
        edges = {}
        for name, kind in after.schema.edges.items():
            width = len(after.nodes[kind.target])
            ends = rows[kind.source], rows[kind.target]
            edges[name] = _of_edges(before.edges[name], after.edges[name], *ends, width)
        return cls(before, after, nodes, edges, rows)

    def __bool__(self) -> bool:
        return any(self.nodes.values()) or any(self.edges.values())

    def share(self) -> float:
        """Return how many edges were added, removed or changed, for each edge that there was."""
        touched = sum(sum(each.counts().values()) for each in self.edges.values())
        return touched / max(1, sum(len(edges) for edges in self.before.edges.values()))

    def counts(self) -> dict[str, Any]:
        """Return the numbers of every type in which something changed, as plain values."""
        parts = {"nodes": self.nodes, "edges": self.edges}
        return {part: {name: each.counts() for name, each in of.items() if each} for part, of in parts.items()}


def _types(snapshot: GraphSnapshot) -> tuple[Mapping[str, str], Mapping[str, tuple[str, str]]]:
    """What each node type's ids are, and where the edges of each type lead."""
    nodes = {name: node.key_type for name, node in snapshot.schema.nodes.items()}
    return nodes, {name: (edge.source, edge.target) for name, edge in snapshot.schema.edges.items()}


def later_rows(before: IdMap, after: IdMap) -> Rows:
    """Return the row in ``after`` of every id of ``before`` (n_before,), -1 where it is gone. Rising where not -1."""
    if before == after:
        return np.arange(len(before))
    lookup = after.lookup
    return np.fromiter((lookup.get(key, -1) for key in before.keys), dtype=np.int64, count=len(before))


def _of_nodes(before: Nodes, after: Nodes, rows: Rows) -> Changes:
    there = rows >= 0
    new = np.ones(len(after), dtype=bool)
    new[rows[there]] = False
    own, later = np.flatnonzero(there), rows[there]
    differs = np.zeros(len(own), dtype=bool)
    for name in {*before.texts, *after.texts}:
        differs |= _objects_differ(before.texts.get(name), after.texts.get(name), own, later)
    differs |= _objects_differ(before.names, after.names, own, later)
    differs |= _features_differ(before.features, after.features, own, later)
    return Changes(np.flatnonzero(new), np.flatnonzero(~there), later[differs])


def _of_edges(before: Edges, after: Edges, sources: Rows, targets: Rows, width: int) -> Changes:
    """Pairs of one type, told apart by one number each; as ids are sorted in both snapshots, so are these numbers."""
    source, target = sources[before.source], targets[before.target]
    kept = np.flatnonzero((source >= 0) & (target >= 0))
    was = source[kept] * width + target[kept]
    now = after.source.astype(np.int64) * width + after.target
    places = np.searchsorted(now, was)
    found = np.zeros(len(was), dtype=bool)
    inside = places < len(now)
    found[inside] = now[places[inside]] == was[inside]
    own, later = kept[found], places[found]
    new, gone = np.ones(len(after), dtype=bool), np.ones(len(before), dtype=bool)
    new[later], gone[own] = False, False
    differs = _numbers_differ(before.weight, after.weight, own, later, np.nan)
    differs |= _numbers_differ(before.time, after.time, own, later, MISSING_TIME)
    for name in {*before.properties, *after.properties}:
        differs |= _objects_differ(before.properties.get(name), after.properties.get(name), own, later)
    return Changes(np.flatnonzero(new), np.flatnonzero(gone), later[differs])


def _numbers_differ(
    before: npt.NDArray | None, after: npt.NDArray | None, own: Rows, later: Rows, missing: float
) -> Mask:
    """Where a column differs; one that is not there is one of which every value is ``missing``."""
    if before is None and after is None:
        return np.zeros(len(own), dtype=bool)
    was = np.full(len(own), missing) if before is None else before[own]
    now = np.full(len(own), missing) if after is None else after[later]
    both_missing = (was != was) & (now != now)
    return np.asarray((was != now) & ~both_missing, dtype=bool)


def _features_differ(before: npt.NDArray | None, after: npt.NDArray | None, own: Rows, later: Rows) -> Mask:
    if before is None or after is None:
        there = before[own] if before is not None else after[later] if after is not None else np.zeros((len(own), 0))
        return np.asarray(~np.isnan(there).all(axis=1), dtype=bool)
    was, now = before[own], after[later]
    if was.shape != now.shape:
        return np.ones(len(own), dtype=bool)
    return np.asarray(((was != now) & ~(np.isnan(was) & np.isnan(now))).any(axis=1), dtype=bool)


def _objects_differ(before: npt.NDArray | None, after: npt.NDArray | None, own: Rows, later: Rows) -> Mask:
    if before is None and after is None:
        return np.zeros(len(own), dtype=bool)
    was = [None] * len(own) if before is None else before[own].tolist()
    now = [None] * len(own) if after is None else after[later].tolist()
    return np.array([not _same(one, other) for one, other in zip(was, now, strict=True)], dtype=bool)


def _same(one: Any, other: Any) -> bool:
    """Whether two stored values are one: 1, 1.0 and true are three, not a number is itself."""
    if one is other:
        return True
    return type(one) is type(other) and (one == other if isinstance(one, str) else repr(one) == repr(other))
