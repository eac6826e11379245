"""The edges of one type while files are read: codes of their ends in order of arrival, and their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.schema import EdgeType
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, FloatArray, IntArray, merge_parallel
from loaders.columns import Problems, numbers, texts, times
from loaders.loaded import BadRow
from loaders.node_rows import NodeRows
from loaders.rows import Chunk


class EdgeRows:
    """Collects edges between two node types; parallel ones become one at the end, by the schema's rule."""

    def __init__(self, name: str, kind: EdgeType, sources: NodeRows, targets: NodeRows) -> None:
        self.name, self.kind, self.sources, self.targets = name, kind, sources, targets
        self.assumed_utc = False
        self._parts: list[Edges] = []
        self._first_lines: dict[tuple[int, int], int] = {}

    def add(self, chunk: Chunk, source: str, target: str) -> list[BadRow]:
        """Take the edges of a chunk between the keys in columns ``source`` and ``target``; return the bad rows.

        Weight, time and extra properties are the columns with the schema's property names.
        """
        source_codes, problems = self.sources.find(chunk.columns[source])
        target_codes, wrong = self.targets.find(chunk.columns[target])
        problems = wrong | problems
        weight, wrong = self._weights(chunk)
        problems = wrong | problems
        time, wrong = self._times(chunk)
        problems = wrong | problems
        self.sources.take_new(chunk.columns[source], source_codes, problems)
        self.targets.take_new(chunk.columns[target], target_codes, problems)
        if self.kind.duplicate_rule == "error":
            problems = self._repeated(source_codes, target_codes, chunk.lines, problems) | problems
        columns = {name: _objects(chunk, name) for name in self.kind.properties}
        # Codes are rows in the order of arrival here; finish() turns them into those of the snapshot.
        part = Edges(source_codes.astype(np.int32), target_codes.astype(np.int32), weight, time, columns)
        if problems:
            good = np.ones(len(chunk), dtype=bool)
            good[list(problems)] = False
            part = part.take(good)
        self._parts.append(part)
        return [chunk.bad_row(row, problems[row]) for row in sorted(problems)]

    def finish(self, source_rows: IntArray, target_rows: IntArray) -> tuple[Edges, int]:
        """Return the edges by snapshot row, and how many were merged into another."""
        parts, self._parts = self._parts or [self._none()], []
        joined = {name: np.concatenate([part.columns()[name] for part in parts]) for name in parts[0].columns()}
        source = source_rows[joined["source"]].astype(np.int32)
        target = target_rows[joined["target"]].astype(np.int32)
        properties = {name: joined[f"property:{name}"] for name in self.kind.properties}
        edges = Edges(source, target, joined.get("weight"), joined.get("time"), properties)
        merged, count = merge_parallel(edges, self.kind.duplicate_rule)
        # Where the schema has no place for a weight, the multiplicity has none either.
        return (merged if self.kind.weight else replace(merged, weight=None)), count

    def _none(self) -> Edges:
        weight = np.zeros(0) if self.kind.weight else None
        time = np.zeros(0, dtype=np.int64) if self.kind.time else None
        columns = {name: np.zeros(0, dtype=object) for name in self.kind.properties}
        return Edges(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), weight, time, columns)

    def _weights(self, chunk: Chunk) -> tuple[FloatArray | None, Problems]:
        if not self.kind.weight:
            return None, {}
        name = str(self.kind.weight)
        if name not in chunk.columns:
            return np.full(len(chunk), np.nan), {}
        values, problems = numbers(chunk.columns[name], name)
        if self.kind.walk_strength != "one":
            below = np.flatnonzero(values < 0).tolist()
            problems = {row: f"{name} {values[row]:g} is negative, which no walk can use" for row in below} | problems
        return values, problems

    def _times(self, chunk: Chunk) -> tuple[IntArray | None, Problems]:
        if not self.kind.time:
            return None, {}
        name = str(self.kind.time)
        if name not in chunk.columns:
            return np.full(len(chunk), MISSING_TIME, dtype=np.int64), {}
        values, problems, assumed = times(chunk.columns[name], self.kind.time_unit, name)
        self.assumed_utc |= assumed
        return values, problems

    def _repeated(
        self, sources: IntArray, targets: IntArray, lines: Sequence[int], known_problems: Problems
    ) -> Problems:
        problems: Problems = {}
        for row, pair in enumerate(zip(sources.tolist(), targets.tolist(), strict=True)):
            if row in known_problems:
                continue
            first = self._first_lines.setdefault(pair, lines[row])
            if first != lines[row]:
                problems[row] = f"joins the same pair as line {first}, and the schema says duplicates = 'error'"
        return problems


def _objects(chunk: Chunk, name: str) -> npt.NDArray[np.object_]:
    column = np.full(len(chunk), None, dtype=object)
    if name in chunk.columns:
        column[:] = texts(chunk.columns[name])
    return column
