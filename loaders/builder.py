"""``GraphBuilder``: rows of files in, a checked snapshot and its bad rows out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from graphrec_neo4j.errors import SchemaError, nearest
from graphrec_neo4j.ids import KeyType
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, IntArray
from loaders.columns import Problems
from loaders.edge_rows import EdgeColumns, EdgeRows
from loaders.loaded import BadRow, LoadedGraph
from loaders.node_rows import NodeColumns, NodeRows
from loaders.rows import Chunk


class GraphBuilder:
    """Collects the nodes and edges of one graph, file after file, under one schema.

    Types in ``open_types`` take nodes that are known from edges alone; with ``infer_keys`` the key types of
    the schema are ignored and decided by the keys themselves.
    """

    def __init__(self, schema: GraphSchema, *, open_types: Collection[str] = (), infer_keys: bool = False) -> None:
        self.schema = schema
        self.bad_rows: list[BadRow] = []
        self.notes: list[str] = []
        self.nodes = {
            name: NodeRows(name, kind, None if infer_keys else kind.key_type, open_to_edges=name in open_types)
            for name, kind in schema.nodes.items()
        }
        self.edges = {
            name: EdgeRows(name, kind, self.nodes[kind.source], self.nodes[kind.target])
            for name, kind in schema.edges.items()
        }

    def add_nodes(self, name: str, chunk: Chunk, columns: NodeColumns | None = None) -> Problems:
        """Take nodes of type ``name`` and return what is wrong with a row; columns not named are not looked at."""
        return self.report(chunk, self.nodes[name].add(chunk, columns))

    def add_edges(self, name: str, chunk: Chunk, columns: EdgeColumns | None = None) -> Problems:
        """Take edges of type ``name`` and return what is wrong with a row."""
        return self.report(chunk, self.edges[name].add(chunk, columns or EdgeColumns()))

    def report(self, chunk: Chunk, problems: Problems) -> Problems:
        """Keep the rows that have a problem as bad rows; return ``problems``."""
        self.bad_rows += [chunk.bad_row(row, reason) for row, reason in problems.items()]
        return problems

    def finish(self) -> LoadedGraph:
        """Return the graph; isolated nodes stay and are mentioned in the notes."""
        made = {name: rows.finish() for name, rows in self.nodes.items()}
        schema = with_key_types(self.schema, {name: nodes.ids.key_type for name, (nodes, _) in made.items()})
        edges, duplicates = self._merged({name: rows for name, (_, rows) in made.items()})
        snapshot = GraphSnapshot(schema, {name: nodes for name, (nodes, _) in made.items()}, edges)
        notes = [*self.notes, *self._notes(), *isolated_notes(snapshot)]
        return LoadedGraph(snapshot, _by_line(self.bad_rows), duplicates, tuple(notes))

    def _merged(self, rows: Mapping[str, IntArray]) -> tuple[dict[str, Edges], dict[str, int]]:
        edges: dict[str, Edges] = {}
        duplicates: dict[str, int] = {}
        for name, collected in self.edges.items():
            kind = self.schema.edges[name]
            edges[name], merged = collected.finish(rows[kind.source], rows[kind.target])
            if collected.counted:
                total = merged + len(edges[name])
                self.notes.append(f"{name} edges that count their rows: {len(edges[name]):,} from {total:,} rows")
            elif merged:
                duplicates[name] = merged
        return edges, duplicates

    def _notes(self) -> list[str]:
        notes = [
            f"times of {name} without an offset were taken as UTC"
            for name, rows in self.edges.items()
            if rows.assumed_utc
        ]
        for name, rows in self.nodes.items():
            if rows.repeated:
                notes.append(f"rows of {name} that repeat an earlier one exactly, taken once: {rows.repeated:,}")
        return notes


def _by_line(bad_rows: list[BadRow]) -> tuple[BadRow, ...]:
    """Sort by line within each file, files in the order in which they were read."""
    order = {file: number for number, file in enumerate(dict.fromkeys(bad.file for bad in bad_rows))}
    return tuple(sorted(bad_rows, key=lambda bad: (order[bad.file], bad.line)))


def isolated_notes(snapshot: GraphSnapshot) -> list[str]:
    """Return a sentence for the recommended and for the recommending type, where nodes lack interactions."""
    schema = snapshot.schema
    notes = []
    for name in dict.fromkeys((schema.recommend_to, schema.recommend)):
        touched = np.zeros(len(snapshot.nodes[name]), dtype=bool)
        for edge, kind in schema.by_role("interaction").items():
            for end, rows in ((kind.source, snapshot.edges[edge].source), (kind.target, snapshot.edges[edge].target)):
                if end == name:
                    touched[rows] = True
        if not touched.all():
            alone = int((~touched).sum())
            notes.append(f"{name} nodes without interactions, kept: {alone:,} of {len(touched):,}")
    return notes


def with_key_types(schema: GraphSchema, key_types: Mapping[str, KeyType]) -> GraphSchema:
    """Return ``schema`` with the key types of some node types set."""
    if all(schema.nodes[name].key_type == key_type for name, key_type in key_types.items()):
        return schema
    nodes = {
        name: kind.model_dump() | {"key_type": key_types.get(name, kind.key_type)}
        for name, kind in schema.nodes.items()
    }
    return GraphSchema.model_validate(schema.model_dump(by_alias=True) | {"nodes": nodes})


def fitting_schema(given: GraphSchema | None, own: GraphSchema, source: str) -> GraphSchema:
    """Return the given schema if it has every type of the format's ``own`` with the same ends, else ``own`` if none is.

    So labels and properties can be renamed in ``graphrec.toml``. Raises SchemaError where it is another graph's.
    """
    if given is None:
        return own
    for name in own.nodes:
        if name not in given.nodes:
            raise SchemaError(_other_graph(source, f"node type {name!r}", name, given.nodes))
    for name, edge in own.edges.items():
        there = given.edges.get(name)
        if there is None or (there.source, there.target) != (edge.source, edge.target) or there.via:
            what = f"relationship {name!r} from {edge.source} to {edge.target}"
            raise SchemaError(_other_graph(source, what, name, given.edges))
    return given


def _other_graph(source: str, what: str, name: str, known: Collection[str] | Sequence[str]) -> str:
    return (
        f"graphrec.toml describes another graph than {source}: it has no {what}{nearest(name, known)}; "
        "load from a folder without that file, or add the type to it."
    )
