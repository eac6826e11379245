"""GraphSAGE: sample and aggregate, over users and items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.described import DescribedModel, DescribedSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.depth import DeepEncoder
    from graphrec_neo4j.training.graph import TrainingGraph

AGGREGATORS = ("mean", "max", "lstm")


@dataclass(frozen=True)
class GraphSAGESettings(DescribedSettings):
    """``aggregator``: the ``"mean"`` of all neighbours; the ``"max"`` of what a layer makes of each of them; or what an
    ``"lstm"`` says after ``neighbours`` of them, drawn anew at each step.

    ``normalised`` gives each layer's vectors length one, as in the paper.
    """

    aggregator: str = "mean"
    neighbours: int = 10
    normalised: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.aggregator not in AGGREGATORS:
            raise ModelError(f"neighbours aggregate by {', '.join(AGGREGATORS)}, not by {self.aggregator!r}.")
        if self.neighbours < 1:
            raise ModelError("neighbours must be 1 or more.")


class GraphSAGE(DescribedModel):
    """``x_l = relu(W_1 x_(l-1) + W_2 aggregate(neighbours' x_(l-1)))``, the last layer without relu.

    x_0 is a learnt embedding of each node, with ``features`` more. ``"mean"`` and ``"max"`` take all neighbours;
    ``"lstm"`` costs a multiple of their time and some 30 kB a node and layer, at 10 neighbours and 64 dimensions.
    """

    name = "graphsage"
    line = "GraphSAGE: each layer joins a node with the mean, the maximum or an LSTM of its neighbours"
    paper = "Hamilton, Ying, Leskovec: Inductive representation learning on large graphs, NIPS 2017 (arXiv 1706.02216)"
    settings: GraphSAGESettings
    settings_class: ClassVar[type] = GraphSAGESettings

    def _network(self, graph: TrainingGraph) -> DeepEncoder:
        from graphrec_neo4j.models.networks.connections import Connections
        from graphrec_neo4j.models.networks.sage import graphsage

        connections = Connections.of(graph.edges, graph.n_nodes)
        return graphsage(connections, graph.n_users, self._input(graph), self.settings, graph.seed)

    def _edge_memory(self, pairs: int) -> float:
        """An LSTM keeps its gates and states of all nodes for each neighbour that it reads."""
        read = (self.n_users + self.n_items) * self.settings.neighbours * (self.settings.aggregator == "lstm")
        return 12.0 * 4.0 * self.settings.dimensions * read
