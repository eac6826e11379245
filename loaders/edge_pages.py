"""The edges of one type out of Neo4j: page by page into arrays, one record a source node."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError, SnapshotError
from graphrec_neo4j.ids import IdMap, Key
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.schema import EdgeType, GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, merge_parallel
from loaders.stored_numbers import from_stored as numbers_from_stored
from loaders.stored_times import from_stored as times_from_stored

EDGES_A_PART = 50_000

_SHOWN = 5

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
    """Reads the edges of one type, page by page, where a page is a range of source keys."""

    def __init__(self, database: Database, schema: GraphSchema, name: str, sources: IdMap, targets: IdMap) -> None:
        self.database, self.name, self.kind = database, name, schema.edges[name]
        self.sources, self.targets = sources, targets
        self.statement = _statement(schema, self.kind)
        self.findings = Findings()
        self._parts: list[Columns] = []

    def read(self, first: Key, last: Key) -> int:
        """Read the edges from the sources between two keys in one transaction that is retried as a whole."""
        values = {"no_weight": math.nan, "no_time": MISSING_TIME} if self._has_values else {}
        names = {"names": list(self.kind.properties)} if self.kind.properties else {}
        page = self.database.fold(self.statement, self._gather, first=first, last=last, **values, **names)
        self._parts += page.parts
        self.findings.add(page.findings)
        return sum(len(part["source"]) for part in page.parts)

    def edges(self) -> Edges:
        """All edges that were read, sorted; raises BadInputError where a value was none."""
        found = self.findings
        if found.bad_count:
            raise BadInputError(
                f"{found.bad_count} values of {self.name} cannot be read: {'; '.join(found.bad)}"
                f"{'; …' if found.bad_count > len(found.bad) else ''}. Mend them in the database or take the "
                "property out of graphrec.toml."
            )
        made = _joined(self._parts or [self._none()])
        properties = {name: made[f"property:{name}"] for name in self.kind.properties}
        edges = Edges(made["source"], made["target"], made.get("weight"), made.get("time"), properties)
        # Neo4j's order of strings is ours, but nothing here depends on that.
        in_order = bool((np.diff(edges.source) >= 0).all())
        return edges if in_order else edges.take(np.argsort(edges.source, kind="stable"))

    @property
    def _has_values(self) -> bool:
        return bool(self.kind.weight or self.kind.time or self.kind.properties)

    def _none(self) -> Columns:
        return _Page(self).columns()

    def _gather(self, rows: Iterator[list[Any]]) -> _Page:
        page = _Page(self)
        for row in rows:
            page.add(*row)
        page.flush()
        return page


class _Page:
    """One page while it is read: lists that become arrays, merged, whenever they are long enough."""

    def __init__(self, pages: EdgePages) -> None:
        self.name, self.kind = pages.name, pages.kind
        self.sources, self.targets = pages.sources, pages.targets
        self.parts: list[Columns] = []
        self.findings = Findings()
        self._empty()

    def _empty(self) -> None:
        self._source: list[int] = []
        self._count: list[int] = []
        self._target: list[Key] = []
        self._weight: list[Any] = []
        self._time: list[Any] = []
        self._properties: list[list[Any]] = []

    def add(
        self,
        source: Key,
        targets: list[Key],
        weights: Sequence[Any] = (),
        times: Sequence[Any] = (),
        properties: Sequence[list[Any]] = (),
    ) -> None:
        """Take one source with all its edges."""
        row = self.sources.lookup.get(source)
        if row is None:
            self.findings.strangers += len(targets)
            return
        self._source.append(row)
        self._count.append(len(targets))
        self._target += targets
        self._weight += weights
        self._time += times
        self._properties += properties
        if len(self._target) >= EDGES_A_PART:
            self.flush()

    def flush(self) -> None:
        """Turn the lists into arrays; every source comes whole, so its parallel edges can be merged here."""
        if not self._target:
            return
        columns = self.columns()
        named = {name: columns[f"property:{name}"] for name in self.kind.properties}
        edges = Edges(columns["source"], columns["target"], columns.get("weight"), columns.get("time"), named)
        try:
            merged, count = merge_parallel(edges, self.kind.duplicate_rule)
        except SnapshotError as error:
            raise SnapshotError(f"{self.name}: {error}") from None
        self.findings.merged += count
        part = merged.columns()
        # Where the schema has no place for a weight, a multiplicity has none either.
        self.parts.append(part if self.kind.weight else {k: v for k, v in part.items() if k != "weight"})
        self._empty()

    def columns(self) -> Columns:
        """The lists as arrays, in the order of arrival."""
        if not self.targets.lookup.keys() >= set(self._target):
            self._leave_strangers()
        made: Columns = {
            "source": self._sources(),
            "target": self.targets.rows_of(self._target).astype(np.int32),
        }
        if self.kind.weight:
            made["weight"], bad, from_text = numbers_from_stored(self._weight)
            self.findings.from_text += from_text
            self._blame("weight", bad, made)
        if self.kind.time:
            made["time"], bad, cut = times_from_stored(self._time, self.kind.time_unit)
            self.findings.cut_times += cut
            self._blame("time", bad, made)
        for position, name in enumerate(self.kind.properties):
            made[f"property:{name}"] = _objects([values[position] for values in self._properties])
        return made

    def _sources(self) -> npt.NDArray[np.int32]:
        return np.repeat(np.array(self._source, dtype=np.int32), np.array(self._count, dtype=np.int64))

    def _leave_strangers(self) -> None:
        """Leave edges to nodes that the pages of nodes did not have yet."""
        known = [position for position, target in enumerate(self._target) if target in self.targets]
        self.findings.strangers += len(self._target) - len(known)
        self._source, self._count = self._sources()[known].tolist(), [1] * len(known)
        self._target = [self._target[position] for position in known]
        self._weight = [self._weight[position] for position in known] if self._weight else []
        self._time = [self._time[position] for position in known] if self._time else []
        self._properties = [self._properties[position] for position in known] if self._properties else []

    def _blame(self, what: str, bad: dict[int, str], made: Columns) -> None:
        self.findings.bad_count += len(bad)
        for position in list(bad)[:_SHOWN]:
            source = self.sources.key(int(made["source"][position]))
            self.findings.bad.append(f"the {what} from {source!r} to {self._target[position]!r}: {bad[position]}")


def _statement(schema: GraphSchema, kind: EdgeType) -> Statement:
    # Read as source and target say, also where an edge has no direction of its own.
    naming = Naming.for_edge(schema, kind.model_copy(update={"directed": True}))
    if kind.properties:
        return statement("read/graph_edge_page_with_properties", naming)
    if kind.weight or kind.time:
        return statement("read/graph_edge_page_with_values", naming)
    return statement("read/graph_edge_page", naming)


def _joined(parts: list[Columns]) -> Columns:
    """The columns of all parts, joined one after the other so that at most one is held twice."""
    names = list(parts[0])
    return {name: np.concatenate([part.pop(name) for part in parts]) for name in names}


def _objects(values: list[Any]) -> npt.NDArray[np.object_]:
    return np.fromiter(values, dtype=object, count=len(values))
