"""From a snapshot to Neo4j: MERGE on the business ids, in batches of columns, safe to repeat."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database, Written
from graphrec_neo4j.errors import DatabaseError, SnapshotError
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import EdgeType, GraphSchema, NodeType
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes, ObjectArray
from loaders.keys import create_keys
from loaders.stored_times import check_fits, to_stored

NODES_A_BATCH = 10_000
EDGES_A_BATCH = 8_000


@dataclass(frozen=True)
class LoadSummary:
    """What a load wrote, by type, and what that changed by the server's own counters.

    ``nodes`` and ``edges`` count what is now there of the snapshot; a load that is repeated creates and sets nothing.
    """

    nodes: Mapping[str, int]
    edges: Mapping[str, int]
    created_nodes: int
    created_edges: int
    properties_set: int
    constraints: tuple[str, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is different in the graph than before."""
        return bool(self.created_nodes or self.created_edges or self.properties_set)


@dataclass
class _Load:
    """One load while it runs."""

    database: Database
    schema: GraphSchema
    progress: Progress
    sessions: int
    counters: Counter[str] = field(default_factory=Counter)

    def nodes(self, name: str, nodes: Nodes) -> None:
        """Write all nodes of one type."""
        kind = self.schema.nodes[name]
        self._write("write/graph_nodes", Naming.for_node(kind), name, _node_batches(kind, nodes), len(nodes))

    def edges(self, name: str, snapshot: GraphSnapshot) -> None:
        """Write all edges of one type."""
        kind, edges = self.schema.edges[name], snapshot.edges[name]
        # Stored and matched as source and target say, also where an edge has no direction of its own.
        naming = Naming.for_edge(self.schema, kind.model_copy(update={"directed": True}))
        # Sessions that lock nodes of one type from both ends would wait for each other.
        sessions = 1 if kind.source == kind.target else self.sessions
        self._write("write/graph_edges", naming, name, _edge_batches(kind, edges, snapshot), len(edges), sessions)

    def _write(
        self,
        query: str,
        naming: Naming,
        name: str,
        batches: Iterator[dict[str, Any]],
        total: int,
        sessions: int | None = None,
    ) -> None:
        written = 0

        def done(batch: Written) -> None:
            nonlocal written
            written += batch.rows[0]["written"]
            self.counters.update(batch.counters)
            self.progress(f"loading {name}", min(written, total), total)

        self.database.write_batches(statement(query, naming), batches, sessions=sessions or self.sessions, done=done)
        if written < total:
            raise DatabaseError(
                f"{total - written} of {total} {name} found no node to join, because nodes were removed while "
                "loading; load again."
            )


def to_neo4j(
    database: Database, snapshot: GraphSnapshot, *, progress: Progress = silent, sessions: int = 2
) -> LoadSummary:
    """Write a snapshot into the database and say what changed.

    The keys are made unique first (``loaders.keys``). Nodes and edges are merged by business id, so a load that
    was cut short is finished, and one that was complete is left alone, by loading again. What is missing (None,
    NaN, MISSING_TIME) is not written and removes nothing. Edges that the schema reads along a path (``via``)
    are not written, which a note says. Raises SnapshotError, before anything is written, for values that the
    schema has no exact place for.
    """
    started = time.perf_counter()
    schema = snapshot.schema
    for name, kind in schema.edges.items():
        _check(name, kind, snapshot.edges[name])
    constraints = create_keys(database, schema)
    load = _Load(database, schema, progress, sessions)
    for name, nodes in snapshot.nodes.items():
        load.nodes(name, nodes)
    stored = [name for name, kind in schema.edges.items() if kind.via is None]
    for name in stored:
        load.edges(name, snapshot)
    return LoadSummary(
        nodes={name: len(nodes) for name, nodes in snapshot.nodes.items()},
        edges={name: len(snapshot.edges[name]) for name in stored},
        created_nodes=load.counters["nodes_created"],
        created_edges=load.counters["relationships_created"],
        properties_set=load.counters["properties_set"],
        constraints=tuple(constraints),
        seconds=time.perf_counter() - started,
        notes=tuple(_derived(name, snapshot) for name in schema.edges if name not in stored),
    )


def _derived(name: str, snapshot: GraphSnapshot) -> str:
    via = snapshot.schema.edges[name].via
    label = via.label if via else ""
    return f"{len(snapshot.edges[name])} {name} are not written: they follow from paths through {label} nodes."


def _check(name: str, kind: EdgeType, edges: Edges) -> None:
    if kind.via is not None:
        return
    if edges.weight is not None and kind.weight is None and not np.isnan(edges.weight).all():
        raise SnapshotError(f"{name} has weights and no place for them; set weight for {name} in graphrec.toml.")
    if edges.time is not None:
        if kind.time is None:
            raise SnapshotError(f"{name} has times and no place for them; set time for {name} in graphrec.toml.")
        check_fits(edges.time, kind.time_unit, name)


def _node_batches(kind: NodeType, nodes: Nodes) -> Iterator[dict[str, Any]]:
    columns: dict[str, ObjectArray] = {}
    if nodes.features is not None:
        columns |= {name: _without_nan(nodes.features[:, n]) for n, name in enumerate(kind.features)}
    columns |= {name: nodes.texts[name] for name in kind.text if name in nodes.texts}
    if nodes.names is not None and kind.name is not None and kind.name != kind.key:
        columns[kind.name] = nodes.names
    for start in range(0, len(nodes), NODES_A_BATCH):
        rows = slice(start, start + NODES_A_BATCH)
        yield {
            "keys": list(nodes.ids.keys[rows]),
            "names": list(columns),
            "columns": [column[rows].tolist() for column in columns.values()],
        }


def _edge_batches(kind: EdgeType, edges: Edges, snapshot: GraphSnapshot) -> Iterator[dict[str, Any]]:
    sources, targets = snapshot.nodes[kind.source].ids, snapshot.nodes[kind.target].ids
    for start in range(0, len(edges), EDGES_A_BATCH):
        part = edges.take(np.arange(start, min(start + EDGES_A_BATCH, len(edges))))
        first = np.flatnonzero(np.diff(part.source, prepend=-1))
        columns = _edge_columns(kind, part)
        yield {
            "sources": sources.keys_of(part.source[first]),
            "starts": [*first.tolist(), len(part)],
            "targets": targets.keys_of(part.target),
            "names": list(columns),
            "columns": list(columns.values()),
        }


def _edge_columns(kind: EdgeType, edges: Edges) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        name: [value.item() if isinstance(value, np.generic) else value for value in edges.properties[name]]
        for name in kind.properties
        if name in edges.properties
    }
    if edges.weight is not None and kind.weight is not None:
        columns[str(kind.weight)] = _without_nan(edges.weight).tolist()
    if edges.time is not None and kind.time is not None:
        columns[str(kind.time)] = to_stored(edges.time, kind.time_unit)
    return columns


def _without_nan(values: np.ndarray) -> ObjectArray:
    """The values as objects, None where one is missing."""
    made = values.astype(object)
    made[np.isnan(values)] = None
    return made
