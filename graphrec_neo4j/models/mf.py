"""Matrix factorisation: learnt vectors without a graph, the baseline of every graph network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.training.settings import TrainingSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.embeddings import Embeddings
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class MatrixFactorisationSettings(TrainingSettings):
    """Those of every trained model."""


class MatrixFactorisation(TrainedModel):
    """``score(u, i) = e_u . e_i``, with an embedding e of its own for every user and item.

    With ``loss`` ``"bpr"`` it is BPR-MF; with softmax it is what BSL's and SimpleX's papers compare with.
    """

    name = "mf"
    line = "matrix factorisation: a learnt vector for every user and item, no graph"
    paper = "Rendle, Freudenthaler, Gantner, Schmidt-Thieme: BPR, UAI 2009 (arXiv 1205.2618)"
    uses = ("interactions",)
    settings_class: ClassVar[type] = MatrixFactorisationSettings

    def _network(self, graph: TrainingGraph) -> Embeddings:
        from graphrec_neo4j.models.networks.embeddings import Embeddings

        return Embeddings(graph.n_users, graph.n_items, self.settings.dimensions)
