"""iALS: matrix factorisation in which what was not liked counts a little, through the library implicit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.models.base import Recommender, Rows, Scores, State
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.models.taste import Tastes, pattern
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.topk import top_k_of_vectors
from graphrec_neo4j.results import NO_ITEM, TopK, Vectors
from graphrec_neo4j.snapshot import GraphSnapshot

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class IALSSettings:
    """``dimensions`` of a vector, ``rounds`` of alternating, and the loss.

    ``unobserved``: how much a pair without an interaction weighs beside one with (alpha_0 of Rendle et al.).
    ``l2``: their lambda; it counts for each pair, weighed like it (their frequency scaling with nu = 1, taken at the
    mean degrees, since the library has one strength for all), so that it holds for graphs of any size.

    Both were chosen on random validation parts of the training interactions of Gowalla and LastFM. The two pull apart:
    at 64 dimensions LastFM was best at 0.1 and 0.01 (recall@20 .257), which gives .041 on Gowalla; the defaults give
    .241 and .154 there.
    """

    dimensions: int = 128
    rounds: int = 16
    unobserved: float = 0.03
    l2: float = 0.003

    def __post_init__(self) -> None:
        if min(self.dimensions, self.rounds) < 1 or not 0 < self.unobserved < np.inf or not 0 < self.l2 < np.inf:
            raise ModelError("ials needs at least 1 dimension and 1 round, and unobserved and l2 above 0.")


class IALS(Recommender):
    """``score(u, i) = x_u . y_i``, which minimise ``sum over all pairs of c (p - x_u . y_i)^2 + r (|x|^2 + |y|^2)``.

    p is 1 and ``c = 1 + 1 / unobserved`` where u likes i, else 0 and 1. Users are solved for once more at the end:
    ``x_u = c W_u sum over u's history of y_j``, ``W_u = (Y'Y + (c - 1) sum of y_j y_j' + r I)^-1``, so unseen users are
    treated like known ones, and a score is exactly the sum of ``c y_i' W_u y_j`` (Hu et al., section 5). A user
    without a history gets the most popular items.
    """

    name = "ials"
    line = "vectors that explain what was liked and, a little, what was not; through the library implicit"
    paper = (
        "Hu, Koren, Volinsky: Collaborative filtering for implicit feedback datasets, ICDM 2008; "
        "settings after Rendle et al.: Revisiting the performance of iALS, RecSys 2022"
    )
    uses = ("interactions",)
    needs = ("implicit",)
    inductive = True
    cost = "16 rounds of a small system for every user and item"
    lighter = "set fewer dimensions or take spectral"
    settings_class: ClassVar[type] = IALSSettings

    tastes: Tastes
    users: Scores
    items: Scores
    strength: float

    @property
    def confidence(self) -> float:
        """c of what is liked; of all else it is 1."""
        return 1 + 1 / self.settings.unobserved

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """The library's vectors and ours, and who likes what by user and by item."""
        return 8.0 * self.settings.dimensions * (self.n_users + self.n_items) + 28.0 * pairs

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.tastes = Tastes.of(snapshot)
        liked = self.tastes.history
        extra = liked.nnz / self.settings.unobserved
        of_users, of_items = (size + extra / other for size, other in (liked.shape[::-1], liked.shape))
        self.strength = self.settings.l2 * float(np.sqrt(of_users * of_items))
        self.items = self._learnt(liked, seed, progress)
        self.users = self._solved(liked)

    def _learnt(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> Scores:
        try:
            from implicit.cpu.als import AlternatingLeastSquares
            from threadpoolctl import threadpool_limits
        except ImportError as error:
            raise MissingExtraError("ials", "ials") from error
        settings, rounds = self.settings, self.settings.rounds
        # The library shares rows out among threads of its own, with which those of BLAS would compete.
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=settings.dimensions,
                regularization=self.strength,
                alpha=self.confidence,
                iterations=settings.rounds,
                num_threads=os.cpu_count() or 1,
                random_state=seed,
            )
            model.fit(liked, show_progress=False, callback=lambda done, *_: progress("alternating", done + 1, rounds))
        items = np.asarray(model.item_factors, dtype=np.float32)
        items[self.popularity == 0] = 0.0
        return items

    def _solved(self, histories: sparse.csr_matrix) -> Scores:
        """The vectors (m, dimensions) of the patterns ``histories`` (m, n_items)."""
        vectors = np.zeros((histories.shape[0], self.items.shape[1]), dtype=np.float32)
        shared = self._shared()
        for row in np.flatnonzero(np.diff(histories.indptr)):
            mine = self.items[histories.indices[histories.indptr[row] : histories.indptr[row + 1]]].astype(np.float64)
            vectors[row] = cho_solve(self._weighed(shared, mine), self.confidence * mine.sum(axis=0))
        return vectors

    def _shared(self) -> Floats:
        items = self.items.astype(np.float64)
        return items.T @ items + self.strength * np.eye(items.shape[1])

    def _weighed(self, shared: Floats, mine: Floats) -> tuple[Floats, bool]:
        """The Cholesky factor of ``W_u^-1`` for a history's vectors ``mine`` (h, dimensions)."""
        return cho_factor(shared + (self.confidence - 1) * (mine.T @ mine), check_finite=False)

    def vectors(self) -> Vectors:
        """Return vectors whose dot products are the scores."""
        return Vectors(self.users, self.items)

    def _scores(self, users: Rows) -> Scores:
        return self.users[users] @ self.items.T

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """Without a history, all scores are 0, which ranks nothing."""
        top = top_k_of_vectors(self.users, self.items, users, k, seen)
        lonely = np.diff(self.tastes.history.indptr)[users] == 0
        top.items[lonely], top.scores[lonely] = NO_ITEM, -np.inf
        return top

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        return self._solved(pattern(histories)) @ self.items.T

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons:
        shared = self._shared()

        def terms(user: int, mine: Rows, asked: Rows) -> tuple[Floats, Floats]:
            vectors, wanted = self.items[mine].astype(np.float64), self.items[asked].astype(np.float64)
            parts = self.confidence * (cho_solve(self._weighed(shared, vectors), wanted.T).T @ vectors.T)
            return parts.sum(axis=1), parts

        return self.tastes.reasons(users, items, limit, terms)

    def _state(self) -> State:
        return {**self.tastes.state(), "users": self.users, "items": self.items, "strength": np.array([self.strength])}

    def _restore(self, state: State) -> None:
        self.tastes = Tastes.restored(state)
        self.users, self.items = cast(npt.NDArray, state["users"]), cast(npt.NDArray, state["items"])
        self.strength = float(cast(npt.NDArray, state["strength"])[0])
