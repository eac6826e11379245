"""TransE: a relation is a translation from its heads to their tails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.models.knowledge_graph import DistanceSettings, KnowledgeGraphModel

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.knowledge_graph import Translation
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class TransESettings(DistanceSettings):
    """Those of every model of distances over a knowledge graph."""


class TransE(KnowledgeGraphModel):
    """``score(u, i)`` ranks items as ``-|e_u + r - e_i|^2`` does, with a vector e for every node and r for INTERACTED.

    Vectors of nodes have length one, as Bordes et al. keep them. Then ``|q - e_i|^2 = |q|^2 + 1 - 2 q . e_i``, so the
    dot product of the query q and an item ranks as their distance does, and so does the cosine by which a vector index
    searches; similar items are those near each other. What ``item_length`` keeps of an item's length, as it was learnt
    before it was made one, favours popular items; with 0 the score is the cosine, and the ranking that of the distance.
    """

    name = "transe"
    line = "all nodes and relations of the graph: a relation carries a head to its tails"
    paper = "Bordes, Usunier, Garcia-Duran, Weston, Yakhnenko: Translating Embeddings, NIPS 2013"
    settings: TransESettings
    settings_class: ClassVar[type] = TransESettings

    def _network(self, graph: TrainingGraph) -> Translation:
        from graphrec_neo4j.models.networks.knowledge_graph import Translation

        return Translation(graph, self.settings)
