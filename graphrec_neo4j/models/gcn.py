"""GCN: the graph convolutional network, over users and items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.models.convolutional import ConvolutionalModel, DepthSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.depth import DeepEncoder, LastHop
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class GCNSettings(DepthSettings):
    """Those of every convolutional model."""


class GCN(ConvolutionalModel):
    """``x_l = relu(A~ x_(l-1) W_l + b_l)``, the last layer without relu; x_0 is a learnt embedding of each node.

    ``A~ = D~^-1/2 (A + I) D~^-1/2``, with D~ the degrees of A + I. The last layer is a sum over neighbours, so reasons
    are exact: how much lower the score were without what it carries to a user from an item that she likes. On
    MovieLens latest-small (6 epochs, 32 dimensions) a refit without the three largest lowers the score more than one
    without three at random for .840 of 200 pairs, and after a regression's three for .845.
    """

    name = "gcn"
    line = "graph convolutions: each layer averages a node and its neighbours and maps the mean"
    paper = "Kipf, Welling: Semi-supervised classification with GCNs, ICLR 2017 (arXiv 1609.02907)"
    uses = ("interactions",)
    settings: GCNSettings
    settings_class: ClassVar[type] = GCNSettings

    def _network(self, graph: TrainingGraph) -> DeepEncoder:
        from graphrec_neo4j.models.networks.gcn import gcn

        return gcn(graph.edges, graph.n_users, graph.n_items, self.settings)

    def _last_hop(self, network: DeepEncoder) -> LastHop:
        from graphrec_neo4j.models.networks.gcn import heard_last

        return heard_last(network)
