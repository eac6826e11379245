"""``DescribedModel``: convolutional models that may take features and categories as input beside ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.convolutional import ConvolutionalModel, DepthSettings
from graphrec_neo4j.models.mixup import MixupSettings
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    from torch import nn

    from graphrec_neo4j.training.graph import TrainingGraph

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DescribedSettings(DepthSettings, MixupSettings):
    """With ``features`` the input of a node is the sum of what its id, its features and its categories say, and
    training passes over an id with chance ``id_dropout``, so that the others learn to do without.
    """

    features: bool = False
    id_dropout: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.id_dropout < 1:
            raise ModelError("id_dropout must be 0 or more and below 1.")
        if self.feature_mixup and not self.features:
            raise ModelError("feature_mixup mixes features, which are taken with features=true only.")


class DescribedModel(ConvolutionalModel):
    """Where ``features`` are taken, a user or item without interactions that has one, or a category, has a vector."""

    uses = ("interactions", "features", "categories")
    settings: DescribedSettings
    settings_class: ClassVar[type] = DescribedSettings

    def _input(self, graph: TrainingGraph) -> nn.Module:
        """Return what makes x_0 (n_nodes, d)."""
        from graphrec_neo4j.models.networks.depth import NodeEmbeddings

        settings, schema, known = self.settings, graph.snapshot.schema, graph.known
        if not settings.features:
            return NodeEmbeddings(graph.n_nodes, settings.dimensions)
        from graphrec_neo4j.models.networks.inputs import DescribedNodes, DescribedSides
        from graphrec_neo4j.training.features import NodeInputs

        drops = (settings.id_dropout, settings.feature_mixup)
        sides = [
            DescribedNodes(NodeInputs.of(graph.snapshot, kind, graph.device), heard > 0, settings.dimensions, *drops)
            for kind, heard in ((schema.recommend_to, known.degrees), (schema.recommend, known.item_degrees))
        ]
        return DescribedSides(*sides)

    def _known_users(self, snapshot: GraphSnapshot) -> Mask:
        return super()._known_users(snapshot) | self._described(snapshot, snapshot.schema.recommend_to)

    def _known_items(self, snapshot: GraphSnapshot) -> Mask:
        return super()._known_items(snapshot) | self._described(snapshot, snapshot.schema.recommend)

    def _described(self, snapshot: GraphSnapshot, node_type: str) -> Mask:
        if not self.settings.features:
            return np.zeros(len(snapshot.nodes[node_type]), dtype=bool)
        from graphrec_neo4j.training.features import described

        return described(snapshot, node_type)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """With features and categories, where they are taken."""
        schema = snapshot.schema
        if not self.settings.features:
            return super()._memory(snapshot, pairs)
        filed = sum(len(snapshot.edges[name]) for name in schema.by_role("category"))
        held = [snapshot.nodes[kind].features for kind in {schema.recommend_to, schema.recommend}]
        features = sum(0 if table is None else table.nbytes for table in held)
        tables = 8.0 * self.settings.dimensions * (self.n_users + self.n_items)
        return super()._memory(snapshot, pairs) + tables + 40.0 * filed + 3.0 * features
