"""What is kept of a trained network beside its vectors, and the network again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy.typing as npt
import torch

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.models.networks.knowledge_graph import KnowledgeGraph
from graphrec_neo4j.models.networks.views import has_view
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.graph import TrainingGraph
from graphrec_neo4j.training.seeds import seeded

_CPU = torch.device("cpu")


def kept_of(network: Encoder) -> dict[str, npt.NDArray]:
    """Return the parameters of ``network`` by name, or none where its vectors are all that there is to ask."""
    if not has_view(network) and not isinstance(network, KnowledgeGraph):
        return {}
    return {name: values.detach().cpu().numpy() for name, values in network.state_dict().items()}


def rebuilt(
    build: Callable[[TrainingGraph], Encoder],
    parameters: Mapping[str, npt.NDArray],
    snapshot: GraphSnapshot,
    seed: int,
) -> tuple[Encoder, TrainingGraph]:
    """Return what ``build`` makes on ``snapshot`` with ``parameters``, and the graph; raises ModelError without any."""
    if not parameters:
        raise ModelError("of its training only vectors were kept, so there is no network to be asked.")
    with seeded(seed, _CPU):
        graph = TrainingGraph.of(snapshot, seed, _CPU)
        network = build(graph)
    network.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in parameters.items()})
    return network.eval().requires_grad_(False), graph
