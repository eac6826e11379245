"""True PageRank and personalized PageRank with restart over a typed graph, to a guaranteed error.

Page, Brin, Motwani and Winograd, "The PageRank citation ranking" (1999); with a restart vector, Haveliwala,
"Topic-sensitive PageRank" (WWW 2002). p = (1 - c) P' p + c r, where P goes to a neighbour with probability
proportional to the edge's weight, r is the restart vector and c the restart probability; from a node without
edges the walk returns to r, as in networkx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.threads import in_threads
from graphrec_neo4j.walks.typed_graph import TypedGraph

if TYPE_CHECKING:
    from graphrec_neo4j.walks.page_rank_kernel import Panel, Sources

Floats = npt.NDArray[np.float64]
Nodes = npt.NDArray[Any]

RESTART = 0.15
TOLERANCE = 1e-6
BLOCK, FEW = 32, 3
FINEST_OF_32_BITS = 5e-7


def page_rank(graph: TypedGraph, restart: float = RESTART, tolerance: float = TOLERANCE) -> Floats:
    """The PageRank (n,) of every node, with restarts at all nodes alike, to an L1 error of ``tolerance``."""
    everywhere = sparse.csr_matrix(np.full((1, len(graph)), 1.0 / len(graph)))
    return personalized_page_rank(graph, everywhere, restart, tolerance)[0]


def personalized_page_rank(
    graph: TypedGraph,
    restarts: sparse.csr_matrix,
    restart: float = RESTART,
    tolerance: float = TOLERANCE,
    nodes: slice = slice(None),
    threads: int | None = None,
    dtype: npt.DTypeLike = np.float64,
) -> Floats:
    """PageRank (m, len(nodes)) of the slice ``nodes``, of step 1, from each restart vector of ``restarts`` (m, n).

    Rows of ``restarts`` sum to 1. ``tolerance`` bounds the L1 error of every answer over all n nodes. The walk
    goes both ways along every edge, so it is reversible, and Chebyshev's rounds apply to any mix of edge types:
    on one side at a time where the graph is bipartite, else on its double cover (:class:`TwoSides`). Up to
    ``FEW`` vectors are solved one by one, more of them ``BLOCK`` at a time, which a cache holds.

    Memory beside the answer: 128 bytes a node and thread in 32 bits, 256 in 64 bits, twice that on a double
    cover, and once 16 to 24 bytes an edge. Raises ModelError for a restart probability or a tolerance that cannot be
    met.
    """
    _check(restart, tolerance)
    restarts = restarts.tocsr()
    answer = np.empty((restarts.shape[0], len(range(len(graph))[nodes])), dtype=dtype)

    def work(start: int, stop: int) -> None:
        _block(graph, restarts[start:stop], restart, tolerance, nodes, answer[start:stop])

    graph.sides  # noqa: B018 - made once, before the threads ask for it
    in_threads(work, restarts.shape[0], BLOCK if restarts.shape[0] > FEW else 1, threads)
    return answer


class Restarts(NamedTuple):
    """Where b walks restart: ``nodes``, ``columns`` and probabilities ``values`` of what then walks, and ``alone`` the
    same of nodes without edges, from which there is no way on. ``sums`` (b,) is what all of it comes to in the end.

    A walk never reaches a node without edges; what restarts there stays there and returns in one step. So such mass is
    taken aside, and the answer scaled to sum to 1.
    """

    nodes: Nodes
    columns: Nodes
    values: Floats
    alone: tuple[Nodes, Nodes, Floats]
    sums: Floats

    @classmethod
    def of(cls, graph: TypedGraph, block: sparse.csr_matrix, restart: float) -> Restarts:
        """The restarts of b vectors ``block`` (b, n)."""
        nodes, columns = block.indices, np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        values, alone = restart * block.data, graph.degrees[nodes] == 0
        walking = np.bincount(columns[~alone], values[~alone], block.shape[0]) / restart
        sums = walking + np.bincount(columns[alone], values[alone], block.shape[0])
        apart = (nodes[alone], columns[alone], values[alone] / sums[columns[alone]])
        return cls(nodes[~alone], columns[~alone], values[~alone], apart, sums)

    def alone_in(self, nodes: slice, n: int) -> tuple[Nodes, Nodes, Floats]:
        """(columns, places in the slice ``nodes`` of step 1, probability) of what stays there, n nodes being in all."""
        start, stop, _ = nodes.indices(n)
        there = (self.alone[0] >= start) & (self.alone[0] < stop)
        at, columns, values = (part[there] for part in self.alone)
        return columns, at - start, values


def crossings_for(restart: float, tolerance: float) -> int:
    """After how many crossings the error is below ``tolerance``, however the numbers round."""
    root = np.sqrt(restart * (2 - restart))
    return int(2 * np.log(restart * tolerance) / np.log((1 - restart) / (1 + root))) + 10


def _block(
    graph: TypedGraph, block: sparse.csr_matrix, restart: float, tolerance: float, nodes: slice, answer: Floats
) -> None:
    """Write the ranks (b, len(nodes)) for the restart vectors ``block`` (b, n) into ``answer``."""
    from graphrec_neo4j.walks.page_rank_kernel import spread

    starts = Restarts.of(graph, block, restart)
    panels = _solve(graph, restart, tolerance * starts.sums.min(), starts, block.shape[0])
    spread(graph.degrees[nodes], np.ascontiguousarray(graph.sides.positions[:, nodes]), panels, 1 / starts.sums, answer)
    columns, places, values = starts.alone_in(nodes, len(graph))
    answer[columns, places] = values


def _solve(graph: TypedGraph, restart: float, tolerance: float, starts: Restarts, columns: int) -> tuple[Panel, Panel]:
    """The panels of either side to an L1 error of ``tolerance``: in 32 bits where they can hold that, else in 64.

    The error is measured with 64-bit sums either way; panels of half the size make crossings twice as fast.
    """
    from graphrec_neo4j.walks.page_rank_kernel import solve

    sides, width = graph.sides, 1 if columns == 1 else BLOCK
    left, right = (_on_side(positions, starts) for positions in sides.positions)
    crossings = crossings_for(restart, tolerance)
    # Two answers to one question err half as much on average.
    asked = 2 * tolerance if sides.covers else tolerance
    for dtype in (np.float32, np.float64)[int(width == 1 or tolerance < FINEST_OF_32_BITS) :]:
        first, second = (np.zeros((len(side.degrees), width), dtype=dtype) for side in sides.sides)
        total: npt.NDArray[np.floating] = np.empty(width, dtype=dtype)
        if solve(sides.sides, (left, right), restart, asked, crossings, (first, second), (0,) * width, total):
            break
    return first, second


def _on_side(positions: npt.NDArray[np.int64], starts: Restarts) -> Sources:
    """Those of the (node, column, probability) whose nodes have a position on a side, by rising position."""
    from graphrec_neo4j.walks.page_rank_kernel import Sources

    nodes, columns, values = starts[:3]
    there = np.flatnonzero(positions[nodes] >= 0)
    there = there[np.argsort(positions[nodes[there]], kind="stable")]
    return Sources(positions[nodes[there]], columns[there], values[there])


def arrival_probabilities(
    graph: TypedGraph, targets: npt.NDArray[np.integer], restart: float = RESTART, tolerance: float = TOLERANCE
) -> Floats:
    """The personalized PageRank (len(targets), n) of each target, seen from every node, within ``tolerance``.

    The walk is reversible: degree(n) p_n(i) = degree(i) p_i(n), so one solution from i serves all n. A target
    without edges is reached from nowhere but itself.
    """
    degrees = graph.degrees
    ones = np.ones(len(targets))
    starts = sparse.csr_matrix((ones, (np.arange(len(targets)), targets)), shape=(len(targets), len(graph)))
    walked = degrees[degrees > 0]
    ratio = walked.max() / walked.min() if len(walked) else 1.0
    ranks = personalized_page_rank(graph, starts, restart, max(tolerance / ratio, 1e-13))
    with np.errstate(divide="ignore", invalid="ignore"):
        arrivals = ranks * (degrees[targets][:, None] / degrees)
    return np.where(degrees > 0, arrivals, ranks)


def _check(restart: float, tolerance: float) -> None:
    if not 0 < restart < 1:
        raise ModelError(f"the restart probability must lie between 0 and 1, not be {restart}.")
    if not 1e-13 <= tolerance < 1:
        raise ModelError(f"the tolerance must lie between 1e-13 and 1, not be {tolerance}.")
