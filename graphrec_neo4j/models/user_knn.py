"""User-kNN: what the users likest to one like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, cast, get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Recommender, Rows, Scores, State
from graphrec_neo4j.models.item_products import best_products, ties_bytes
from graphrec_neo4j.models.likeness import cosine, jaccard
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.models.taste import Tastes, pattern
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.results import TopK
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk

Similarity = Literal["cosine", "jaccard"]


@dataclass(frozen=True)
class UserKNNSettings:
    """``neighbours``: how many of the likest users are asked; ``similarity``: what likeness is.

    ``shrinkage``: added to the divisor, so that few common items prove little.

    50 neighbours were chosen on a random 15 % held out of the training interactions of LastFM and Gowalla (recall@20
    .216 and .184; with 200 .202 and .181).
    """

    neighbours: int = 50
    similarity: Similarity = "cosine"
    shrinkage: float = 0.0

    def __post_init__(self) -> None:
        if self.neighbours < 1 or not 0 <= self.shrinkage < np.inf:
            raise ModelError("user-knn needs at least 1 neighbour and a shrinkage of 0 or more.")
        if self.similarity not in get_args(Similarity):
            raise ModelError(f"user-knn knows no similarity {self.similarity!r}: {', '.join(get_args(Similarity))}.")


class UserKNN(Recommender):
    """``score(u, i) = sum over the users v likest to u who like i of s(u, v)``.

    With c(u, v) items that both like and n(u) items of u: ``cosine`` is ``c / sqrt(n_u n_v)``, ``jaccard``
    ``c / (n_u + n_v - c)``. As each common item brings s(u, v) an equal part ``s / c``, a score is a sum over u's
    history, and is explained by it: other users are counted, never named. A user without a history has no
    neighbours and gets the most popular items.
    """

    name = "user-knn"
    line = "what the people of the likest taste like"
    paper = "Herlocker, Konstan, Borchers, Riedl: An algorithmic framework for collaborative filtering, SIGIR 1999"
    uses = ("interactions",)
    inductive = True
    cost = "every pair of users with an item in common, once"
    lighter = "set fewer neighbours or take spectral"
    settings_class: ClassVar[type] = UserKNNSettings
    fits_at_once = True

    tastes: Tastes
    likest: sparse.csr_matrix
    walk: MetaPathWalk

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        return ties_bytes(self.n_users, self.n_users, self.settings.neighbours) + 40.0 * pairs

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.tastes = Tastes.of(snapshot)
        self.likest = self._likest_to(self.tastes.history, progress, to_oneself=False)
        self.walk = MetaPathWalk.over(self.likest, self.tastes.history)

    def _likest_to(self, histories: sparse.csr_matrix, progress: Progress, *, to_oneself: bool) -> sparse.csr_matrix:
        """The similarity (m, n_users) of the owners of ``histories`` (m, n_items) to their likest users."""
        ours, theirs = (np.diff(held.indptr).astype(np.float64) for held in (histories, self.tastes.history))
        shrinkage = self.settings.shrinkage
        if self.settings.similarity == "jaccard":
            likeness = jaccard(ours, theirs, shrinkage)
        else:
            likeness = cosine(np.sqrt(ours), np.sqrt(theirs), shrinkage)
        known = self.tastes.history.T.tocsr().astype(np.float64)
        return best_products(histories, known, self.settings.neighbours, progress, likeness, to_oneself=to_oneself)

    def _scores(self, users: Rows) -> Scores:
        return self.walk.scores(users)

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """Only items that one of the likest users likes are listed."""
        return self.walk.top_k(users, k, seen)

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        likest = self._likest_to(pattern(histories), silent, to_oneself=True)
        return MetaPathWalk.over(likest, self.tastes.history).scores(np.arange(histories.shape[0]))

    def _terms(self, user: int, mine: Rows, items: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        likest = self.likest[user]
        theirs = self.tastes.history[likest.indices]
        common = theirs[:, mine].astype(np.float64)
        part = likest.data.astype(np.float64) / np.asarray(common.sum(axis=1)).ravel()
        parts = (theirs[:, items].T @ sparse.diags(part) @ common).toarray()
        return parts.sum(axis=1), parts

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons:
        return self.tastes.reasons(users, items, limit, self._terms)

    def _state(self) -> State:
        return {**self.tastes.state(), "likest": self.likest}

    def _restore(self, state: State) -> None:
        self.tastes, self.likest = Tastes.restored(state), cast(sparse.csr_matrix, state["likest"])
        self.walk = MetaPathWalk.over(self.likest, self.tastes.history)
