"""SLIM: sparse weights between items, learnt so that a history predicts each of its own items from the others."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.foresee import must_fit
from graphrec_neo4j.models.item_graph import ItemGraph
from graphrec_neo4j.models.item_products import best_products, ties_bytes
from graphrec_neo4j.models.likeness import cosine
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.threads import in_threads

PIECE, STRIDE = 64, 4096


@dataclass(frozen=True)
class SLIMSettings:
    """``neighbours``: how many of the likest items by cosine may have a weight for an item (fsSLIM).

    ``l1`` and ``l2``: how strongly weights are drawn to zero, and towards each other. ``tolerance``: the descent
    for an item ends when no weight moves further in a sweep; ``sweeps``: or after so many.

    The defaults were chosen on a random 15 % held out of the training interactions of LastFM and Gowalla (recall@20
    .241 and .212; item-knn .216 and .154). 200 neighbours gain .001 and .002 there, in twice the time.
    """

    neighbours: int = 100
    l1: float = 0.5
    l2: float = 50.0
    tolerance: float = 1e-4
    sweeps: int = 100

    def __post_init__(self) -> None:
        if self.neighbours < 1 or self.sweeps < 1:
            raise ModelError("slim needs at least 1 neighbour and 1 sweep.")
        if not all(0 <= value < np.inf for value in (self.l1, self.l2, self.tolerance)):
            raise ModelError("slim needs l1, l2 and a tolerance that are finite and 0 or more.")


class SLIM(ItemGraph):
    """``score(u, i) = sum over u's history of w(j, i)``; for each item i the column ``w`` is learnt by itself:

    minimise ``1/2 |r_i - R w|^2 + l2/2 |w|^2 + l1 |w|_1`` with ``w >= 0``, ``w_i = 0`` and 0 for all items but the
    likest. R (n_users, n_items) is 1 where a user likes an item. In ``G = R^T R`` the coordinate descent is
    ``w_j = max(0, (G_ji - sum over k other than j of G_jk w_k - l1) / (G_jj + l2))``, whose fixed point is the
    minimum, which is unique where l2 > 0.
    """

    name = "slim"
    line = "sparse weights between items, learnt from which histories hold both"
    paper = "Ning, Karypis: SLIM: sparse linear methods for top-N recommender systems, ICDM 2011"
    cost = "a coordinate descent for every item over its nearest"
    lighter = "set fewer neighbours or take spectral"
    settings_class: ClassVar[type] = SLIMSettings

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        return ties_bytes(self.n_items, self.n_items, self.settings.neighbours) + 40.0 * pairs

    def _graph(
        self, snapshot: GraphSnapshot, liked: sparse.csr_matrix, seed: int, progress: Progress
    ) -> sparse.csr_matrix:
        from graphrec_neo4j.models.slim_kernel import solve

        settings, likers = self.settings, liked.T.tocsr().sorted_indices()
        lengths = np.sqrt(self.popularity)
        near = best_products(likers, liked, settings.neighbours, progress, cosine(lengths, lengths))
        widest = int(np.diff(near.indptr).max(initial=0))
        tables = 8 * (os.cpu_count() or 1) * widest**2
        must_fit(f"slim with {widest} neighbours", tables, None, "set fewer neighbours")
        pattern = (likers.indptr, likers.indices, liked.indptr, liked.indices)
        limits = (settings.l2, settings.tolerance, settings.sweeps)
        weights = np.zeros(near.nnz)

        def work(before: int, start: int, stop: int) -> None:
            solve(pattern, (near.indptr, near.indices), settings.l1, limits, weights, before + start, before + stop)

        for start in range(0, self.n_items, STRIDE):
            stop = min(start + STRIDE, self.n_items)
            in_threads(partial(work, start), stop - start, PIECE)
            progress("learning weights", stop, self.n_items)
        learnt = sparse.csr_matrix((weights, near.indices, near.indptr), shape=near.shape)
        learnt.eliminate_zeros()
        return learnt.T.tocsr()
