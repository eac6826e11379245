"""RotatE: a relation turns its heads into their tails, in complex numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.knowledge_graph import DistanceSettings, KnowledgeGraphModel

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.knowledge_graph import Rotation
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class RotatESettings(DistanceSettings):
    """Those of every model of distances over a knowledge graph; ``dimensions`` are real and imaginary parts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimensions % 2:
            raise ModelError(
                "rotate needs an even number of dimensions, a half for real and a half for imaginary parts."
            )


class RotatE(KnowledgeGraphModel):
    """``score(u, i)`` ranks items as ``-|e_u exp(i r) - e_i|^2`` does, with a complex vector e for each node and a
    phase r for each dimension of INTERACTED.

    Real parts are the first half of a vector, imaginary ones the second. All vectors are compared at length one, which
    turning does not change, so this ranking is that of the dot product and of the cosine by which a vector index
    searches. What ``item_length`` keeps of an item's length favours popular items; with 0 the score is the cosine.
    """

    name = "rotate"
    line = "all nodes and relations of the graph: a relation turns a head into its tails"
    paper = "Sun, Deng, Nie, Tang: RotatE, ICLR 2019 (arXiv 1902.10197)"
    settings: RotatESettings
    settings_class: ClassVar[type] = RotatESettings

    def _network(self, graph: TrainingGraph) -> Rotation:
        from graphrec_neo4j.models.networks.knowledge_graph import Rotation

        return Rotation(graph, self.settings)
