"""What a few changed edges do to personalized PageRank, without walking the graph again from every user.

Changed edges change the steps from k nodes: P' = P + sum over v of e_v d_v'. With M = I - (1 - c) P', the new
ranks from u are p_u + sum over v of p_u(v) h_v, where h_v = (1 - c) M'^-1 d_v (the Sherman-Morrison-Woodbury
identity, in the form of Chien, Dwork, Kumar, Simon and Sivakumar, "Link evolution", Internet Mathematics 1, 2003).
So some 3 k solutions serve all users, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.walks.page_rank import RESTART, TOLERANCE, arrival_probabilities, personalized_page_rank
from graphrec_neo4j.walks.typed_graph import TypedGraph

Floats = npt.NDArray[np.float64]
Nodes = npt.NDArray[np.integer]
FINEST = 1e-13


@dataclass(frozen=True, eq=False)
class PageRankUpdate:
    """The way from the ranks of an old graph of n nodes to those of a new one.

    ``changed`` (k,) are the nodes whose edges changed, ``seen_from`` (k, n) their old ranks seen from every
    node, ``shifts`` (k, n) what the ranks gain, for each unit of old rank there.
    ``newcomers`` (n,) tells the nodes that got their first edges or lost their last, whose own ranks are to be
    computed anew.
    """

    changed: Nodes
    seen_from: Floats
    shifts: Floats
    newcomers: npt.NDArray[np.bool_]

    def gains(self, starts: Nodes, nodes: slice = slice(None)) -> Floats:
        """New minus old ranks (m, len(nodes)) of walks that restart at each of ``starts``; not of newcomers."""
        return self.seen_from[:, starts].T @ self.shifts[:, nodes]

    def reached(self, starts: Nodes, tolerance: float = TOLERANCE) -> npt.NDArray[np.bool_]:
        """Whose ranks (m,) may have changed by more than ``tolerance`` in the L1 norm; newcomers always."""
        bounds = self.seen_from[:, starts].T @ np.abs(self.shifts).sum(axis=1)
        return (bounds > tolerance) | self.newcomers[starts]


def page_rank_update(
    old: TypedGraph, new: TypedGraph, restart: float = RESTART, tolerance: float = TOLERANCE
) -> PageRankUpdate:
    """The update from ``old`` to ``new``, two graphs over the same nodes, with gains to an L1 error of ``tolerance``.

    Takes memory for 4 k n numbers and pays while k, the number of nodes whose edges changed, is far below that of
    the users. Raises ModelError where the nodes differ.
    """
    if dict(old.offsets) != dict(new.offsets) or len(old) != len(new):
        raise ModelError("only graphs over the same nodes can be compared; give both all nodes.")
    steps = [sparse.diags(1 / np.where(graph.degrees > 0, graph.degrees, 1)) @ graph.weights for graph in (old, new)]
    difference = sparse.csr_matrix(steps[1] - steps[0])
    difference.eliminate_zeros()
    changed = np.flatnonzero(np.diff(difference.indptr))
    newcomers = (old.degrees == 0) != (new.degrees == 0)
    if not len(changed):
        return PageRankUpdate(changed, np.zeros((0, len(old))), np.zeros((0, len(old))), newcomers)
    # A rank errs k times, each time by what a unit of it shifts, at most 2 (1 - c) / c in the L1 norm.
    finer = max(FINEST, tolerance * restart / (4 * (1 - restart)))
    seen_from = arrival_probabilities(old, changed, restart, max(FINEST, finer / len(changed)))
    gained, lost = difference[changed].maximum(0), (-difference[changed]).maximum(0)
    walked = (1 - restart) / restart
    shifts = walked * (_solutions(new, gained, restart, finer) - _solutions(new, lost, restart, finer))
    return PageRankUpdate(changed, seen_from, shifts, newcomers)


def _solutions(graph: TypedGraph, sources: sparse.csr_matrix, restart: float, tolerance: float) -> Floats:
    """restart * M^-1 s (k, n) for every row s >= 0 of ``sources`` (k, n), whatever it sums to, even nothing.

    Ranks return what is stranded at nodes without edges, and so are scaled to sum to 1; this undoes it.
    """
    sums = np.asarray(sources.sum(axis=1)).ravel()
    some = np.flatnonzero(sums > 0)
    answer = np.zeros(sources.shape)
    if len(some):
        shares = sparse.csr_matrix(sparse.diags(1 / sums[some]) @ sources[some])
        kept = shares @ np.where(graph.degrees > 0, 1.0, restart)
        ranks = personalized_page_rank(graph, shares, restart, tolerance)
        answer[some] = ranks * (kept * sums[some])[:, None]
    return answer
