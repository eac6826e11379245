"""Edges that were read once are read again only where a watermark, or the count of a node's edges, says so.

Found exactly: whatever lies at or above the highest watermark that was seen, every edge more or less of a node, and
nodes that came, went or got another key. Not found is an edge that changed, or took the place of another of its
source's, and kept an older watermark; that is why everything is read anew from time to time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.errors import SchemaError
from graphrec_neo4j.graph_changes import Mask, Rows, later_rows
from graphrec_neo4j.ids import Key
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot
from loaders.edge_pages import EdgePages

SOURCES_A_PAGE = 100_000
MOST_READ_AGAIN = 0.3
"""The share of sources above which reading all of them is faster than picking."""

Mark = int | float | datetime | date


@dataclass(frozen=True, eq=False)
class Watermark:
    """What is remembered of one edge type: the ``highest`` mark, None where there is none, and each source's count.

    ``degrees`` (n_sources,) are relationships of the type, whatever they lead to. Both were asked for before the
    edges were read, so that what came meanwhile is read again.
    """

    highest: Mark | None
    degrees: Rows


@dataclass(frozen=True, eq=False)
class KnownGraph:
    """A graph as it was read before, under the same schema, and the marks up to which it was."""

    snapshot: GraphSnapshot
    marks: Mapping[str, Watermark]


class WatermarkedEdges:
    """Reads the edges of one type that has a watermark through its ``pages``, whole or beside what is ``known``.

    Afterwards ``mark`` says up to where they were read, and ``read_again`` from how many sources.
    """

    def __init__(self, pages: EdgePages, schema: GraphSchema, known: KnownGraph | None) -> None:
        self.pages, self.schema, self.known = pages, schema, known
        self.database, self.name, self.kind = pages.database, pages.name, pages.kind
        self.sources, self.targets = pages.sources, pages.targets
        self.read_again = len(self.sources)
        self.mark: Watermark

    def read(self, keys: Sequence[Key], progress: Progress) -> Edges:
        """Return the edges; ``keys`` are all sources in the database's own order."""
        former = self.known.marks.get(self.name) if self.known else None
        if self.known is None or former is None or former.highest is None:
            self.mark = Watermark(self._highest(), self._degrees(keys))
            return self.pages.read(keys, progress)
        snapshot = self.known.snapshot
        before = snapshot.edges[self.name]
        rows = later_rows(snapshot.nodes[self.kind.source].ids, self.sources)
        target_rows = later_rows(snapshot.nodes[self.kind.target].ids, self.targets)
        touched, highest = self._touched(former.highest)
        self.mark = Watermark(former.highest if highest is None else highest, self._degrees(keys))
        stale = _another_count(former.degrees, self.mark.degrees, rows)
        stale[self._rows_of(touched)] = True
        stale[self._rows_of(self._sources_of_new(target_rows))] = True
        left_by = rows[before.source[target_rows[before.target] < 0]]
        stale[left_by[left_by >= 0]] = True
        if stale.mean() > MOST_READ_AGAIN:
            return self.pages.read(keys, progress)
        self.read_again = int(stale.sum())
        again = [key for key in keys if stale[self.sources.lookup[key]]]
        return _joined(_kept(before, rows, target_rows, stale), self.pages.read(again, progress, every=False))

    def _statement(self, name: str) -> Statement:
        kind = self.kind.model_copy(update={"directed": True})
        return statement(f"read/graph_edge_{name}", Naming.for_edge(self.schema, kind))

    def _highest(self) -> Mark | None:
        return self._checked(self.database.read(self._statement("highest"))[0]["highest"])

    def _touched(self, since: Mark) -> tuple[list[Key], Mark | None]:
        found = self.database.read(self._statement("touched"), since=since)[0]
        return found["sources"], self._checked(found["highest"])

    def _checked(self, mark: Any) -> Mark | None:
        mark = mark.to_native() if hasattr(mark, "to_native") else mark
        if mark is None or (isinstance(mark, Mark) and not isinstance(mark, bool) and mark == mark):
            return mark
        raise SchemaError(
            f"the watermark {self.kind.watermark!r} of {self.name} is {mark!r} on a relationship: "
            "it must be a number, a date or a date and time; mend it, or take the watermark out of graphrec.toml."
        )

    def _degrees(self, keys: Sequence[Key]) -> Rows:
        made = np.zeros(len(self.sources), dtype=np.int64)
        query = self._statement("degrees")
        for start in range(0, len(keys), SOURCES_A_PAGE):
            page = keys[start : start + SOURCES_A_PAGE]
            sources, degrees = self.database.read_values(query, first=page[0], last=page[-1])[0]
            for source, degree in zip(sources, degrees, strict=True):
                row = self.sources.lookup.get(source, -1)
                if row >= 0:
                    made[row] = degree
        return made

    def _sources_of_new(self, target_rows: Rows) -> list[Key]:
        """The sources that lead to targets which are new, or have another key, or got their label."""
        new = np.ones(len(self.targets), dtype=bool)
        new[target_rows[target_rows >= 0]] = False
        keys = self.targets.keys_of(np.flatnonzero(new))
        return self.database.read(self._statement("sources"), targets=keys)[0]["sources"] if keys else []

    def _rows_of(self, keys: Sequence[Key]) -> Rows:
        rows: Iterator[int] = (self.sources.lookup.get(key, -1) for key in keys)
        found = np.fromiter(rows, dtype=np.int64, count=len(keys))
        return found[found >= 0]


def _another_count(before: Rows, now: Rows, rows: Rows) -> Mask:
    """Which sources (n_now,) have another count than before; ``rows`` are the later rows of the earlier ones."""
    former = np.full(len(now), -1)
    there = rows >= 0
    former[rows[there]] = before[there]
    return np.asarray(former != now)


def _kept(before: Edges, rows: Rows, target_rows: Rows, stale: Mask) -> Edges:
    """The edges of sources that are still there and not stale, by their rows of today."""
    source = rows[before.source]
    kept = np.flatnonzero((source >= 0) & ~stale[source])
    made = before.take(kept)
    ends = source[kept].astype(np.int32), target_rows[made.target].astype(np.int32)
    return Edges(*ends, made.weight, made.time, made.properties)


def _joined(one: Edges, other: Edges) -> Edges:
    """Edges of different sources as one table, sorted."""
    first, second = one.columns(), other.columns()
    columns: dict[str, npt.NDArray] = {name: np.concatenate([first[name], second[name]]) for name in first}
    properties = {name: columns[f"property:{name}"] for name in one.properties}
    edges = Edges(columns["source"], columns["target"], columns.get("weight"), columns.get("time"), properties)
    return edges.take(np.argsort(edges.source, kind="stable"))
