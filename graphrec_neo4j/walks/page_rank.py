"""True PageRank and personalized PageRank with restart over a typed graph, to a guaranteed error.

Page, Brin, Motwani and Winograd, "The PageRank citation ranking" (1999); with a restart vector, Haveliwala,
"Topic-sensitive PageRank" (WWW 2002). p = (1 - c) P' p + c r, where P goes to a neighbour with probability
proportional to the edge's weight, r is the restart vector and c the restart probability; from a node without
edges the walk returns to r, as in networkx.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.threads import in_threads
from graphrec_neo4j.walks.typed_graph import TypedGraph

Floats = npt.NDArray[np.float64]

RESTART = 0.15
TOLERANCE = 1e-6
BLOCK = 32
PANEL_BYTES = 64 * 2**20
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
) -> Floats:
    """PageRank (m, len(nodes)) of the nodes in ``nodes``, from each restart vector of ``restarts`` (m, n).

    Rows of ``restarts`` sum to 1. ``tolerance`` bounds the L1 error of every answer over all n nodes. Memory
    beside the answer: some 64 MiB a thread, or 16 numbers a node in very large graphs. Raises ModelError for
    a restart probability or a tolerance that cannot be met.
    """
    _check(restart, tolerance)
    restarts = restarts.tocsr()
    width = int(np.clip(PANEL_BYTES // (16 * len(graph)), 8, BLOCK))
    answer = np.empty((restarts.shape[0], len(range(len(graph))[nodes])))

    def work(start: int, stop: int) -> None:
        answer[start:stop] = _block(graph, restarts[start:stop].tocsc(), restart, tolerance)[nodes].T

    in_threads(work, restarts.shape[0], width, threads)
    return answer


def _block(graph: TypedGraph, block: sparse.csc_matrix, restart: float, tolerance: float) -> Floats:
    """Ranks (n, b) for the restart vectors ``block`` (b, n).

    A walk never reaches a node without edges; what restarts there stays there and returns in one step. So
    such mass is taken aside, and the answer scaled to sum to 1.
    """
    sources = np.repeat(np.arange(len(graph)), np.diff(block.indptr))
    columns, values = block.indices.astype(np.int64), restart * block.data
    alone = graph.degrees[sources] == 0
    walking = np.bincount(columns[~alone], values[~alone], block.shape[0]) / restart
    sums = walking + np.bincount(columns[alone], values[alone], block.shape[0])
    shape = (len(graph), block.shape[0])
    ranks = _solve(graph, restart, tolerance * sums.min(), (sources[~alone], columns[~alone], values[~alone]), shape)
    ranks[sources[alone], columns[alone]] = values[alone]
    return ranks / sums


def _solve(
    graph: TypedGraph, restart: float, tolerance: float, sources: tuple[npt.NDArray, ...], shape: tuple[int, int]
) -> Floats:
    """Ranks of ``shape`` to an L1 error of ``tolerance``: in 32 bits where they can hold that, else in 64.

    The error is measured with 64-bit sums either way; panels of half the size make sweeps twice as fast.
    """
    from graphrec_neo4j.walks.page_rank_kernel import solve

    weights, root = graph.weights, np.sqrt(restart * (2 - restart))
    pointers, columns = weights.indptr.astype(np.int64), weights.indices.astype(np.uint32)
    sweeps = int(2 * np.log(restart * tolerance) / np.log((1 - restart) / (1 + root))) + 10
    for dtype in (np.float32, np.float64)[int(tolerance < FINEST_OF_32_BITS) :]:
        panels = np.zeros((2, *shape), dtype=dtype)
        ranks, reached = solve(
            pointers, columns, weights.data, graph.degrees, restart, tolerance, sweeps, *sources, *panels
        )
        if reached:
            break
    return ranks * graph.degrees[:, None]


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
