"""Two towers: learnt vectors of users and items from ids, features and categories, without a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.mixup import MixupSettings
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    from torch import Tensor

    from graphrec_neo4j.models.networks.two_tower import TwoTowers
    from graphrec_neo4j.training.graph import TrainingGraph

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TwoTowerSettings(MixupSettings):
    """``hidden`` units of each tower's layer, and the chance ``id_dropout`` that training passes over an id.

    The layers learn at a quarter of other models' rate: at all of it they fall a third short on validation parts of
    MovieLens and LastFM.
    """

    learning_rate: float = 0.005
    hidden: int = 128
    id_dropout: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden < 1 or not 0 <= self.id_dropout < 1:
            raise ModelError("hidden must be 1 or more, and id_dropout 0 or more and below 1.")


class TwoTower(TrainedModel):
    """``score(u, i) = z_u . z_i``, ``z = x + W_2 relu(W_1 x)``, x the sum of what id, features and categories say.

    So an item that nobody likes yet has a vector where it has a feature or a category, and so has a user. Without
    either it is a matrix factorisation with a layer on each side.
    """

    name = "two-tower"
    line = "a network for users and one for items, over ids, features and categories; no graph"
    paper = (
        "Yi, Yang, Hong, Cheng, Heldt, Kumthekar, Zhao, Wei, Chi: Sampling-bias-corrected neural modeling, RecSys 2019"
    )
    uses = ("interactions", "features", "categories")
    cost = "epochs x batches steps, each over a batch of users and through both networks for all users and items"
    settings: TwoTowerSettings
    settings_class: ClassVar[type] = TwoTowerSettings

    def _network(self, graph: TrainingGraph) -> TwoTowers:
        from graphrec_neo4j.models.networks.inputs import DescribedNodes
        from graphrec_neo4j.models.networks.two_tower import Tower, TwoTowers
        from graphrec_neo4j.training.features import NodeInputs

        settings, schema = self.settings, graph.snapshot.schema

        def tower(node_type: str, degrees: Tensor) -> Tower:
            inputs = NodeInputs.of(graph.snapshot, node_type, graph.device)
            drops = (settings.id_dropout, settings.feature_mixup)
            described = DescribedNodes(inputs, degrees > 0, settings.dimensions, *drops)
            return Tower(described, settings.dimensions, settings.hidden)

        users = tower(schema.recommend_to, graph.known.degrees)
        return TwoTowers(users, tower(schema.recommend, graph.known.item_degrees))

    def _known_users(self, snapshot: GraphSnapshot) -> Mask:
        from graphrec_neo4j.training.features import described

        return super()._known_users(snapshot) | described(snapshot, snapshot.schema.recommend_to)

    def _known_items(self, snapshot: GraphSnapshot) -> Mask:
        from graphrec_neo4j.training.features import described

        return super()._known_items(snapshot) | described(snapshot, snapshot.schema.recommend)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """As for every trained model, what both networks keep for their gradients, and features and categories."""
        settings, schema = self.settings, snapshot.schema
        kept = 4.0 * (self.n_users + self.n_items) * (4.0 * settings.dimensions + 3.0 * settings.hidden)
        filed = sum(len(snapshot.edges[name]) for name in schema.by_role("category"))
        held = [snapshot.nodes[kind].features for kind in {schema.recommend_to, schema.recommend}]
        return (
            super()._memory(snapshot, pairs)
            + kept
            + 40.0 * filed
            + 3.0 * sum(0 if features is None else features.nbytes for features in held)
        )
