"""SimGCL and XSimGCL: LightGCN that learns to know its own nodes through noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.propagated import PropagatedModel
from graphrec_neo4j.models.taste import TasteVectors
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.loss_settings import LEAST_TEMPERATURE
from graphrec_neo4j.training.settings import TrainingSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.perturbed import PerturbedEncoder
    from graphrec_neo4j.training.graph import TrainingGraph
    from graphrec_neo4j.training.learning import Learnt


@dataclass(frozen=True)
class SimGCLSettings(TrainingSettings):
    """``layers`` of propagation, each moved by ``noise`` in training.

    Beside the loss, weighted by ``contrast``, every node is to be known among a batch's at a ``contrast_temperature``:
    by its layer ``contrasted_layer`` (XSimGCL), or with 0 by a second pass (SimGCL), which costs two more propagations.
    """

    layers: int = 3
    noise: float = 0.1
    contrast: float = 0.1
    contrast_temperature: float = 0.2
    contrasted_layer: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layers < 1 or not 0 <= self.contrasted_layer <= self.layers:
            raise ModelError("layers must be 1 or more, and contrasted_layer one of them, or 0 for SimGCL.")
        if min(self.noise, self.contrast) < 0 or not self.contrast_temperature >= LEAST_TEMPERATURE:
            raise ModelError(
                f"noise and contrast must be 0 or more, and contrast_temperature at least {LEAST_TEMPERATURE:g}."
            )


class SimGCL(PropagatedModel):
    """``score(u, i) = z_u . z_i``, with z the mean of a node's embedding carried 1 to ``layers`` steps."""

    name = "simgcl"
    line = "LightGCN with noise in every layer and a contrast between views (XSimGCL, SimGCL)"
    paper = (
        "Yu, Xia, Chen, Cui, Hung, Yin: XSimGCL, TKDE 2024 (arXiv 2209.02544); SimGCL, SIGIR 2022 (arXiv 2112.08679)"
    )
    uses = ("interactions",)
    cost = "epochs x batches steps, each over a batch of users and, layer by layer, over all edges"
    settings: SimGCLSettings
    settings_class: ClassVar[type] = SimGCLSettings

    def _network(self, graph: TrainingGraph) -> PerturbedEncoder:
        from graphrec_neo4j.models.networks.perturbed import PerturbedEncoder

        return PerturbedEncoder(graph.adjacency, graph.known, self.settings)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """As for every trained model, what noise keeps of each layer, and a batch against itself."""
        settings, passes = self.settings, 1 if self.settings.contrasted_layer else 3
        kept = 16.0 * settings.dimensions * (self.n_users + self.n_items) * settings.layers * passes
        return super()._memory(snapshot, pairs) + kept + 16.0 * (self.n_users / settings.batches) ** 2

    def _parts(self, snapshot: GraphSnapshot, learnt: Learnt) -> TasteVectors:
        """From the learnt embeddings, which themselves are no part of the mean."""
        embeddings = cast("PerturbedEncoder", learnt.network).embedding.detach().cpu().numpy()
        weights = np.full(self.settings.layers + 1, 1 / self.settings.layers, dtype=np.float32)
        weights[0] = 0
        return self._propagate(self.tastes.history, embeddings, weights)
