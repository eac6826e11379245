"""Matrix factorisation: learnt vectors without a graph, the baseline of every graph network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.settings import TrainingSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.embeddings import Embeddings
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class MatrixFactorisationSettings(TrainingSettings):
    """``history`` is the share of what a user likes in her vector, as SimpleX has it: 0 is plain matrix factorisation.

    SimpleX: Mao et al., CIKM 2021 (arXiv 2109.12613), whose own loss is ``"ccl"``.
    """

    history: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.history <= 1:
            raise ModelError("history is a share, between 0 and 1.")


class MatrixFactorisation(TrainedModel):
    """``score(u, i) = z_u . e_i``, with ``z_u = (1 - h) e_u + h * mean of e_j over her items j`` for a ``history`` h.

    With ``loss`` ``"bpr"`` it is BPR-MF; with softmax it is what BSL's and SimpleX's papers compare with.
    """

    name = "mf"
    line = "matrix factorisation: a learnt vector for every user and item, no graph"
    paper = "Rendle, Freudenthaler, Gantner, Schmidt-Thieme: BPR, UAI 2009 (arXiv 1205.2618)"
    uses = ("interactions",)
    settings: MatrixFactorisationSettings
    settings_class: ClassVar[type] = MatrixFactorisationSettings

    def _network(self, graph: TrainingGraph) -> Embeddings:
        if self.settings.history:
            from graphrec_neo4j.models.networks.history import HistoryEmbeddings

            return HistoryEmbeddings(graph, self.settings.dimensions, self.settings.history)
        from graphrec_neo4j.models.networks.embeddings import Embeddings

        return Embeddings(graph.n_users, graph.n_items, self.settings.dimensions)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """As for every trained model, and the histories with their transpose."""
        return super()._memory(snapshot, pairs) + 60.0 * pairs * (self.settings.history > 0)
