"""LightGCN: learnt embeddings, smoothed along the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.convolutional import DropoutSettings
from graphrec_neo4j.models.propagated import PropagatedModel
from graphrec_neo4j.models.taste import TasteVectors
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.light_gcn import LightGCNEncoder
    from graphrec_neo4j.training.graph import TrainingGraph
    from graphrec_neo4j.training.learning import Learnt

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


class LightGCN(PropagatedModel):
    """A user's and an item's embeddings carried 0 to ``layers`` steps, and their mean by equal or learned weights."""

    name = "lightgcn"
    line = "embeddings learnt through PyTorch Geometric and smoothed along the graph"
    paper = "He, Deng, Wang, Li, Zhang, Wang: LightGCN, SIGIR 2020 (arXiv 2002.02126)"
    uses = ("interactions",)
    cost = "epochs x batches steps, each over a batch of users and, layer by layer, over all edges"
    settings: LightGCNSettings
    settings_class: ClassVar[type] = LightGCNSettings

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
