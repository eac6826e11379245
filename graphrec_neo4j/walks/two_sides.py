"""A symmetric graph in two sides, every edge leading across, in an order that keeps a walk in the processor's cache.

Golub and Varga, "Chebyshev semi-iterative methods" (Numerische Mathematik 3, 1961): on such a graph a step of the
iteration needs only one side, which halves its work and its memory; it is the same as iterating on the smaller
side alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Nodes = npt.NDArray[np.int64]

AHEAD = 16
PASSES, STRIPES = 10, 64


class Side(NamedTuple):
    """The m nodes of one side: their edges to positions of the other, as CSR, and their degrees (m,).

    ``weights`` have 32 bits where that loses nothing, else 64. ``neighbours`` is ``AHEAD`` longer than the edges,
    so that whoever walks them may look ahead.
    """

    pointers: npt.NDArray[np.uint64]
    neighbours: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.floating]
    degrees: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TwoSides:
    """Two sides of a graph of n nodes.

    ``positions`` (2, n) tell where a node stands on each side, -1 where it does not. A node stands on one side
    if the graph is bipartite, whatever its edge types, and on both if it is not: then this is the graph's
    bipartite double cover, whose walk is the graph's own, told by odd and even steps. Nodes without edges stand
    nowhere.
    """

    sides: tuple[Side, Side]
    positions: npt.NDArray[np.int64]

    @classmethod
    def of(cls, weights: sparse.csr_matrix, degrees: npt.NDArray[np.float64]) -> TwoSides:
        """The sides of the symmetric ``weights`` (n, n), whose row sums are ``degrees`` (n,)."""
        left, right = _halves(weights, degrees)
        across = weights[left][:, right].tocsr()
        orders = _orders(across, degrees[left], degrees[right])
        left, right = left[orders[0]], right[orders[1]]
        across = across[orders[0]][:, orders[1]].tocsr()
        positions = np.full((2, len(degrees)), -1, dtype=np.int64)
        positions[0, left], positions[1, right] = np.arange(len(left)), np.arange(len(right))
        return cls((_side(across, degrees[left]), _side(across.T.tocsr(), degrees[right])), positions)

    @property
    def covers(self) -> bool:
        """Whether every node with edges stands on both sides."""
        return bool(((self.positions >= 0).sum(axis=0) == 2).any())


def _halves(weights: sparse.csr_matrix, degrees: npt.NDArray[np.float64]) -> tuple[Nodes, Nodes]:
    """The nodes of either side.

    A connected graph is bipartite if and only if its double cover falls into two parts, which then tell the
    sides; every part of ours must be.
    """
    walked = np.flatnonzero(degrees > 0)
    inner = weights[walked][:, walked]
    _, parts = connected_components(sparse.bmat([[None, inner], [inner, None]], "csr"), directed=False)
    even, odd = parts[: len(walked)], parts[len(walked) :]
    if (even == odd).any():
        return walked, walked
    return walked[even < odd], walked[even > odd]


def _orders(
    across: sparse.csr_matrix, left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]
) -> tuple[Nodes, Nodes]:
    """An order of either side in which neighbours of neighbours stand near, and rows of a length together.

    Each node goes where its neighbours are on average, in turns; this halves what misses the cache. Within
    a stripe, rows are sorted by length, so that the processor foresees where each ends.
    """
    back = across.T.tocsr()
    left_ranks, right_ranks = np.arange(len(left)) / max(1, len(left)), np.zeros(len(right))
    for _ in range(PASSES):
        right_ranks = _ranks((back @ left_ranks) / right)
        left_ranks = _ranks((across @ right_ranks) / left)
    return _striped(left_ranks, np.diff(across.indptr)), _striped(right_ranks, np.diff(back.indptr))


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values)) / max(1, len(values))
    return ranks


def _striped(ranks: npt.NDArray[np.float64], lengths: npt.NDArray[np.integer]) -> Nodes:
    return np.lexsort((ranks, -lengths, np.floor(ranks * STRIPES)))


def _side(rows: sparse.csr_matrix, degrees: npt.NDArray[np.float64]) -> Side:
    rows.sort_indices()
    short = rows.data.astype(np.float32)
    return Side(
        rows.indptr.astype(np.uint64),
        np.pad(rows.indices.astype(np.uint32), (0, AHEAD)),
        short if (short == rows.data).all() else rows.data.astype(np.float64),
        degrees,
    )
