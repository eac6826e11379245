"""Interactions from edge lists (``user item [weight [time]]``) and adjacency lists (``user item item ...``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from graphrec_neo4j.errors import SchemaError
from graphrec_neo4j.schema import GraphSchema, default_schema
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.builder import GraphBuilder
from loaders.edge_rows import EdgeColumns, EdgeRows
from loaders.loaded import LoadedGraph, accept
from loaders.rows import CHUNK_ROWS, Chunk, Layout, read_rows, records
from loaders.sniff import SOURCE, TARGET, TIME, WEIGHT, EdgeList, Format, sniff_delimiter, sniff_edges, sniff_format
from loaders.times import infer_time_unit, unit_words
from loaders.trim import trimmed

_COLUMNS = EdgeColumns(SOURCE, TARGET, WEIGHT, TIME)


@dataclass(frozen=True, eq=False)
class GivenSplit:
    """A train and a test file on one set of nodes.

    ``snapshot`` holds the train edges (and ties) alone, ``test`` (n_users, n_items) is 1.0 for each test pair.
    Nodes that only the test part has are nodes of the snapshot too, and counted here.
    """

    snapshot: GraphSnapshot
    test: sparse.csr_matrix
    users_without_train: int
    items_without_train: int
    notes: tuple[str, ...]


def load_edges(path: Path, schema: GraphSchema | None = None, ties: Path | None = None) -> LoadedGraph:
    """Read an edge list with any separator, with or without a header, and ties of the users if a file is given.

    Without a schema this is User-INTERACTED->Item (and User-FOLLOWS->User), keys being integers if all are
    plain integers. Raises BadInputError for a file that is no edge list.
    """
    return _load(path, "edges", schema, ties)


def load_adjacency(path: Path, schema: GraphSchema | None = None, ties: Path | None = None) -> LoadedGraph:
    """Read lines of a user and her items; a user without items stays a user. See :func:`load_edges`."""
    return _load(path, "adjacency", schema, ties)


def read_interactions(train: Path, test: Path, ties: Path | None = None, format: Format | None = None) -> GivenSplit:
    """Read a given train/test split, both files in one ``format`` (sniffed from the train file if None).

    Raises BadInputError if any row of any file is bad.
    """
    form = format or sniff_format(train)
    reader = _Reader(None, train, form, ties)
    reader.read(train, form, reader.interaction)
    reader.read_ties(ties)
    builder, schema = reader.builder, reader.builder.schema
    kind = schema.edges[reader.interaction]
    users, items = builder.nodes[kind.source], builder.nodes[kind.target]
    held_out = EdgeRows("test", kind.model_copy(update={"weight": None, "time": None}), users, items)
    for chunk in reader.chunks(test, form, kind.source):
        builder.report(chunk, held_out.add(chunk, _COLUMNS))
    loaded = trimmed(builder.finish())
    snapshot = accept(loaded)
    pairs, _ = held_out.finish(users.finish()[1], items.finish()[1])
    shape = (len(snapshot.users), len(snapshot.items))
    truth = sparse.csr_matrix((np.ones(len(pairs)), (pairs.source, pairs.target)), shape=shape)
    return _without_train_pairs(snapshot, truth, tuple(loaded.notes))


def _without_train_pairs(snapshot: GraphSnapshot, truth: sparse.csr_matrix, notes: tuple[str, ...]) -> GivenSplit:
    known = snapshot.matrix(next(iter(snapshot.schema.by_role("interaction"))), every=True)
    both = truth.multiply(known > 0).tocsr()
    if both.nnz:
        truth = (truth - both).tocsr()
        truth.eliminate_zeros()
        note = f"test pairs that are also in the train file, left out of the test part: {both.nnz:,}"
        notes = (*notes, note)
    has_test = np.diff(truth.indptr) > 0
    new_users = int((has_test & (np.diff(known.indptr) == 0)).sum())
    new_items = int(((truth.getnnz(axis=0) > 0) & (known.getnnz(axis=0) == 0)).sum())
    return GivenSplit(snapshot, truth, new_users, new_items, notes)


def _load(path: Path, form: Format, schema: GraphSchema | None, ties: Path | None) -> LoadedGraph:
    reader = _Reader(schema, path, form, ties)
    reader.read(path, form, reader.interaction)
    reader.read_ties(ties)
    loaded = reader.builder.finish()
    return loaded if schema else trimmed(loaded)


class _Reader:
    """Feeds interaction files of either form to one builder."""

    def __init__(self, schema: GraphSchema | None, path: Path, form: Format, ties: Path | None) -> None:
        edge_list = sniff_edges(path) if form == "edges" else None
        made = schema or _own_schema(edge_list, with_ties=ties is not None)
        self.interaction = _first(made, "interaction")
        self.tie = _first(made, "tie") if ties else None
        kind = made.edges[self.interaction]
        self.builder = GraphBuilder(made, open_types={kind.source, kind.target}, infer_keys=schema is None)
        if edge_list and edge_list.times and schema is None:
            self.builder.notes.append(f"times were read as {unit_words(kind.time_unit)}")

    def read(self, path: Path, form: Format, edge: str) -> None:
        """Add the edges of a file to those of type ``edge``."""
        kind = self.builder.schema.edges[edge]
        for chunk in self.chunks(path, form, kind.source):
            self.builder.add_edges(edge, chunk, _COLUMNS)

    def read_ties(self, path: Path | None) -> None:
        """Add a file of ties, whose form is sniffed."""
        if path is not None and self.tie is not None:
            self.read(path, sniff_format(path), self.tie)

    def chunks(self, path: Path, form: Format, source: str) -> Iterator[Chunk]:
        """Yield the rows of a file of either form; sources without targets become nodes."""
        if form == "edges":
            edge_list = sniff_edges(path)
            if edge_list.ignored:
                self.builder.notes.append(f"columns of {path.name} that were not read: {', '.join(edge_list.ignored)}")
            yield from read_rows(path, edge_list.layout, self.builder.bad_rows)
        else:
            alone: list[str] = []
            yield from _adjacency(path, alone)
            self.builder.nodes[source].add_keys(alone)


def _adjacency(path: Path, alone: list[str]) -> Iterator[Chunk]:
    """Yield the pairs of an adjacency list; users without items are put into ``alone``."""
    delimiter = sniff_delimiter(path)
    sources: list[str] = []
    targets: list[str] = []
    lines: list[int] = []
    for line, fields in records(path, Layout(delimiter, quoted=False, strip=delimiter is not None)):
        items = [field for field in fields[1:] if field]
        if not items:
            alone.append(fields[0])
        sources += [fields[0]] * len(items)
        targets += items
        lines += [line] * len(items)
        if len(lines) >= CHUNK_ROWS:
            yield _pairs(path, sources, targets, lines)
            sources, targets, lines = [], [], []
    if lines:
        yield _pairs(path, sources, targets, lines)


def _pairs(path: Path, sources: list[str], targets: list[str], lines: list[int]) -> Chunk:
    rows = list(zip(sources, targets, strict=True))
    return Chunk(path.name, {SOURCE: sources, TARGET: targets}, lines, rows)


def _own_schema(edge_list: EdgeList | None, *, with_ties: bool) -> GraphSchema:
    """The default schema without categories, with what the file shows about weights and times."""
    made: dict[str, Any] = default_schema().model_dump(by_alias=True)
    del made["nodes"]["Category"], made["edges"]["IN_CATEGORY"]
    if not with_ties:
        del made["edges"]["FOLLOWS"]
    if edge_list and edge_list.times:
        made["edges"]["INTERACTED"]["time_unit"] = infer_time_unit(edge_list.times)
    if edge_list and edge_list.ratings:
        made["edges"]["INTERACTED"]["duplicates"] = "last"
    return GraphSchema.model_validate(made)


def _first(schema: GraphSchema, role: Any) -> str:
    for name, edge in schema.by_role(role).items():
        if not edge.via:
            return name
    raise SchemaError(f"the schema has no {role} edge type that a file could be loaded into; add one to graphrec.toml.")
