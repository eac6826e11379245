"""The edges of one type while files are read: codes of their ends in order of arrival, and their columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.schema import EdgeType, TimeUnit
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, FloatArray, IntArray, merge_parallel
from loaders.columns import Problems, numbers, texts, times
from loaders.node_rows import NodeRows
from loaders.rows import Chunk


@dataclass(frozen=True)
class EdgeColumns:
    """Which columns of a file hold the ends, weight and time of its edges, and the form of the times.

    None stands for the column, or the form, that the schema names. Where rows are ``counted``, the weight of an
    edge is how many rows join its ends, so that none of them is a duplicate.
    """

    source: str = "from"
    target: str = "to"
    weight: str | None = None
    time: str | None = None
    time_unit: TimeUnit | None = None
    counted: bool = False


class EdgeRows:
    """Collects edges between two node types; parallel ones become one at the end, by the schema's rule."""

    def __init__(self, name: str, kind: EdgeType, sources: NodeRows, targets: NodeRows) -> None:
        self.name, self.kind, self.sources, self.targets = name, kind, sources, targets
        self.assumed_utc = False
        self.counted = False
        self._parts: list[Edges] = []
        self._first_lines: dict[tuple[int, int], str] = {}

    def add(self, chunk: Chunk, columns: EdgeColumns) -> Problems:
        """Take the edges of a chunk and return what is wrong with a row."""
        self.counted |= columns.counted
        source_keys, target_keys = chunk.columns[columns.source], chunk.columns[columns.target]
        source, problems = self.sources.find(source_keys)
        target, bad_target = self.targets.find(target_keys)
        weight, bad_weight = self._weights(chunk, columns)
        time, bad_time = self._times(chunk, columns)
        problems = bad_time | bad_weight | bad_target | problems
        self.sources.take_new(source_keys, source, problems)
        self.targets.take_new(target_keys, target, problems)
        if self._rule == "error":
            problems |= self._repeated(source, target, chunk, problems)
        properties = {name: _objects(chunk, name) for name in self.kind.properties}
        # Codes stand in for rows here; finish() turns them into those of the snapshot.
        part = Edges(source.astype(np.int32), target.astype(np.int32), weight, time, properties)
        if problems:
            good = np.ones(len(chunk), dtype=bool)
            good[list(problems)] = False
            part = part.take(good)
        self._parts.append(part)
        return problems

    def finish(self, source_rows: IntArray, target_rows: IntArray) -> tuple[Edges, int]:
        """Return the edges by snapshot row, and how many were merged into another."""
        parts, self._parts = self._parts or [self._none()], []
        joined = {name: np.concatenate([part.columns()[name] for part in parts]) for name in parts[0].columns()}
        source = source_rows[joined["source"]].astype(np.int32)
        target = target_rows[joined["target"]].astype(np.int32)
        properties = {name: joined[f"property:{name}"] for name in self.kind.properties}
        edges = Edges(source, target, joined.get("weight"), joined.get("time"), properties)
        merged, count = merge_parallel(edges, self._rule)
        # Where the schema has no place for a weight, the multiplicity has none either.
        return (merged if self.kind.weight else replace(merged, weight=None)), count

    def _none(self) -> Edges:
        weight = np.zeros(0) if self.kind.weight else None
        time = np.zeros(0, dtype=np.int64) if self.kind.time else None
        columns = {name: np.zeros(0, dtype=object) for name in self.kind.properties}
        return Edges(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), weight, time, columns)

    @property
    def _rule(self) -> str:
        return "sum" if self.counted else self.kind.duplicate_rule

    def _weights(self, chunk: Chunk, columns: EdgeColumns) -> tuple[FloatArray | None, Problems]:
        if not self.kind.weight:
            return None, {}
        name = columns.weight or str(self.kind.weight)
        if columns.counted or name not in chunk.columns:
            return np.full(len(chunk), 1.0 if columns.counted else np.nan), {}
        values, problems = numbers(chunk.columns[name], name)
        if self.kind.walk_strength != "one":
            below = np.flatnonzero(values < 0).tolist()
            problems = {row: f"{name} {values[row]:g} is negative, which no walk can use" for row in below} | problems
        return values, problems

    def _times(self, chunk: Chunk, columns: EdgeColumns) -> tuple[IntArray | None, Problems]:
        if not self.kind.time:
            return None, {}
        name = columns.time or str(self.kind.time)
        if name not in chunk.columns:
            return np.full(len(chunk), MISSING_TIME, dtype=np.int64), {}
        values, problems, assumed = times(chunk.columns[name], columns.time_unit or self.kind.time_unit, name)
        self.assumed_utc |= assumed
        return values, problems

    def _repeated(self, source: IntArray, target: IntArray, chunk: Chunk, known: Problems) -> Problems:
        problems: Problems = {}
        for row, pair in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
            if row in known:
                continue
            first = self._first_lines.get(pair)
            if first:
                problems[row] = f"joins the same pair as {first}, and the schema says duplicates = 'error'"
            else:
                self._first_lines[pair] = f"{chunk.file}:{chunk.lines[row]}"
        return problems


def _objects(chunk: Chunk, name: str) -> npt.NDArray[np.object_]:
    column = np.full(len(chunk), None, dtype=object)
    if name in chunk.columns:
        column[:] = texts(chunk.columns[name])
    return column
