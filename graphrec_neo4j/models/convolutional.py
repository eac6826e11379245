"""``ConvolutionalModel``: what all models have in common whose network is a stack of layers over the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.messages import Messages
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.settings import TrainingSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.depth import DeepEncoder, LastHop
    from graphrec_neo4j.training.learning import Learnt

COMBINATIONS = ("last", "mean", "learned", "concatenated", "projected")


@dataclass(frozen=True)
class DropoutSettings(TrainingSettings):
    """At each step of training every edge drops out with chance ``edge_dropout``, and every node with all its edges
    with chance ``node_dropout``; degrees are those of what is left.
    """

    edge_dropout: float = 0.0
    node_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0 <= self.edge_dropout < 1 and 0 <= self.node_dropout < 1):
            raise ModelError("edge_dropout and node_dropout must be 0 or more and below 1.")


@dataclass(frozen=True)
class DepthSettings(DropoutSettings):
    """``layers`` over the graph, and what keeps many of them from making all nodes alike.

    ``combine`` says what becomes of the input x_0 and the layers x_1 to x_L: ``"last"`` is x_L, ``"mean"`` their mean,
    ``"learned"`` their mean with weights that are learnt, ``"concatenated"`` all side by side, which makes vectors of
    (L + 1) times ``dimensions``, and ``"projected"`` these mapped to ``dimensions`` (jumping knowledge, Xu et al., ICML
    2018, arXiv 1806.03536). ``residual`` adds to each layer what went into it; ``pair_norm`` keeps the mean distance of
    two nodes (Zhao and Akoglu, ICLR 2020, arXiv 1909.12223); ``virtual_node`` joins a node to all others.

    One layer is the default because on validation parts of MovieLens latest-small and LastFM two rank no better, for
    twice the time.
    """

    layers: int = 1
    combine: str = "mean"
    residual: bool = True
    pair_norm: bool = False
    virtual_node: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layers < 1:
            raise ModelError("layers must be 1 or more; with none, take mf.")
        if self.combine not in COMBINATIONS:
            raise ModelError(f"layers combine by {', '.join(COMBINATIONS)}, not by {self.combine!r}.")

    @property
    def width(self) -> int:
        """The length of a node's final vector."""
        return self.dimensions * (self.layers + 1 if self.combine == "concatenated" else 1)


class ConvolutionalModel(TrainedModel):
    """``score(u, i) = z_u . z_i``, with z made of all layers of a network that runs over the whole graph at each step.

    So a step costs the layers over all nodes and edges, whatever the batch, and ``batches`` sets how many there are.
    """

    settings: DepthSettings
    settings_class: ClassVar[type] = DepthSettings
    cost = "epochs x batches steps, each over a batch of users and, layer by layer, over all nodes and edges"
    lighter = "set fewer layers, more batches or fewer dimensions, or take spectral"

    tables_a_layer: ClassVar[float] = 6.0
    """Tables (n_nodes, d) that a layer and its gradients hold at once."""

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """As for every trained model, and what each layer keeps for its gradient, of nodes and of edges."""
        settings, nodes = self.settings, self.n_users + self.n_items
        of_nodes = 4.0 * settings.dimensions * nodes * self.tables_a_layer
        of_ends = 8.0 * settings.width * nodes
        dropped = 60.0 * pairs if settings.edge_dropout or settings.node_dropout else 0.0
        each = of_nodes + self._edge_memory(pairs)
        return super()._memory(snapshot, pairs) + settings.layers * each + of_ends + 60.0 * pairs + dropped

    def _heard(self, snapshot: GraphSnapshot, learnt: Learnt) -> Heard:
        hop = self._last_hop(cast("DeepEncoder", learnt.network))
        if hop is None:
            return Heard()
        tastes, (shares, said, onto) = self.tastes, (each.cpu().numpy() for each in hop)
        ends = (tastes.history.indptr, tastes.history.indices)
        liked = Messages("taste", tastes.node_type, tastes.edge, *ends, shares, said, toward=onto.T)
        return Heard((liked.scaled(1 / self._lengths(snapshot, learnt)),), self.settings.learns_cosines)

    def _last_hop(self, network: DeepEncoder) -> LastHop | None:
        """Return what users hear of items in the last layer, where that is a sum; else None."""
        return None

    def _edge_memory(self, pairs: int) -> float:
        """Bytes that one layer keeps of ``pairs`` edges in both directions, beside the graph."""
        return 0.0
