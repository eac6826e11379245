"""Item-kNN: an item scores by its likeness to the items of a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.item_graph import ItemGraph
from graphrec_neo4j.models.item_products import best_products, ties_bytes
from graphrec_neo4j.models.likeness import cosine, jaccard
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.snapshot import GraphSnapshot

Similarity = Literal["cosine", "jaccard", "tf-idf", "bm25"]
K1, B = 1.2, 0.75


@dataclass(frozen=True)
class ItemKNNSettings:
    """``neighbours``: how many of the likest items each item listens to; ``similarity``: what likeness is.

    ``shrinkage``: added to the divisor of likeness, so that few common users prove little; bm25 has none. The
    defaults were chosen on a random 15 % held out of the training interactions of Gowalla and LastFM.
    """

    neighbours: int = 200
    similarity: Similarity = "cosine"
    shrinkage: float = 20.0

    def __post_init__(self) -> None:
        if self.neighbours < 1 or not 0 <= self.shrinkage < np.inf:
            raise ModelError("item-knn needs at least 1 neighbour and a shrinkage of 0 or more.")
        if self.similarity not in get_args(Similarity):
            raise ModelError(f"item-knn knows no similarity {self.similarity!r}: {', '.join(get_args(Similarity))}.")


class ItemKNN(ItemGraph):
    """``score(u, i) = sum over u's history of s(j, i)``, where j is among the items likest to i.

    With c(j, i) users of both and d(i) users of i: ``cosine`` is ``c / sqrt(d_j d_i)``, ``jaccard``
    ``c / (d_j + d_i - c)``; ``tf-idf`` is the cosine of items whose users count ``log(n_items / items of the user)``
    (inverse user frequency, Breese et al., UAI 1998); ``bm25`` is the dot product of items whose users count that
    times ``(k1 + 1) / (1 + k1 (1 - b + b d_i / mean d))`` (Robertson and Zaragoza, 2009), k1 = 1.2, b = 0.75.
    """

    name = "item-knn"
    line = "items that the same people like as those of the history"
    paper = "Deshpande, Karypis: Item-based top-N recommendation algorithms, ACM TOIS 2004"
    cost = "every pair of items with a user in common, once"
    lighter = "set fewer neighbours or take spectral"
    settings_class: ClassVar[type] = ItemKNNSettings
    fits_at_once = True

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        return ties_bytes(self.n_items, self.n_items, self.settings.neighbours) + 40.0 * pairs

    def _graph(
        self, snapshot: GraphSnapshot, liked: sparse.csr_matrix, seed: int, progress: Progress
    ) -> sparse.csr_matrix:
        kind, shrinkage = self.settings.similarity, self.settings.shrinkage
        users = (liked if kind in ("cosine", "jaccard") else self._weighted(liked)).astype(np.float64)
        if kind == "bm25":
            return best_products(users.T.tocsr(), users, self.settings.neighbours, progress).T
        lengths = np.sqrt(np.asarray(users.multiply(users).sum(axis=0)).ravel())
        degrees = self.popularity
        likeness = jaccard(degrees, degrees, shrinkage) if kind == "jaccard" else cosine(lengths, lengths, shrinkage)
        return best_products(users.T.tocsr(), users, self.settings.neighbours, progress, likeness).T

    def _nearest(self) -> sparse.csr_matrix:
        return self.graph.T.tocsr()

    def _weighted(self, liked: sparse.csr_matrix) -> sparse.csr_matrix:
        """Users by how little they like everything and, for bm25, items by how few like them."""
        of_user = np.log(liked.shape[1] / np.maximum(np.diff(liked.indptr), 1)) + 1e-3
        of_item: npt.NDArray[np.float64] = np.ones(liked.shape[1])
        if self.settings.similarity == "bm25":
            of_item = (K1 + 1) / (1 + K1 * (1 - B + B * self.popularity / max(self.popularity.mean(), 1e-12)))
        return (sparse.diags(of_user) @ liked @ sparse.diags(of_item)).tocsr()
