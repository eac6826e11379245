"""HAN: attention over neighbours along meta-paths, and over the meta-paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.meta_path_neighbours import closed_paths, neighbours
from graphrec_neo4j.models.taste import TasteVectors
from graphrec_neo4j.models.trained_model import Mask, TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.settings import TrainingSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.han import HANEncoder
    from graphrec_neo4j.training.graph import TrainingGraph
    from graphrec_neo4j.training.learning import Learnt


@dataclass(frozen=True)
class HANSettings(TrainingSettings):
    """``neighbours``: how many of the nearest along each meta-path are attended to; ``heads`` of attention.

    The others are those of every trained model.
    """

    neighbours: int = 20
    heads: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neighbours < 1 or self.heads < 1 or self.dimensions % self.heads:
            raise ModelError("neighbours and heads must be 1 or more, and heads divide dimensions.")


class HAN(TrainedModel):
    """``score(u, i) = e_u . e_i``, with e a node's embedding plus what its neighbours along meta-paths add.

    The meta-paths are the schema's own, or its usual ones, as far as they join two users or two items
    (:func:`closed_paths`). What each weighs is told as ``trained["semantic"]``. A user with ties but without a
    history, and an item that nobody likes but that has a category, have vectors.

    Reasons are those of a regression of users' vectors on their histories. What a user hears of each neighbour at her
    attention, as far as the relu lets it pass, is no reason: a trained network says most by the user's own embedding,
    and on MovieLens latest-small refits without the three largest of these lower the score more than those without
    three at random for .36 of 200 pairs; without those of the regression for .62.
    """

    name = "han"
    line = "graph attention over the neighbours along meta-paths, and over the meta-paths"
    paper = "Wang, Ji, Shi, Wang, Cui, Yu, Ye: HAN, WWW 2019 (arXiv 1903.07293)"
    uses = ("interactions", "ties", "categories")
    cost = "the nearest neighbours along each meta-path once; then epochs x batches steps over all of them"
    settings: HANSettings
    settings_class: ClassVar[type] = HANSettings

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        settings, dimensions = self.settings, self.settings.dimensions
        users, items = closed_paths(snapshot.schema)
        nodes = len(users) * self.n_users + len(items) * self.n_items
        return super()._memory(snapshot, pairs) + nodes * (
            12.0 * dimensions + settings.neighbours * (40.0 + 12.0 * dimensions)
        )

    def _network(self, graph: TrainingGraph) -> HANEncoder:
        from graphrec_neo4j.models.networks.han import ITEMS, USERS, HANEncoder

        sides = zip((USERS, ITEMS), closed_paths(graph.snapshot.schema), strict=True)
        found = {
            side: {text: neighbours(graph.snapshot, steps, self.settings.neighbours) for text, steps in paths.items()}
            for side, paths in sides
        }
        walked = {side: {text: each for text, each in paths.items() if each.nnz} for side, paths in found.items()}
        return HANEncoder(graph, self.settings.dimensions, self.settings.heads, walked)

    def _parts(self, snapshot: GraphSnapshot, learnt: Learnt) -> TasteVectors:
        self.trained = {**self.trained, "semantic": cast("HANEncoder", learnt.network).semantic_weights()}
        return super()._parts(snapshot, learnt)

    def _known_users(self, snapshot: GraphSnapshot) -> Mask:
        """Everyone: a user without neighbours and history has a vector of zeros."""
        return np.ones(self.n_users, dtype=bool)

    def _known_items(self, snapshot: GraphSnapshot) -> Mask:
        """Every item: one without neighbours that nobody likes has a vector of zeros."""
        return np.ones(self.n_items, dtype=bool)
