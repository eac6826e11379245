"""DistMult: a relation weighs the dimensions in which its heads and tails agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.models.knowledge_graph import KnowledgeGraphModel, KnowledgeGraphSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.knowledge_graph import Diagonal
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class DistMultSettings(KnowledgeGraphSettings):
    """Those of every model over a knowledge graph."""


class DistMult(KnowledgeGraphModel):
    """``score(u, i) = sum over k of e_uk r_k e_ik``, with a vector e for every node and r for INTERACTED.

    The query ``e_u r`` is what is published of a user. A loss on cosines makes the cosine of query and item large;
    bpr the score itself.
    """

    name = "distmult"
    line = "all nodes and relations of the graph: a relation weighs what a head and a tail share"
    paper = "Yang, Yih, He, Gao, Deng: Embedding Entities and Relations, ICLR 2015 (arXiv 1412.6575)"
    settings: DistMultSettings
    settings_class: ClassVar[type] = DistMultSettings

    def _network(self, graph: TrainingGraph) -> Diagonal:
        from graphrec_neo4j.models.networks.knowledge_graph import Diagonal

        return Diagonal(graph, self.settings)
