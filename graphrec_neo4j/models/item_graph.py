"""``ItemGraph``: what all models have in common that score an item by its ties to the items of a history."""

from __future__ import annotations

from abc import abstractmethod
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Recommender, Rows, Scores, State
from graphrec_neo4j.models.taste import Tastes, pattern
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.sparse_rows import best_of_rows
from graphrec_neo4j.results import NO_ITEM, Explanation, Neighbours, TopK
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk


class ItemGraph(Recommender):
    """``score(u, i) = sum over the items j of u's history of read_j W[j, i]``, with W sparse and nowhere negative.

    A model gives W (n_items, n_items) by ``_graph`` and, if it has any, the factors ``read`` (n_items,) by
    ``_read``. Ranking never holds more than a row of scores; explanations are the terms of the sum. A user without
    a history gets the most popular items.
    """

    uses = ("interactions",)
    inductive = True

    tastes: Tastes
    graph: sparse.csr_matrix
    read: npt.NDArray[np.float32]
    walk: MetaPathWalk

    @abstractmethod
    def _graph(
        self, snapshot: GraphSnapshot, liked: sparse.csr_matrix, seed: int, progress: Progress
    ) -> sparse.csr_matrix:
        """Return W from the pattern ``liked`` (n_users, n_items) of ``snapshot``, with an empty diagonal."""

    def _read(self, liked: sparse.csr_matrix) -> npt.NDArray[np.float32]:
        return np.ones(liked.shape[1], dtype=np.float32)

    def neighbours(self, k: int) -> Neighbours:
        """Return the k heaviest ties of each item, and how many users like both its ends."""
        top = best_of_rows(self.graph, k)
        there = top.items != NO_ITEM
        counts = np.zeros(top.items.shape, dtype=np.int64)
        counts[there] = self.tastes.shared(np.nonzero(there)[0], top.items[there])
        return Neighbours(top, counts)

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.tastes = Tastes.of(snapshot)
        liked = self.tastes.history
        self.read = self._read(liked)
        graph = self._graph(snapshot, liked, seed, progress).tocsr().astype(np.float32)
        graph.sort_indices()
        if graph.nnz and not (np.isfinite(graph.data).all() and graph.data.min() >= 0):
            raise ModelError(f"{self.name} made a tie between items that is negative or no number.")
        self.graph = graph
        self.walk = self._walk_from(self.tastes.history)

    def _walk_from(self, histories: sparse.csr_matrix) -> MetaPathWalk:
        return MetaPathWalk.over((histories @ sparse.diags(self.read)).tocsr(), self.graph)

    def _scores(self, users: Rows) -> Scores:
        return self.walk.scores(users)

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """Only items that are tied to one of the history are listed."""
        return self.walk.top_k(users, k, seen)

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        return self._walk_from(pattern(histories)).scores(np.arange(histories.shape[0]))

    def _terms(self, user: int, mine: Rows, items: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        parts = self.graph[mine][:, items].toarray().T.astype(np.float64) * self.read[mine]
        return parts.sum(axis=1), parts

    def _explain(self, user: int, item: int, limit: int) -> Explanation:
        return cast(Explanation, self._explain_many(np.array([user]), np.array([[item]]), limit)[0][0])

    def _explain_many(self, users: Rows, items: Rows, limit: int) -> list[list[Explanation | None]]:
        return self.tastes.explain(users, items, limit, self._terms)

    def _state(self) -> State:
        return {**self.tastes.state(), "graph": self.graph, "read": self.read}

    def _restore(self, state: State) -> None:
        self.tastes = Tastes.restored(state)
        self.graph, self.read = cast(sparse.csr_matrix, state["graph"]), cast(npt.NDArray, state["read"])
        self.walk = self._walk_from(self.tastes.history)
