"""LightGCN: learnt embeddings, smoothed along the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Scores
from graphrec_neo4j.models.convolutional import DropoutSettings
from graphrec_neo4j.models.taste import TasteVectors, pattern
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.light_gcn import LightGCNEncoder
    from graphrec_neo4j.training.graph import TrainingGraph
    from graphrec_neo4j.training.learning import Learnt

Floats = npt.NDArray[np.float32]

LAYER_WEIGHTS = ("equal", "learned")


@dataclass(frozen=True)
class LightGCNSettings(DropoutSettings):
    """``layers`` of propagation with ``"equal"`` or ``"learned"`` ``layer_weights``.

    Each batch costs one propagation over the graph. ``loss`` ``"bpr"`` with equal weights is the paper's.
    """

    layers: int = 3
    layer_weights: str = "equal"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layers < 0:
            raise ModelError("layers must be 0 or more.")
        if self.layer_weights not in LAYER_WEIGHTS:
            raise ModelError(f"layer_weights are {' or '.join(LAYER_WEIGHTS)}, not {self.layer_weights!r}.")


class LightGCN(TrainedModel):
    """``score(u, i) = e_u . e_i``, with e the mean, by weights a_l, of a node's embedding carried l = 0 to L steps.

    With softmax a user's vector has length one. A user without interactions gets the most popular items.

    The propagation is linear, so reasons are exact: ``e_u = a_0 E_u + sum over the history of P_j / sqrt(d_u d_j)``
    with ``P_j = sum_l a_(l+1) e_j^(l)``. An unseen user has only the second part.
    """

    name = "lightgcn"
    line = "embeddings learnt through PyTorch Geometric and smoothed along the graph"
    paper = "He, Deng, Wang, Li, Zhang, Wang: LightGCN, SIGIR 2020 (arXiv 2002.02126)"
    uses = ("interactions",)
    cost = "epochs x batches steps, each over a batch of users and, layer by layer, over all edges"
    settings: LightGCNSettings
    settings_class: ClassVar[type] = LightGCNSettings
    reasons_are_exact = True

    def _network(self, graph: TrainingGraph) -> LightGCNEncoder:
        from graphrec_neo4j.models.networks.light_gcn import LightGCNEncoder

        return LightGCNEncoder(graph.edges, graph.adjacency, graph.n_users, self.settings, graph.seed)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """Learned weights keep every layer; dropping out makes a graph anew at each step."""
        settings = self.settings
        kept = 2.0 * (settings.layers + 1) * (settings.layer_weights == "learned")
        tables = 4.0 * settings.dimensions * (self.n_users + self.n_items) * kept
        dropped = 150.0 * pairs if settings.edge_dropout or settings.node_dropout else 0.0
        return super()._memory(snapshot, pairs) + tables + dropped

    def _parts(self, snapshot: GraphSnapshot, learnt: Learnt) -> TasteVectors:
        """From the learnt embeddings, before any propagation."""
        network = cast("LightGCNEncoder", learnt.network)
        embeddings, weights = network.embeddings().cpu().numpy(), network.weights().detach().cpu().numpy()
        return self._propagate(self.tastes.history, embeddings, weights)

    def _propagate(self, liked: sparse.csr_matrix, embeddings: Floats, weights: Floats) -> TasteVectors:
        """Carry the learnt embeddings (n_users + n_items, d) over ``liked`` and keep what scores and reasons need.

        ``weights`` (layers + 1,) are those of the embeddings carried 0 to ``layers`` times.
        """
        of_user, of_item = _inverse_roots(liked, axis=1), _inverse_roots(liked, axis=0)
        normalised = sparse.diags(of_user) @ liked @ sparse.diags(of_item)
        users, items = np.split(embeddings, [liked.shape[0]])
        user_sum, item_sum, history_sum = weights[0] * users, weights[0] * items, np.zeros_like(items)
        for weight in weights[1:]:
            history_sum += weight * items
            users, items = normalised @ items, normalised.T @ users
            user_sum += weight * users
            item_sum += weight * items
        user_vectors = user_sum * (of_user > 0)[:, None]
        item_vectors = item_sum * (of_item > 0)[:, None]
        user_divisor, item_divisor = self._divisor(user_vectors), self._divisor(item_vectors, self.settings.item_length)
        return TasteVectors(
            users=user_vectors / user_divisor,
            items=item_vectors / item_divisor,
            through=history_sum * of_item[:, None],
            scale=of_user / user_divisor[:, 0],
        )

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        liked = pattern(histories)
        vectors = (sparse.diags(_inverse_roots(liked, axis=1)) @ liked) @ self.parts.through
        return ((vectors / self._divisor(vectors)) @ self.parts.items.T).astype(np.float32)


def _inverse_roots(liked: sparse.csr_matrix, axis: int) -> Floats:
    """``1 / sqrt(degree)`` along ``axis`` as (n,) float32, 0 where there is no edge."""
    degrees = np.asarray(liked.sum(axis=axis)).ravel()
    return (np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, 1)), 0)).astype(np.float32)
