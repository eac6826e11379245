"""``LinearModel``: what all models have in common whose scores are a history times a table between items."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models.base import Mask, Recommender, Rows, Scores, State
from graphrec_neo4j.models.placing import Moved
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.models.taste import Tastes, pattern
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.topk import top_k_of_blocks
from graphrec_neo4j.results import NO_ITEM, TopK
from graphrec_neo4j.snapshot import GraphSnapshot


class LinearModel(Recommender):
    """``score(u, i) = sum over the items j of u's history of F[j, i]``, with F of any sign, held as a model likes.

    A model learns F by ``_learn``, multiplies histories by it by ``_times`` and says what stands at a few of its
    places by ``_between``, which makes explanations exact: they are the terms of the sum. A user without a history
    gets the most popular items.
    """

    uses = ("interactions",)
    inductive = True

    tastes: Tastes

    @abstractmethod
    def _learn(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> None:
        """Learn F (n_items, n_items) from the pattern ``liked`` (n_users, n_items)."""

    @abstractmethod
    def _times(self, histories: sparse.csr_matrix) -> Scores:
        """Return ``histories @ F`` for a pattern (m, n_items)."""

    @abstractmethod
    def _between(self, mine: Rows, items: Rows) -> npt.NDArray[np.float64]:
        """Return F at ``mine`` (h,) and ``items`` (k,), as (k, h)."""

    @abstractmethod
    def _move(self, rows: npt.NDArray[np.int64]) -> None:
        """Put F's rows and columns at their later ``rows``, -1 for gone; an item that is new has no part in it."""

    def updated(self, changes: GraphChanges, seed: int) -> Self:
        """Read the histories anew with the F that was learnt; an item that is new waits for the next fit."""
        after = changes.after
        other = self._over(after)
        other.tastes = Tastes.of(after)
        rows = changes.rows[after.schema.recommend]
        if len(rows) != other.n_items or (rows < 0).any():
            other._move(rows)
        return other

    def reached(self, changes: GraphChanges) -> Mask:
        """Return those whose history changed."""
        return Moved.between(changes).changed_users

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.tastes = Tastes.of(snapshot)
        self._learn(self.tastes.history, seed, progress)

    def _scores(self, users: Rows) -> Scores:
        return self._times(self.tastes.history[users])

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """Without a history, all scores are 0, which ranks nothing."""
        top = top_k_of_blocks(self._scores, users, k, self.n_items, seen)
        lonely = np.diff(self.tastes.history.indptr)[users] == 0
        top.items[lonely], top.scores[lonely] = NO_ITEM, -np.inf
        return top

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        return self._times(pattern(histories))

    def _terms(self, user: int, mine: Rows, items: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        parts = self._between(mine, items)
        return parts.sum(axis=1), parts

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons:
        return self.tastes.reasons(users, items, limit, self._terms)

    def _state(self) -> State:
        return self.tastes.state()

    def _restore(self, state: State) -> None:
        self.tastes = Tastes.restored(state)
