"""Turbo-CF: polynomial filters of an item graph whose weights are raised to a power."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.foresee import must_fit, room_for
from graphrec_neo4j.models.item_products import best_products
from graphrec_neo4j.models.likeness import power
from graphrec_neo4j.models.linear_filter import Filter, LinearFilter, normalised, unscaled
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.sparse_rows import best_of_rows
from graphrec_neo4j.results import NO_ITEM, Neighbours
from graphrec_neo4j.snapshot import GraphSnapshot

Shape = Literal["linear", "quadratic", "cubic"]

FILTERS: dict[str, tuple[float, ...]] = {
    "linear": (0.0, 1.0),
    "quadratic": (0.0, 2.0, -1.0),
    "cubic": (0.0, 1 - 0.29, 0.1, -0.01),
}
"""Coefficients of I, P, P^2, P^3; the paper's table 1, the cubic one being ``P + 0.01 (-P^3 + 10 P^2 - 29 P)``."""

BYTES_OF_A_TIE = 30
"""What a tie takes: 8 in the graph, 8 in its sorted copy, 10 to 12 in the walk, and a little."""


@dataclass(frozen=True)
class TurboCFSettings:
    """``alpha``: how strongly the degrees of users are taken out, 1 - alpha being that for items.

    ``power``: what every weight of the item graph is raised to; ``filter``: which polynomial of it is taken.
    ``memory_gib``: how much memory the item graph may take, all that is free without. Below a power of 1, weights
    grow, and the quadratic and the cubic filter soon turn over; they are for powers near 1.

    The defaults are the paper's for Gowalla but for alpha, 0.6 there: on random validation parts of the training
    interactions 0.5 was better on Gowalla (recall@20 .201 for .198) and on LastFM (.242 for .234).
    """

    alpha: float = 0.5
    power: float = 0.7
    filter: Shape = "linear"
    memory_gib: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1 or not 0 < self.power < np.inf:
            raise ModelError("turbo-cf needs an alpha between 0 and 1 and a power above 0.")
        if self.filter not in get_args(Shape):
            raise ModelError(f"turbo-cf knows no filter {self.filter!r}: {', '.join(get_args(Shape))}.")


class TurboCF(LinearFilter):
    """``score(u) = x_u h(P)``, ``P = (R~'R~)`` raised to ``power`` entry by entry, ``R~ = D_u^-alpha R D_i^(alpha-1)``.

    h is one of :data:`FILTERS`. P is held as a sparse table. Where that does not fit, the linear filter keeps only
    the best ties of each item, and ``chosen_on`` says so; the others are refused.
    """

    name = "turbo-cf"
    line = "a polynomial filter of the item graph, whose weights are evened out; nothing is trained"
    paper = "Park, Shin, Shin: Turbo-CF: matrix decomposition-free graph filtering for fast recommendation, SIGIR 2024"
    cost = "a sort of the edges; a list costs some steps along the item graph"
    lighter = "take gf-cf or p3"
    settings_class: ClassVar[type] = TurboCFSettings

    def neighbours(self, k: int) -> Neighbours:
        """Return the k heaviest ties of each item, and how many users like both its ends."""
        graph = self.filter.steps[0].copy()
        graph.setdiag(0.0)
        top = best_of_rows(graph, k)
        there = top.items != NO_ITEM
        counts = np.zeros(top.items.shape, dtype=np.int64)
        counts[there] = self.tastes.shared(np.nonzero(there)[0], top.items[there])
        return Neighbours(top, counts)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """The normalised interactions; the graph between items is fitted to what is left."""
        return 40.0 * pairs

    def _filter(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> Filter:
        nothing = np.zeros((liked.shape[1], 0), dtype=np.float32)
        graph = self._graph(liked, progress)
        return Filter((graph,), np.array(FILTERS[self.settings.filter]), nothing, nothing, unscaled(len(nothing)))

    def _graph(self, liked: sparse.csr_matrix, progress: Progress) -> sparse.csr_matrix:
        """P, whole where it fits."""
        self.chosen_on = type(self).chosen_on
        kept = self._ties_that_fit(liked)
        factor = normalised(liked, self.settings.alpha, 1 - self.settings.alpha)
        if kept < liked.shape[1]:
            self.chosen_on = f"nothing: settings as given; only the best {kept:,} ties of each item fit into memory"
            return best_products(factor.T.tocsr(), factor, kept, progress, power(self.settings.power))
        progress("comparing items", 0, 1)
        graph = (factor.T @ factor).tocsr()
        graph.data **= np.float32(self.settings.power)
        graph.sort_indices()
        progress("comparing items", 1, 1)
        return graph

    def _ties_that_fit(self, liked: sparse.csr_matrix) -> int:
        """How many ties of each item there is room for; raises ModelError where the filter needs all and they do not
        fit.
        """
        degrees, n_items, limit = np.diff(liked.indptr).astype(np.float64), liked.shape[1], self.settings.memory_gib
        needed = BYTES_OF_A_TIE * min(float(degrees @ degrees), float(n_items) ** 2)
        room = room_for(limit)
        if needed <= room:
            return n_items
        kept = int(room // (BYTES_OF_A_TIE * n_items))
        if self.settings.filter != "linear" or kept < 1:
            what = f"turbo-cf's graph between {n_items:,} items"
            must_fit(what, needed, limit, "take its linear filter, gf-cf or bspm, or raise memory_gib if it is set")
        return kept
