"""From Neo4j to a snapshot: everything that the schema names, in pages that are retried, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError, SchemaError
from graphrec_neo4j.foresee import must_fit
from graphrec_neo4j.ids import IdMap, Key
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import GraphSchema, NodeType
from graphrec_neo4j.snapshot import Edges, FloatArray, GraphSnapshot, Nodes, ObjectArray
from loaders.check_schema import check_keys, check_names
from loaders.edge_pages import EdgePages
from loaders.loaded import LoadedGraph
from loaders.stored_numbers import from_stored
from loaders.watermarks import KnownGraph, WatermarkedEdges

NODES_A_PAGE = 5_000
A_NODE, A_TEXT, AN_EDGE = 350.0, 100.0, 56.0
"""Bytes that one takes at most while it is read: a node with its key, a text or property of 50 characters, an edge."""

_LOWEST: dict[str, Key] = {"string": "", "integer": -(2**63)}


def from_neo4j(database: Database, schema: GraphSchema, *, progress: Progress = silent) -> GraphSnapshot:
    """Read the graph that ``schema`` describes; :func:`read_graph` without what it has to say."""
    return read_graph(database, schema, progress=progress).snapshot


def read_graph(
    database: Database, schema: GraphSchema, *, known: KnownGraph | None = None, progress: Progress = silent
) -> LoadedGraph:
    """Read the graph that ``schema`` describes, with the parallel edges merged by its rules and counted.

    Of edges that have a watermark only those are read that may differ from what is ``known`` under the same schema; the
    parallel ones among the others are not counted again. Every page of nodes and of edges is one transaction that is
    retried by itself; what others write meanwhile may be read in part. Raises ModelError before anything is read where
    it would not fit into memory, SchemaError where the schema does not fit the database, BadInputError where a weight,
    time or feature is none, and SnapshotError for parallel edges that the schema forbids.
    """
    notes = check_names(database, schema)
    _foresee(database, schema)
    pages = {name: _NodePages(database, name, kind) for name, kind in schema.nodes.items()}
    nodes: dict[str, Nodes] = {}
    for name, page in pages.items():
        nodes[name] = page.nodes(progress)
        notes += page.notes
    edges: dict[str, Edges] = {}
    duplicates: dict[str, int] = {}
    marked: dict[str, WatermarkedEdges] = {}
    for name, kind in schema.edges.items():
        ends, keys = (nodes[kind.source].ids, nodes[kind.target].ids), pages[kind.source].keys
        reader = EdgePages(database, schema, name, *ends)
        if kind.watermark:
            marked[name] = WatermarkedEdges(reader, schema, known)
            edges[name] = marked[name].read(keys, progress)
        else:
            edges[name] = reader.read(keys, progress)
        duplicates[name] = reader.findings.merged
        notes += reader.findings.notes(name)
    snapshot = GraphSnapshot(schema, nodes, edges)
    marks = {name: edge.mark for name, edge in marked.items()}
    read_again = {name: edge.read_again for name, edge in marked.items()}
    return LoadedGraph(snapshot, duplicates=duplicates, notes=notes, marks=marks, read_again=read_again)


def _foresee(database: Database, schema: GraphSchema) -> None:
    """Raise ModelError if the graph would take more memory than there is, told from the database's own counts.

    An edge through a node is not counted, as that would mean walking all of them.
    """
    nodes = edges = 0
    needed = 0.0
    for node in schema.nodes.values():
        count = database.read(statement("read/graph_count", Naming.for_node(node)))[0]["nodes"]
        texts = len(node.text) + (node.name is not None)
        nodes, needed = nodes + count, needed + count * (A_NODE + A_TEXT * texts + 16.0 * len(node.features))
    for edge in (edge for edge in schema.edges.values() if edge.via is None):
        count = database.read(statement("read/graph_edge_count", Naming.for_edge(schema, edge)))[0]["edges"]
        edges, needed = edges + count, needed + count * (AN_EDGE + A_TEXT * len(edge.properties))
    instead = "name fewer types and properties in graphrec.toml or take a machine with more memory"
    must_fit(f"reading {nodes:,} nodes and {edges:,} edges", needed, None, instead)


@dataclass
class _NodePages:
    """Reads the nodes of one type; ``keys`` are then their keys in the database's own order."""

    database: Database
    name: str
    kind: NodeType
    keys: list[Key] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def nodes(self, progress: Progress) -> Nodes:
        """Read them all."""
        total = self.database.read(statement("read/graph_count", Naming.for_node(self.kind)))[0]["nodes"]
        names = list(
            dict.fromkeys([*self.kind.features, *self.kind.text, *([self.kind.name] if self.kind.name else [])])
        )
        properties: list[list[Any]] = []
        for page_keys, page_properties in self._pages(names):
            self.keys += page_keys
            properties += page_properties if names else []
            progress(f"reading {self.name}", len(self.keys), total)
        if len(self.keys) < total:
            check_keys(self.database, self.name, self.kind)
        ids = IdMap(self.name, self.keys, self.kind.key_type)
        order = ids.rows_of(self.keys)
        columns = {name: _in_order([row[n] for row in properties], order) for n, name in enumerate(names)}
        return Nodes(
            ids,
            names=_texts(columns[self.kind.name]) if self.kind.name else None,
            features=self._features(columns, ids) if self.kind.features else None,
            texts={name: _texts(columns[name]) for name in self.kind.text},
        )

    def _pages(self, names: list[str]) -> Iterator[tuple[list[Key], list[list[Any]]]]:
        query = statement("read/graph_node_page", Naming.for_node(self.kind))
        first, overlap = _LOWEST[self.kind.key_type], 0
        while True:
            # A page begins with the last key of the one before, as no key comes before the lowest.
            keys, properties = self.database.read_values(query, first=first, limit=NODES_A_PAGE + overlap, names=names)[
                0
            ]
            full = len(keys) == NODES_A_PAGE + overlap
            if overlap and len(keys) > 1 and keys[1] == first:
                raise SchemaError(
                    f"the key {self.kind.key!r} of the nodes {self.kind.label!r} is not unique: {first!r} comes "
                    "twice; make it unique or name another key in graphrec.toml."
                )
            came_before = overlap if keys and keys[0] == first else 0
            if keys[came_before:]:
                yield keys[came_before:], properties[came_before:]
            if not full:
                return
            first, overlap = keys[-1], 1

    def _features(self, columns: dict[str, ObjectArray], ids: IdMap) -> FloatArray:
        made = np.full((len(ids), len(self.kind.features)), np.nan)
        for position, name in enumerate(self.kind.features):
            made[:, position], bad, from_text = from_stored(columns[name].tolist())
            if bad:
                row, why = next(iter(bad.items()))
                raise BadInputError(
                    f"{len(bad)} values of the feature {name!r} of {self.name} cannot be read, the first of "
                    f"{ids.key(row)!r}: {why}. Mend them or take the feature out of graphrec.toml."
                )
            if from_text:
                self.notes.append(
                    f"{self.name}: {from_text} values of {name!r} are numbers stored as text, and were read as numbers."
                )
        return made


def _in_order(values: list[Any], order: np.ndarray) -> ObjectArray:
    made = np.empty(len(values), dtype=object)
    for row, value in zip(order.tolist(), values, strict=True):
        made[row] = value
    return made


def _texts(values: ObjectArray) -> ObjectArray:
    """The values as texts, None where there is none."""
    plain = (value if value is None or type(value) is str else str(value) for value in values.tolist())
    return np.fromiter(plain, dtype=object, count=len(values))
