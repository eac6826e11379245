"""LightGCN: learnt embeddings, smoothed along the graph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.foresee import must_fit_into
from graphrec_neo4j.models.base import Scores
from graphrec_neo4j.models.taste import Tastes, TasteVectors, pattern
from graphrec_neo4j.models.vector_model import VectorModel
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.snapshot import GraphSnapshot

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LightGCNSettings:
    """``dimensions`` of a vector, ``layers`` of propagation, and how the embeddings are learnt.

    ``loss``: ``"softmax"`` learns cosines, each liked item against up to ``negatives`` items that a batch
    shares, at a ``temperature`` t; ``"bpr"`` is the paper's, on dot products, one negative each. Without a
    temperature, t = 1 / ln(n) for n items compared, where a perfect item weighs as much as n unrelated ones.
    ``item_length`` is the power of an item's length that stays in its score: after softmax 0 ranks by cosine and
    1 by dot product, which favours popular items; bpr always ranks by dot product.
    An epoch deals the users into ``batches`` and each batch costs one propagation over the graph, so ``epochs *
    batches`` steps are made whatever the graph's size; the learning rate falls to zero over them.
    """

    dimensions: int = 64
    layers: int = 3
    loss: Literal["softmax", "bpr"] = "softmax"
    epochs: int = 16
    batches: int = 30
    learning_rate: float = 0.02
    temperature: float | None = None
    negatives: int = 8192
    item_length: float = 0.35

    def __post_init__(self) -> None:
        counts = (self.dimensions, self.epochs, self.batches, self.negatives)
        if min(counts) < 1 or self.layers < 0 or not self.learning_rate > 0:
            raise ModelError("lightgcn's settings must be positive numbers; only layers may be 0.")
        if self.temperature is not None and not self.temperature >= 0.02:
            raise ModelError("lightgcn's temperature must be at least 0.02, or its exponentials overflow.")
        if self.loss not in ("softmax", "bpr"):
            raise ModelError(f"lightgcn has no loss {self.loss!r}; it learns by 'softmax' or 'bpr'.")

    def temperature_for(self, n_items: int) -> float:
        """The temperature of a softmax in a catalogue of ``n_items``."""
        return self.temperature or 1 / math.log(max(2, min(n_items, self.negatives)))


class LightGCN(VectorModel):
    """``score(u, i) = e_u . e_i``, with e the mean of a node's embedding carried 0 to ``layers`` steps.

    Trained through PyTorch Geometric on ``device`` (``"auto"``, ``"cpu"``, ``"cuda"``), which is no setting of the
    model; a restored model needs no torch. With softmax a user's vector has length one. Interactions count once,
    whatever their weight. A user without interactions gets the most popular items.

    The propagation is linear, so reasons are exact: ``e_u = a_0 E_u + sum over the history of P_j / sqrt(d_u d_j)``
    with ``P_j = sum_l a_(l+1) e_j^(l)``. An unseen user has only the second part.
    """

    name = "lightgcn"
    line = "embeddings learnt through PyTorch Geometric and smoothed along the graph"
    paper = "He, Deng, Wang, Li, Zhang, Wang: LightGCN, SIGIR 2020 (arXiv 2002.02126)"
    uses = ("interactions",)
    needs = ("torch", "torch_geometric")
    inductive = True
    lighter = "set more batches or fewer dimensions, or take spectral"
    settings_class: ClassVar[type] = LightGCNSettings

    device: str = "auto"

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """Vectors and what Adam keeps of them, those of a batch's pairs, a batch against its negatives, the graph."""
        settings, nodes = self.settings, self.n_users + self.n_items
        users, positive = self.n_users / settings.batches, pairs / settings.batches
        table = users * min(settings.negatives, self.n_items) if settings.loss == "softmax" else 0.0
        return 4.0 * settings.dimensions * (7.0 * nodes + 5.0 * positive) + 4.0 * table + 60.0 * pairs

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        try:
            from graphrec_neo4j.models.lightgcn_training import learn_embeddings, room_on
        except ImportError as error:
            raise MissingExtraError("the lightgcn model", "gnn") from error
        if not snapshot.interactions.nnz:
            raise ModelError("lightgcn learns from interactions, and the graph has none; load some first.")
        self.tastes = Tastes.of(snapshot)
        liked = self.tastes.history
        needed = self._memory(snapshot, liked.nnz)
        must_fit_into(room_on(self.device), "lightgcn's training on this device", needed, self.lighter)
        self.parts = self._propagate(liked, learn_embeddings(liked, self.settings, seed, self.device, progress))

    def _propagate(self, liked: sparse.csr_matrix, embeddings: Floats) -> TasteVectors:
        """Carry the learnt embeddings (n_users + n_items, d) over ``liked`` and keep what scores and reasons need."""
        of_user, of_item = _inverse_roots(liked, axis=1), _inverse_roots(liked, axis=0)
        normalised = sparse.diags(of_user) @ liked @ sparse.diags(of_item)
        users, items = np.split(embeddings, [liked.shape[0]])
        user_sum, item_sum, history_sum = users.copy(), items.copy(), np.zeros_like(items)
        for _ in range(self.settings.layers):
            history_sum += items
            users, items = normalised @ items, normalised.T @ users
            user_sum += users
            item_sum += items
        share = np.float32(1 / (self.settings.layers + 1))
        user_vectors = user_sum * share * (of_user > 0)[:, None]
        item_vectors = item_sum * share * (of_item > 0)[:, None]
        user_divisor, item_divisor = self._divisor(user_vectors), self._divisor(item_vectors, self.settings.item_length)
        return TasteVectors(
            users=user_vectors / user_divisor,
            items=item_vectors / item_divisor,
            through=history_sum * share * of_item[:, None],
            scale=of_user / user_divisor[:, 0],
        )

    def _divisor(self, vectors: Floats, kept: float = 0.0) -> Floats:
        """What to divide ``vectors`` (n, d) by to keep the power ``kept`` of their length: (n, 1); 1 after bpr."""
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        power = 0.0 if self.settings.loss == "bpr" else 1.0 - kept
        return np.where(length > 0, length, 1).astype(np.float32) ** np.float32(power)

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        liked = pattern(histories)
        vectors = (sparse.diags(_inverse_roots(liked, axis=1)) @ liked) @ self.parts.through
        return ((vectors / self._divisor(vectors)) @ self.parts.items.T).astype(np.float32)


def _inverse_roots(liked: sparse.csr_matrix, axis: int) -> Floats:
    """``1 / sqrt(degree)`` along ``axis`` as (n,) float32, 0 where there is no edge."""
    degrees = np.asarray(liked.sum(axis=axis)).ravel()
    return (np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, 1)), 0)).astype(np.float32)
