"""The edges of one type out of Neo4j: page by page into arrays."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError, SnapshotError
from graphrec_neo4j.ids import IdMap, Key
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.schema import EdgeType, GraphSchema
from graphrec_neo4j.snapshot import Edges, merge_parallel
from graphrec_neo4j.threads import Workers
from loaders.stored_numbers import from_stored as numbers_from_stored
from loaders.stored_times import from_stored as times_from_stored

EDGES_A_PAGE = 20_000
SOURCES_A_PAGE = 5_000
SOURCES_AT_FIRST = 250

_SHOWN = 5
_GENERAL = "read/graph_edge_page_with_properties"

Columns = dict[str, npt.NDArray]


@dataclass
class Findings:
    """What is worth telling of the edges that were read."""

    merged: int = 0
    from_text: int = 0
    cut_times: int = 0
    strangers: int = 0
    bad: list[str] = field(default_factory=list)
    bad_count: int = 0

    def add(self, other: Findings) -> None:
        """Count what a page found."""
        self.merged += other.merged
        self.from_text += other.from_text
        self.cut_times += other.cut_times
        self.strangers += other.strangers
        self.bad_count += other.bad_count
        self.bad = (self.bad + other.bad)[:_SHOWN]

    def notes(self, name: str) -> list[str]:
        """The findings as sentences."""
        said = {
            f"{name}: {self.from_text} weights are numbers stored as text, and were read as numbers.": self.from_text,
            f"{name}: {self.cut_times} times are finer than a millisecond, and were cut to it.": self.cut_times,
            f"{name}: {self.strangers} edges join nodes that came while reading; the next read has them.": (
                self.strangers
            ),
            f"{name}: {self.merged} parallel edges were merged into others.": self.merged,
        }
        return [sentence for sentence, count in said.items() if count]


class EdgePages:
    """Reads the edges of one type, page by page, where a page is a range of source keys.

    A page comes as one record, since the driver's work is by the record, and aims at ``EDGES_A_PAGE`` edges, so
    that it stays small where sources have many.
    """

    def __init__(self, database: Database, schema: GraphSchema, name: str, sources: IdMap, targets: IdMap) -> None:
        self.database, self.name, self.kind = database, name, schema.edges[name]
        self.sources, self.targets = sources, targets
        self.statement = _statement(schema, self.kind)
        self.findings = Findings()
        self._columns = {name: _Growing(column.dtype) for name, column in _Page(self, [], []).columns().items()}
        self._names = {"names": list(self.kind.properties)} if self.statement.name == _GENERAL else {}

    def read(self, keys: Sequence[Key], progress: Progress, *, every: bool = True) -> Edges:
        """Read the edges from the sources ``keys``, which stand in the database's own order.

        ``every`` says that these are all sources there are. Every page is one transaction that is retried by itself.
        Raises BadInputError where a value was none.
        """
        count = 0
        with closing(self._rows(keys, every)) as rows:
            for row in rows:
                page = _Page(self, *row)
                count += len(page.target)
                for name, column in page.merged().items():
                    self._columns[name].add(column)
                self.findings.add(page.findings)
                progress(f"reading {self.name}", count, 0)
        return self._edges()

    def _rows(self, keys: Sequence[Key], every: bool) -> Generator[list[Any], None, None]:
        """The pages; while one is made into arrays, the server works on the next."""

        def fetch(page: Sequence[Key]) -> list[Any]:
            asked = {"first": page[0], "last": page[-1], "only": None if every else page}
            return self.database.read_values(self.statement, **asked, **self._names)[0]

        start, size = 0, SOURCES_AT_FIRST
        with Workers(1) as ahead:
            coming = ahead.submit(fetch, keys[:size]) if keys else None
            while coming is not None:
                row = coming.result()
                start += size
                edges = sum(map(len, row[1]))
                size = max(1, min(SOURCES_A_PAGE, 4 * size, size * EDGES_A_PAGE // max(edges, 1)))
                coming = ahead.submit(fetch, keys[start : start + size]) if start < len(keys) else None
                yield row

    def _edges(self) -> Edges:
        """All edges that were read, sorted."""
        found = self.findings
        if found.bad_count:
            raise BadInputError(
                f"{found.bad_count} values of {self.name} cannot be read: {'; '.join(found.bad)}"
                f"{'; …' if found.bad_count > len(found.bad) else ''}. Mend them in the database or take the "
                "property out of graphrec.toml."
            )
        made = {name: column.array() for name, column in self._columns.items()}
        properties = {name: made[f"property:{name}"] for name in self.kind.properties}
        edges = Edges(made["source"], made["target"], made.get("weight"), made.get("time"), properties)
        # Neo4j's order of strings is ours, but nothing here depends on that.
        in_order = (edges.source[1:] >= edges.source[:-1]).all()
        return edges if in_order else edges.take(np.argsort(edges.source, kind="stable"))


class _Page:
    """One page: a list for each source, which become arrays."""

    def __init__(
        self,
        pages: EdgePages,
        sources: list[Key],
        targets: list[list[Key]],
        weights: Sequence[list[Any]] = (),
        times: Sequence[list[Any]] = (),
        properties: Sequence[list[list[Any]]] = (),
    ) -> None:
        self.name, self.kind = pages.name, pages.kind
        self.sources, self.targets = pages.sources, pages.targets
        self.findings = Findings()
        rows = np.fromiter((self.sources.lookup.get(source, -1) for source in sources), np.int32, len(sources))
        self.source = np.repeat(rows, [len(of_source) for of_source in targets])
        self.target = list(chain.from_iterable(targets))
        self.weight = list(chain.from_iterable(weights)) if self.kind.weight else []
        self.time = list(chain.from_iterable(times)) if self.kind.time else []
        self.properties = list(chain.from_iterable(properties))
        if (rows < 0).any() or not self.targets.lookup.keys() >= set(self.target):
            self._leave_strangers()

    def _leave_strangers(self) -> None:
        """Leave edges of nodes that were not there yet when the nodes were read."""
        known = [n for n, key in enumerate(self.target) if self.source[n] >= 0 and key in self.targets]
        self.findings.strangers = len(self.target) - len(known)
        self.source = self.source[known]
        self.target = [self.target[n] for n in known]
        self.weight = [self.weight[n] for n in known] if self.weight else []
        self.time = [self.time[n] for n in known] if self.time else []
        self.properties = [self.properties[n] for n in known] if self.properties else []

    def merged(self) -> Columns:
        """The columns, sorted; every source comes whole, so its parallel edges can become one here."""
        made = self.columns()
        named = {name: made[f"property:{name}"] for name in self.kind.properties}
        edges = Edges(made["source"], made["target"], made.get("weight"), made.get("time"), named)
        try:
            merged, self.findings.merged = merge_parallel(edges, self.kind.duplicate_rule)
        except SnapshotError as error:
            raise SnapshotError(f"{self.name}: {error}") from None
        part = merged.columns()
        # Where the schema has no place for a weight, a multiplicity has none either.
        return part if self.kind.weight else {name: column for name, column in part.items() if name != "weight"}

    def columns(self) -> Columns:
        """The lists as arrays, in the order of arrival."""
        made: Columns = {"source": self.source, "target": self.targets.rows_of(self.target).astype(np.int32)}
        if self.kind.weight:
            made["weight"], bad, self.findings.from_text = numbers_from_stored(self.weight)
            self._blame("weight", bad)
        if self.kind.time:
            made["time"], bad, self.findings.cut_times = times_from_stored(self.time, self.kind.time_unit)
            self._blame("time", bad)
        for position, name in enumerate(self.kind.properties):
            made[f"property:{name}"] = _objects([values[position] for values in self.properties])
        return made

    def _blame(self, what: str, bad: dict[int, str]) -> None:
        self.findings.bad_count += len(bad)
        for position in list(bad)[:_SHOWN]:
            source = self.sources.key(int(self.source[position]))
            self.findings.bad.append(f"the {what} from {source!r} to {self.target[position]!r}: {bad[position]}")


def _statement(schema: GraphSchema, kind: EdgeType) -> Statement:
    # Read as source and target say, also where an edge has no direction of its own.
    naming = Naming.for_edge(schema, kind.model_copy(update={"directed": True}))
    if kind.properties or (kind.via and (kind.weight or kind.time)):
        return statement(_GENERAL, naming)
    if kind.weight or kind.time:
        return statement("read/graph_edge_page_with_values", naming)
    return statement("read/graph_edge_page", naming)


class _Growing:
    """A column that grows in place; joining arrays in the end would hold everything twice."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self._bytes = bytearray()
        self._objects: list[Any] = []

    def add(self, column: npt.NDArray) -> None:
        """Append the values of ``column``."""
        if self.dtype == object:
            self._objects += column.tolist()
        else:
            self._bytes += column.tobytes()

    def array(self) -> npt.NDArray:
        """All values, without a copy where they are numbers."""
        return _objects(self._objects) if self.dtype == object else np.frombuffer(self._bytes, self.dtype)


def _objects(values: list[Any]) -> npt.NDArray[np.object_]:
    return np.fromiter(values, dtype=object, count=len(values))
