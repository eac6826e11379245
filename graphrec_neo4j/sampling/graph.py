"""``SamplingGraph``: every edge type as compressed columns, so that the edges into one node lie side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.edge_times import MISSING_TIME
from graphrec_neo4j.errors import SnapshotError

EdgeType = tuple[str, str, str]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ONLY_NODES = ""
ONLY_EDGES: EdgeType = ("", "", "")
"""The one node type and the one edge type of a homogeneous graph."""

NEVER = np.iinfo(np.int64).max


class Adjacency(NamedTuple):
    """The m edges of one type by target: those into node v are ``pointers[v]`` to ``pointers[v + 1]``.

    ``source`` (m,) rows, ``edge`` (m,) places in the original edge index, ``weight`` (m,) or empty where all count
    alike, ``time`` (m,) ascending within a target, or empty where the type has no times.
    """

    pointers: Int64s
    source: Int32s
    edge: Int64s
    weight: Floats
    time: Int64s


class EdgeColumns(NamedTuple):
    """The m edges of one type as they are given: ``source``, ``target`` (m,) rows, ``weight`` and ``time`` if any."""

    source: Int64s
    target: Int64s
    weight: Floats | None = None
    time: Int64s | None = None


@dataclass(frozen=True, eq=False)
class SamplingGraph:
    """A typed graph ready to be sampled; a homogeneous one has the types ``ONLY_NODES`` and ``ONLY_EDGES``."""

    num_nodes: Mapping[str, int]
    adjacencies: Mapping[EdgeType, Adjacency]
    is_typed: bool

    @classmethod
    def build(
        cls, num_nodes: Mapping[str, int], edges: Mapping[EdgeType, EdgeColumns], is_typed: bool
    ) -> SamplingGraph:
        """Sort the edges of every type by target; raises SnapshotError for rows, weights or times that cannot be."""
        built = {kind: adjacency(columns, num_nodes, kind) for kind, columns in edges.items()}
        return cls(dict(num_nodes), built, is_typed)


def adjacency(columns: EdgeColumns, num_nodes: Mapping[str, int], kind: EdgeType) -> Adjacency:
    """Return one edge type by target, earlier edges first, parallel ones in the order given.

    A weight that is missing (NaN) counts 1, as in walks. An edge whose time is missing (MISSING_TIME) cannot be
    shown to lie before anything: its time becomes NEVER. Raises SnapshotError naming the edge type.
    """
    for rows, end in ((columns.source, kind[0]), (columns.target, kind[2])):
        if len(rows) and (rows.min() < 0 or rows.max() >= num_nodes[end]):
            raise SnapshotError(f"an edge of {kind} points to a row outside the {num_nodes[end]} nodes {end!r}.")
    weight, time = _weights(columns.weight, kind), _times(columns.time)
    order = np.lexsort((time, columns.target)) if len(time) else np.argsort(columns.target, kind="stable")
    pointers = np.zeros(num_nodes[kind[2]] + 1, dtype=np.int64)
    np.cumsum(np.bincount(columns.target, minlength=num_nodes[kind[2]]), out=pointers[1:])
    return Adjacency(
        pointers,
        columns.source[order].astype(np.int32),
        order.astype(np.int64),
        weight[order] if len(weight) else weight,
        time[order] if len(time) else time,
    )


def _weights(weight: Floats | None, kind: EdgeType) -> Floats:
    if weight is None:
        return np.empty(0)
    known = np.where(np.isnan(weight), 1.0, weight).astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(known) | (known < 0))
    if len(bad):
        raise SnapshotError(
            f"edge {bad[0]} of {kind} has weight {known[bad[0]]}; weights to sample by are finite and not negative."
        )
    return known


def _times(time: Int64s | None) -> Int64s:
    return np.empty(0, dtype=np.int64) if time is None else np.where(time == MISSING_TIME, NEVER, time)
