"""``ItemGraph``: what all models have in common that score an item by its ties to the items of a history."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models.base import Mask, Recommender, Rows, Scores, State
from graphrec_neo4j.models.placing import Moved, matrix_moved
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.models.taste import Tastes, pattern
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.sparse_rows import best_of_rows
from graphrec_neo4j.results import NO_ITEM, Neighbours, TopK
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk


class ItemGraph(Recommender):
    """``score(u, i) = sum over the items j of u's history of A[u, j] W[j, i]``, A and W sparse, nowhere negative.

    A model gives W (n_items, n_items) by ``_graph``. A (n_users, n_items) is 1 all over the history unless the model
    says otherwise by ``_reading``, and W is walked once unless it adds steps by ``_onward``. Ranking never holds more
    than a row of scores; explanations are the terms of the sum. A user without a history gets the most popular items.
    """

    uses: ClassVar[tuple[str, ...]] = ("interactions",)
    inductive = True

    tastes: Tastes
    graph: sparse.csr_matrix
    walk: MetaPathWalk

    @abstractmethod
    def _graph(
        self, snapshot: GraphSnapshot, liked: sparse.csr_matrix, seed: int, progress: Progress
    ) -> sparse.csr_matrix:
        """Return W from the pattern ``liked`` (n_users, n_items) of ``snapshot``, with an empty diagonal."""

    def _reading(self) -> sparse.csr_matrix:
        """A: how much each item of each history counts, 0 where it is not in it."""
        return self.tastes.history

    def _onward(self) -> tuple[sparse.csr_matrix, ...]:
        """What W is multiplied with from the right, (n_items, n_items) each."""
        return ()

    def neighbours(self, k: int) -> Neighbours:
        """Return the k heaviest ties of each item, and how many users like both its ends."""
        top = best_of_rows(self._nearest(), k)
        there = top.items != NO_ITEM
        counts = np.zeros(top.items.shape, dtype=np.int64)
        counts[there] = self.tastes.shared(np.nonzero(there)[0], top.items[there])
        return Neighbours(top, counts)

    def _nearest(self) -> sparse.csr_matrix:
        """The ties whose heaviest are an item's neighbours, row by row."""
        return self.graph

    def updated(self, changes: GraphChanges, seed: int) -> Self | None:
        """Read the histories anew with the ties that were learnt; an item that is new waits for the next fit."""
        if self.fits_at_once:
            return super().updated(changes, seed)
        after = changes.after
        other = self._over(after)
        other.tastes = Tastes.of(after)
        rows = changes.rows[after.schema.recommend]
        other.graph = matrix_moved(self.graph, rows, rows, (other.n_items, other.n_items))
        other.walk = other._walk_from(other._reading())
        return other

    def reached(self, changes: GraphChanges) -> Mask | None:
        """Return those whose history changed; anybody where the ties were made anew."""
        return None if self.fits_at_once else Moved.between(changes).changed_users

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.tastes = Tastes.of(snapshot)
        liked = self.tastes.history
        graph = self._graph(snapshot, liked, seed, progress).tocsr().astype(np.float32)
        graph.sort_indices()
        if graph.nnz and not (np.isfinite(graph.data).all() and graph.data.min() >= 0):
            raise ModelError(f"{self.name} made a tie between items that is negative or no number.")
        self.graph = graph
        self.walk = self._walk_from(self._reading())

    def _walk_from(self, reading: sparse.csr_matrix) -> MetaPathWalk:
        return MetaPathWalk.over(reading, self.graph, *self._onward())

    def _scores(self, users: Rows) -> Scores:
        return self.walk.scores(users)

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """Only items that are tied to one of the history are listed."""
        return self.walk.top_k(users, k, seen)

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        return self._walk_from(pattern(histories)).scores(np.arange(histories.shape[0]))

    def _terms(self, user: int, mine: Rows, items: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        parts = self._between(mine, items) * self._reading()[[user]][:, mine].toarray().astype(np.float64)
        return parts.sum(axis=1), parts

    def _between(self, mine: Rows, items: Rows) -> npt.NDArray[np.float64]:
        """The ties of ``mine`` (h,) to ``items`` (k,), all steps of them, as (k, h)."""
        from graphrec_neo4j.models.between_kernel import entries_between

        onward = self._onward()
        if not onward:
            return entries_between(self.graph.indptr, self.graph.indices, self.graph.data, mine, items)
        reached = self.graph[mine].astype(np.float64)
        for step in onward:
            reached = reached @ step
        return reached[:, items].toarray().T

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons | None:
        return self._by_history(users, items, limit)

    def _by_history(self, users: Rows, items: Rows, limit: int) -> Reasons:
        return self.tastes.reasons(users, items, limit, self._terms)

    def _state(self) -> State:
        return {**self.tastes.state(), "graph": self.graph}

    def _restore(self, state: State) -> None:
        self.tastes = Tastes.restored(state)
        self.graph = cast(sparse.csr_matrix, state["graph"])
        self.walk = self._walk_from(self._reading())
