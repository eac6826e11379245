"""PinSage: a graph network over the neighbours that random walks find important."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.described import DescribedModel, DescribedSettings
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.depth import DeepEncoder
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class PinSageSettings(DescribedSettings):
    """From every node start ``walks`` of ``walk_length`` steps, each of which begins at home again with a chance of one
    half; the ``neighbours`` nodes that they visit most are whom the node hears, by their share of the visits.
    """

    neighbours: int = 20
    walks: int = 100
    walk_length: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.neighbours, self.walks, self.walk_length) < 1:
            raise ModelError("neighbours, walks and walk_length must be 1 or more.")


class PinSage(DescribedModel):
    """``x_l = normalised relu(W [x_(l-1), mean over important neighbours of relu(Q x_(l-1) + q)] + w)``.

    x_0 is a learnt embedding of each node, with ``features`` more, and the final vector ``z + G_2 relu(G_1 z + g)`` of
    what the layers combine to. The paper's, ``G_2 relu(G_1 x_L + g)``, learns from text and images; over ids alone it
    is slow to (recall@20 on a validation part of MovieLens latest-small after 160 steps: .168 against .228 with z).
    Users and items are nodes alike, so a user's neighbours are items, and users near by. A step costs ``neighbours``
    edges a node, however many there are in the graph. The paper's hard negatives that come in little by little are
    ``negative_sampling`` ``"uniform+hard"`` with a ``curriculum``.
    """

    name = "pinsage"
    line = "PinSage: each node hears those that short random walks from it visit most"
    paper = "Ying, He, Chen, Eksombatchai, Hamilton, Leskovec: PinSage, KDD 2018 (arXiv 1806.01973)"
    cost = "epochs x batches steps, each over a batch of users and, layer by layer, over neighbours edges a node"
    settings: PinSageSettings
    settings_class: ClassVar[type] = PinSageSettings

    def _network(self, graph: TrainingGraph) -> DeepEncoder:
        from torch_geometric.data import Data

        from graphrec_neo4j.models.networks.pinsage import ImportanceNeighbours, pinsage
        from graphrec_neo4j.sampling.importance import importance_neighbours

        settings = self.settings
        edges, visits = importance_neighbours(
            Data(edge_index=graph.edges.cpu(), num_nodes=graph.n_nodes),
            num_neighbors=settings.neighbours,
            num_walks=settings.walks,
            walk_length=settings.walk_length,
            seed=graph.seed,
        )
        neighbours = ImportanceNeighbours.of(edges.to(graph.device), visits.to(graph.device), graph.n_nodes)
        return pinsage(neighbours, graph.n_users, self._input(graph), settings)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """With the neighbours in both directions."""
        heard = (self.n_users + self.n_items) * self.settings.neighbours
        return super()._memory(snapshot, pairs) + 80.0 * heard
