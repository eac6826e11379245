"""Spectral: a closed-form low-pass filter on the item graph, with vectors and exact explanations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.meta_path import ALL_INTERACTIONS, MetaPath, quote
from graphrec_neo4j.models.base import Recommender, Rows, Scores, State
from graphrec_neo4j.models.factorise import truncated_svd
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.topk import top_k_of_vectors
from graphrec_neo4j.results import NO_ITEM, Explanation, TopK, Vectors
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.explanations import Grouping, as_arrays, explanations, from_arrays


@dataclass(frozen=True)
class SpectralSettings:
    """``dimensions``: how many of the smoothest waves pass the filter, at most one an item or user.

    ``user_exponent`` and ``item_exponent``: how strongly degrees are taken out before the decomposition;
    ``scale_exponent``: how strongly they are taken out of a history and put back on its result.
    ``softness``: the power of the singular value that a wave is damped with. At 0 the filter is the ideal low
    pass, which on a graph with no more waves than ``dimensions`` lets everything through and so ranks nothing.

    The paper has exponents of 0.5 and a softness of 0. On random validation parts of the training interactions
    0.35, 0.35 and 0.3 were better on Gowalla (recall@20 .132 for .127, softness 0) and LastFM (.233 for .157).
    """

    dimensions: int = 64
    user_exponent: float = 0.35
    item_exponent: float = 0.35
    scale_exponent: float = 0.3
    softness: float = 0.5


class Spectral(Recommender):
    """``score(u, i) = sum over a in u's history of d_a^-c <V_a, S^p V_i> d_i^c``.

    V, S are the largest right singular vectors and values (the largest being 1) of ``D_u^-a R D_i^-b``, where
    R says who interacted with what and d counts an item's users; a, b, c, p are the four last settings.
    The score is a dot product of the published vectors and a sum over the history, so explanations are exact.
    By cosine, the vectors compare taste without regard to popularity.
    """

    name = "spectral"
    line = "a low-pass filter on the item graph, in closed form; gives vectors"
    paper = "Shen et al.: How powerful is graph convolution for recommendation?, CIKM 2021 (GF-CF)"
    uses = ("interactions",)
    inductive = True
    settings_class: ClassVar[type] = SpectralSettings

    history: sparse.csr_matrix
    groupings: list[Grouping]
    user_vectors: Scores
    read_vectors: Scores
    item_vectors: Scores

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.history = _pattern(snapshot.interactions)
        self.groupings = [_taste(snapshot.schema)]
        self._decompose(self.settings.dimensions, seed)

    def _decompose(self, dimensions: int, seed: int) -> None:
        """Set the three tables of vectors; columns beyond the rank are zero, so that the width never changes."""
        of_user, of_item = np.diff(self.history.indptr), self.popularity
        left = sparse.diags(_power(of_user, -self.settings.user_exponent))
        right = sparse.diags(_power(of_item, -self.settings.item_exponent))
        values, waves = truncated_svd(left @ self.history @ right, dimensions, seed)
        damped = waves * (values / (values[:1] if len(values) else 1.0)) ** (self.settings.softness / 2)
        damped = np.pad(damped, ((0, 0), (0, dimensions - len(values))))
        self.read_vectors = damped * _power(of_item, -self.settings.scale_exponent)[:, None]
        self.item_vectors = damped * _power(of_item, self.settings.scale_exponent)[:, None]
        self.user_vectors = self.history @ self.read_vectors

    def vectors(self) -> Vectors:
        """Return vectors whose dot products are the scores."""
        return Vectors(self.user_vectors, self.item_vectors)

    def _scores(self, users: Rows) -> Scores:
        return self.user_vectors[users] @ self.item_vectors.T

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """Without a history, all scores are 0, which ranks nothing."""
        top = top_k_of_vectors(self.user_vectors, self.item_vectors, users, k, seen)
        lonely = np.diff(self.history.indptr)[users] == 0
        top.items[lonely], top.scores[lonely] = NO_ITEM, -np.inf
        return top

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        return (_pattern(histories) @ self.read_vectors) @ self.item_vectors.T

    def _explain(self, user: int, item: int, limit: int) -> Explanation:
        return cast(Explanation, self._explain_many(np.array([user]), np.array([[item]]), limit)[0][0])

    def _explain_many(self, users: Rows, items: Rows, limit: int) -> list[list[Explanation | None]]:
        """Contributions are the largest positive terms of the sum; their count is the users of both items."""
        from graphrec_neo4j.walks.explain_kernel import Shares

        totals = np.zeros(items.shape)
        parts = np.zeros((*items.shape, limit))
        nodes = np.full(parts.shape, NO_ITEM, dtype=np.int32)
        for at, (user, listed) in enumerate(zip(users.tolist(), items, strict=True)):
            mine = self.history.indices[self.history.indptr[user] : self.history.indptr[user + 1]]
            terms = self.read_vectors[mine].astype(np.float64) @ self.item_vectors[listed].T.astype(np.float64)
            totals[at] = terms.sum(axis=0)
            best = np.argsort(-terms, axis=0, kind="stable")[:limit]
            shown = np.take_along_axis(terms, best, axis=0).T
            parts[at, :, : len(best)] = np.maximum(shown, 0.0)
            nodes[at, :, : len(best)] = np.where(shown > 0, mine[best.T], NO_ITEM)
        nodes[items == NO_ITEM] = NO_ITEM
        chains = np.zeros(parts.shape, dtype=np.int32)
        return explanations(Shares(totals, parts, chains, nodes, self._shared(nodes, items)), items, self.groupings)

    def _shared(self, nodes: npt.NDArray[np.int32], items: Rows) -> npt.NDArray[np.int32]:
        """How many users like both ``nodes`` (m, k, limit) and ``items`` (m, k); 0 where there is no node."""
        from graphrec_neo4j.models.pair_counts import shared_counts

        there = nodes != NO_ITEM
        ends = np.broadcast_to(items[:, :, None], nodes.shape)[there], nodes[there]
        pairs, places = np.unique(np.stack(ends).astype(np.int64), axis=1, return_inverse=True)
        counts = np.zeros(nodes.shape, dtype=np.int32)
        by_item = self.history.T.tocsr()
        counts[there] = shared_counts(by_item.indptr, by_item.indices, pairs[0], pairs[1])[places.ravel()]
        return counts

    def _state(self) -> State:
        vectors = {"users": self.user_vectors, "read": self.read_vectors, "items": self.item_vectors}
        return {"history": self.history, **vectors, **as_arrays(self.groupings)}

    def _restore(self, state: State) -> None:
        arrays = cast("dict[str, npt.NDArray]", state)
        self.history = cast(sparse.csr_matrix, state["history"])
        self.user_vectors, self.read_vectors, self.item_vectors = arrays["users"], arrays["read"], arrays["items"]
        self.groupings = from_arrays(arrays)


def _pattern(interactions: sparse.csr_matrix) -> sparse.csr_matrix:
    """1 for every positive interaction, however strong."""
    pattern = (interactions > 0).astype(np.float32)
    pattern.sort_indices()
    return pattern


def _power(degrees: npt.NDArray, exponent: float) -> npt.NDArray[np.float32]:
    """``degrees ** exponent``, and 0 for a degree of 0."""
    raised = np.maximum(degrees, 1.0) ** exponent
    return np.where(degrees > 0, raised, 0.0).astype(np.float32)


def _taste(schema: GraphSchema) -> Grouping:
    """How a term is told: the walk from the user over an item of hers and the people who like it."""
    user, item, liked = quote(schema.recommend_to), quote(schema.recommend), ALL_INTERACTIONS
    path = MetaPath.parse(f"{user}-{liked}->{item}<-{liked}-{user}-{liked}->{item}")
    return Grouping(path, "taste", 0, folds_in=True)
