"""What TransE, DistMult and RotatE have in common: embeddings of all nodes and relations of the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.trained_model import Mask, TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.settings import TrainingSettings


@dataclass(frozen=True)
class KnowledgeGraphSettings(TrainingSettings):
    """``relations_weight`` is what all other questions than "user, INTERACTED, ?" count beside it, and
    ``relations_negatives`` how many wrong answers of one type stand against their right ones.

    With 0 only interactions are learnt from. The other settings are those of every trained model; ``item_length`` is 0,
    so that a vector index, which knows cosines only, ranks as the model does.
    """

    item_length: float = 0.0
    relations_weight: float = 1.0
    relations_negatives: int = 256

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.relations_weight < 0 or self.relations_negatives < 1:
            raise ModelError("relations_weight must be 0 or more, and relations_negatives above 0.")


@dataclass(frozen=True)
class DistanceSettings(KnowledgeGraphSettings):
    """Those of a model whose answers are near to a query, by a loss on cosines.

    Between vectors of length one ``|q - a|^2 = 2 - 2 cos(q, a)``, so the nearest answers are those of largest cosine.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.learns_cosines:
            raise ModelError(f"loss {self.loss!r} makes dot products large, which are no distances; take softmax.")


class KnowledgeGraphModel(TrainedModel):
    """Scores of "user, INTERACTED, ?", with a vector for every node and every relation of the whole schema.

    Edges of any type tell something: also of a user or an item without interactions.
    """

    cost = "epochs x batches steps, each over one batch of users and as large a part of the other edges, both ways"
    uses = ("interactions", "ties", "categories", "context")
    settings: KnowledgeGraphSettings
    settings_class: ClassVar[type] = KnowledgeGraphSettings

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """Beside what every model takes: vectors of further node types, edges both ways, those of a batch's answers."""
        settings, schema = self.settings, snapshot.schema
        ends, interactions = (schema.recommend_to, schema.recommend), schema.by_role("interaction")
        single = interactions if len(interactions) == 1 else {}
        nodes = sum(len(nodes) for name, nodes in snapshot.nodes.items() if name not in ends)
        edges = sum(snapshot.matrix_entries(name) for name in schema.edges if name not in single)
        answers = (2 * edges + pairs) / settings.batches if settings.relations_weight else 0.0
        vectors = 4.0 * settings.dimensions * (7.0 * nodes + 3.0 * answers)
        return super()._memory(snapshot, pairs) + vectors + 40.0 * (edges + pairs)

    def _known_users(self, snapshot: GraphSnapshot) -> Mask:
        """Also those who have an edge of any other type, where these are learnt from."""
        return super()._known_users(snapshot) | self._joined(snapshot, snapshot.schema.recommend_to)

    def _known_items(self, snapshot: GraphSnapshot) -> Mask:
        """Also those that have an edge of any other type, where these are learnt from."""
        return super()._known_items(snapshot) | self._joined(snapshot, snapshot.schema.recommend)

    def _joined(self, snapshot: GraphSnapshot, node_type: str) -> Mask:
        """Which nodes of a type (n,) stand at an end of a positive edge that is learnt from and no interaction.

        Where an edge type joins everything with everything, there are no wrong answers to learn from.
        """
        joined = np.zeros(len(snapshot.nodes[node_type]), dtype=bool)
        for name, kind in snapshot.schema.edges.items():
            if snapshot.schema.roles[name] != "interaction" and self.settings.relations_weight:
                edges = snapshot.matrix(name)
                tells = edges.nnz < edges.shape[0] * edges.shape[1]
                for end, axis in ((kind.source, 1), (kind.target, 0)):
                    if end == node_type and tells:
                        joined |= edges.getnnz(axis=axis) > 0
        return joined
