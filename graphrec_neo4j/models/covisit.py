"""Co-visitation: items that the same people visit within a day, and a short walk over them from what is recent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, cast, get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.edge_times import cohort_fading, fading
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Rows, Scores, State
from graphrec_neo4j.models.history_clusters import clustered
from graphrec_neo4j.models.item_graph import ItemGraph
from graphrec_neo4j.models.newcomers import Newcomers
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.models.visits import HOUR, recency_ranks, visits_of
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.sparse_rows import best_of_rows
from graphrec_neo4j.ranking.splits import TimedPairs, timed_pairs
from graphrec_neo4j.results import NO_ITEM, Explanation, Neighbours, TopK
from graphrec_neo4j.snapshot import MISSING_TIME, GraphSnapshot
from graphrec_neo4j.threads import in_threads

Relatedness = Literal["product", "root"]
Representatives = Literal["recent", "clusters"]

PIECE = 256
UNTIMED = "nothing: no interaction has a time, so a history is one session"


@dataclass(frozen=True)
class CovisitSettings:
    """``window_hours``: how far apart two visits of one user may be to count as a pair.

    ``relatedness``: what a count is divided by, the ``product`` of how often both items are visited (lift) or its
    ``root`` (cosine). ``least_count``: pairs that two items need to be related. ``neighbours``: how many related
    items each item keeps. ``half_life_days``: after how many days a visit counts half as much in counts, None for
    never; or ``monthly_fade``: what part of each calendar month's visits a month takes, 0.1 leaving ``.9 ** n`` of
    those n months before the newest. ``half_life_ranks``: how many later items halve what an item of the history
    counts, None for no difference. ``newcomer_items``: how many of each user's first items teach what newcomers take.

    ``representatives``: what stands for a history, its ``recent`` items or the middle of each of its ``clusters``;
    ``representative_count``: how many of the latest, or of the clusters that count most, None for all;
    ``cluster_distance``: how far apart clusters stay so (Ward's distance of unit vectors). ``steps``: how far the walk
    goes, 1 or 2; ``decay``: what the second step counts.

    Chosen on a random 15 % held out of the training interactions of LastFM and Gowalla: a least count of 3 (recall@20
    .219 and .168; with 1 .181 and .151) and a cluster distance of 1 (clusters, with 3: .228 and .164). 1, 2, 3, 5, 10
    and 20 newcomer items were judged by the first 1, 5 and 10 items of users held out at random of MovieLens
    latest-small's and Ciao's train parts by time: with 10 all are better than popularity (NDCG@20 .098 for .060 and
    .0137 for .0107 of the very first one, for which 2 are best: .156 and .0165).
    """

    window_hours: float = 24.0
    relatedness: Relatedness = "root"
    least_count: int = 3
    neighbours: int = 50
    half_life_days: float | None = None
    monthly_fade: float | None = None
    half_life_ranks: float | None = None
    representatives: Representatives = "recent"
    representative_count: int | None = None
    cluster_distance: float = 1.0
    steps: int = 1
    decay: float = 0.5
    newcomer_items: int = 10

    def __post_init__(self) -> None:
        if self.relatedness not in get_args(Relatedness):
            raise ModelError(f"covisit knows no relatedness {self.relatedness!r}: {', '.join(get_args(Relatedness))}.")
        counts = (self.least_count, self.neighbours, self.representative_count, self.newcomer_items)
        if any(count is not None and count < 1 for count in counts):
            raise ModelError(
                "covisit needs a least_count, neighbours, representatives and newcomer items of at least 1."
            )
        if self.representatives not in get_args(Representatives) or not 0 <= self.cluster_distance < np.inf:
            raise ModelError("covisit knows representatives 'recent' and 'clusters', 0 or more apart.")
        half_lives = (self.half_life_days, self.half_life_ranks)
        if any(half_life is not None and not 0 < half_life < np.inf for half_life in half_lives):
            raise ModelError("covisit needs half lives that are finite and more than 0.")
        if self.monthly_fade is not None and not 0 < self.monthly_fade < 1:
            raise ModelError("covisit needs a monthly_fade between 0 and 1.")
        if self.monthly_fade is not None and self.half_life_days is not None:
            raise ModelError("covisit fades visits by monthly_fade or by half_life_days; set one of the two.")
        if not (0 <= self.window_hours < np.inf and 0 <= self.decay < np.inf and self.steps in (1, 2)):
            raise ModelError("covisit needs a window and a decay of 0 or more, and 1 or 2 steps.")


class Covisit(ItemGraph):
    """``score(u, i)`` = what reaches i when each item j of u's history hands its weight on to its related items.

    ``r(j, i) = c(j, i) / f(j, i)``, with c the pairs of visits to j and i that one user made within the window
    (Davidson et al., 2010, section 3.1) and f the product of their visits, or its root. In a second step what i
    was handed goes on to its own related items, in proportion to r (label propagation, Baluja et al., WWW 2008),
    times the decay. j weighs ``2 ** (-n / half_life_ranks)``, n being how many of u's items are later;
    with clusters, of all j of one taste only the middle one counts, and counts 1.

    Every history begins at a node that stands for nothing yet, from which the step to i has the probability that i is
    among a user's first visits, each user fading with the age of her first: so a user without a history gets what
    newcomers take, then what is popular. Where the future is asked for, that needs a half-life or a monthly fade.

    Visits without a time are all at one moment of their own: where no visit has one, a whole history is one
    session, in which nothing is recent and nothing fades, and ``chosen_on`` says so. Memory: a few numbers for
    each item, for each thread.
    """

    name = "covisit"
    line = "items that people visit within a day of those of the history"
    paper = "Davidson et al.: The YouTube video recommendation system, RecSys 2010"
    uses = ("interactions", "times")
    cost = "every pair of visits that are near in time, once"
    lighter = "set fewer neighbours, or take item-knn or popularity"
    settings_class: ClassVar[type] = CovisitSettings
    fits_at_once = True

    reading: sparse.csr_matrix
    pairs: sparse.csr_matrix
    onward: tuple[sparse.csr_matrix, ...]
    newcomers: Newcomers

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """Pairs sorted by time, or in the end the lists of related items as the matrices that they become."""
        slots = float(self.n_items) * min(self.settings.neighbours, self.n_items)
        return max(125.0 * pairs, 60.0 * pairs + (24.0 + 24.0 * self.settings.steps) * slots)

    def _graph(
        self, snapshot: GraphSnapshot, liked: sparse.csr_matrix, seed: int, progress: Progress
    ) -> sparse.csr_matrix:
        visited = timed_pairs(snapshot)
        untimed = not (visited.time != MISSING_TIME).any()
        self.chosen_on = UNTIMED if untimed else type(self).chosen_on
        weights = self._faded(visited)
        self.newcomers = Newcomers.of(visited, weights, self.n_items, self.settings.newcomer_items)
        graph, self.pairs = self._related(visited, weights)
        self.reading = self._stand_ins(self._weighed(visited, liked), graph, progress)
        self.onward = self._further(graph)
        return graph

    def _faded(self, visited: TimedPairs) -> npt.NDArray[np.float64]:
        settings = self.settings
        if settings.monthly_fade is not None:
            return cohort_fading(visited.time, settings.monthly_fade)
        return fading(visited.time, settings.half_life_days)

    def _related(
        self, visited: TimedPairs, weights: npt.NDArray[np.float64]
    ) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """The relatedness of each item to the items that it is related to most, and the pairs of visits (both n, n)."""
        from graphrec_neo4j.models.covisit_kernel import relate

        settings, window = self.settings, self.settings.window_hours * HOUR
        visits = visits_of(visited, weights, self.n_items, window)
        power = 0.5 if settings.relatedness == "root" else 1.0
        divisors = np.bincount(visited.item, weights, minlength=self.n_items).astype(np.float64) ** power
        shape = (self.n_items, min(settings.neighbours, self.n_items))
        items, scores = np.full(shape, NO_ITEM, dtype=np.int32), np.zeros(shape, dtype=np.float32)
        counts = np.zeros(shape, dtype=np.int64)

        def work(start: int, stop: int) -> None:
            relate(visits, window, settings.least_count, divisors, items, scores, counts, start, stop)

        in_threads(work, self.n_items, PIECE)
        return _table(items, scores), _table(items, counts)

    def _weighed(self, visited: TimedPairs, liked: sparse.csr_matrix) -> sparse.csr_matrix:
        ranks, weights = recency_ranks(visited), np.ones(len(visited.user))
        if self.settings.half_life_ranks is not None:
            weights = np.exp2(-ranks / self.settings.half_life_ranks)
        if self.settings.representative_count is not None and self.settings.representatives == "recent":
            weights[ranks >= self.settings.representative_count] = 0.0
        weighed = sparse.csr_matrix((weights.astype(np.float32), (visited.user, visited.item)), shape=liked.shape)
        weighed.eliminate_zeros()
        return weighed.sorted_indices()

    def _stand_ins(self, weights: sparse.csr_matrix, graph: sparse.csr_matrix, progress: Progress) -> sparse.csr_matrix:
        if self.settings.representatives == "recent":
            return weights
        return clustered(weights, graph, self.settings.cluster_distance, self.settings.representative_count, progress)

    def _further(self, graph: sparse.csr_matrix) -> tuple[sparse.csr_matrix, ...]:
        if self.settings.steps == 1:
            return ()
        sums = np.asarray(graph.sum(axis=1), dtype=np.float64).ravel()
        shares = sparse.diags(self.settings.decay / np.where(sums > 0, sums, 1.0)) @ graph
        return ((sparse.identity(self.n_items) + shares).tocsr().sorted_indices(),)

    def neighbours(self, k: int) -> Neighbours:
        """Return the k most related items of each item, and how many pairs of visits say so."""
        top = best_of_rows(self.graph, k)
        rows, places = np.nonzero(top.items != NO_ITEM)
        counts = np.zeros(top.items.shape, dtype=np.int64)
        counts[rows, places] = np.asarray(self.pairs[rows, top.items[rows, places]]).ravel()
        return Neighbours(top, counts)

    def _reading(self) -> sparse.csr_matrix:
        return self.reading

    def _onward(self) -> tuple[sparse.csr_matrix, ...]:
        return self.onward

    def _scores(self, users: Rows) -> Scores:
        return self._begun(super()._scores(users), self._lonely(users))

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        top, lonely = super()._top_k(users, k, seen), np.flatnonzero(self._lonely(users))
        first = self.newcomers.top_k(len(lonely), k, None if seen is None else seen[users[lonely]])
        top.items[lonely], top.scores[lonely] = first.items, first.scores
        return top

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        """A history without times is all of one moment."""
        liked = pattern(histories)
        scores = super()._fold_in(self._stand_ins(liked, self.graph, silent))
        return self._begun(scores, np.diff(liked.indptr) == 0)

    def _lonely(self, users: Rows) -> npt.NDArray[np.bool_]:
        """Which of ``users`` have no history."""
        return np.diff(self.tastes.history.indptr)[users] == 0

    def _begun(self, scores: Scores, lonely: npt.NDArray[np.bool_]) -> Scores:
        scores[lonely] = self.newcomers.scores
        return scores

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons | None:
        return None if self._lonely(users).any() else self._by_history(users, items, limit)

    def _explain_many(self, users: Rows, items: Rows, limit: int) -> list[list[Explanation | None]]:
        told = self._by_history(users, items, limit).explanations(items)
        for row in np.flatnonzero(self._lonely(users)).tolist():
            listed = items[row].tolist()
            told[row] = [None if item == NO_ITEM else self.newcomers.explain(item, limit) for item in listed]
        return told

    def _state(self) -> State:
        return {**super()._state(), **self.newcomers.state(), "reading": self.reading, "pairs": self.pairs}

    def _restore(self, state: State) -> None:
        self.reading, self.pairs = (cast(sparse.csr_matrix, state[name]) for name in ("reading", "pairs"))
        self.onward = self._further(cast(sparse.csr_matrix, state["graph"]))
        self.newcomers = Newcomers.restored(state)
        super()._restore(state)


def _table(items: npt.NDArray[np.int32], values: npt.NDArray) -> sparse.csr_matrix:
    """Lists (n, k) of columns and values, NO_ITEM where they end, as a matrix (n, n)."""
    there = items != NO_ITEM
    pointers = np.concatenate(([0], np.cumsum(there.sum(axis=1))))
    return sparse.csr_matrix((values[there], items[there], pointers), shape=(len(items), len(items))).sorted_indices()
