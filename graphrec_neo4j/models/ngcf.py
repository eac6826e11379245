"""NGCF: neural graph collaborative filtering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.models.convolutional import ConvolutionalModel, DepthSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.depth import DeepEncoder
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class NGCFSettings(DepthSettings):
    """Those of every convolutional model; the paper's are 3 ``layers``, ``combine`` ``"concatenated"``, ``bpr``.

    A layer hears a node itself, so it is not residual.
    """

    residual: bool = False


class NGCF(ConvolutionalModel):
    """``x_l = LeakyReLU((L + I) x_(l-1) W_1 + (L x_(l-1) * x_(l-1)) W_2)``, x_0 a learnt embedding of each node.

    ``L = D^-1/2 A D^-1/2``. The second term lets neighbours that are alike say more.
    """

    name = "ngcf"
    line = "graph convolutions in which a neighbour says more the more alike it is"
    paper = "Wang, He, Wang, Feng, Chua: Neural graph collaborative filtering, SIGIR 2019 (arXiv 1905.08108)"
    uses = ("interactions",)
    settings: NGCFSettings
    settings_class: ClassVar[type] = NGCFSettings

    def _network(self, graph: TrainingGraph) -> DeepEncoder:
        from graphrec_neo4j.models.networks.ngcf import ngcf

        return ngcf(graph.edges, graph.n_users, graph.n_items, self.settings)
