"""The edges of one pair's computation graph that carry its score, by the network that was trained. Needs torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.computation_graph import ComputationGraph, computation_graph
from graphrec_neo4j.models.deep_reasons import KEPT, CarryingEdge, MinimalSubgraph
from graphrec_neo4j.models.networks.edge_mask import mask_of
from graphrec_neo4j.models.networks.masked import NetworkView
from graphrec_neo4j.models.networks.views import view_of
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.learning import fitting_threads
from graphrec_neo4j.training.seeds import seeded
from graphrec_neo4j.training.settings import TrainingSettings

CANDIDATES = 1000
MOST_ENTRIES = {False: 300_000, True: 40_000}
"""How much of a computation graph is followed, by whether its network attends: a step of the mask goes through it."""

_STEPS, _RATE, _SIZE, _ENTROPY = 100, 0.1, 10.0, 0.1
_TINY = 1e-20

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class MaskedScore:
    """The score of one pair by the weights (e,) of the edges of a ``part`` of its computation graph, 1 as trained."""

    def __init__(self, view: NetworkView, settings: TrainingSettings, part: ComputationGraph) -> None:
        self.view, self.settings, self.part = view, settings, part
        self._vectors = view.on(part)

    def __call__(self, weights: Tensor) -> Tensor:
        """Return the score, a scalar, scaled as the model's own."""
        user, item = self._vectors(weights)
        if not self.settings.learns_cosines:
            return user @ item
        # Of a vector of zeros, as of a node that is only what it hears, the cosine is 0 and has a gradient of 0.
        lengths = [(each.square().sum() + _TINY).sqrt() for each in (user, item)]
        return user @ item / (lengths[0] * lengths[1] ** (1 - self.settings.item_length))

    @torch.no_grad()
    def of(self, kept: Rows) -> float:
        """Return the score of the edges ``kept`` (k,) alone."""
        return float(self(torch.zeros(len(self.part)).index_fill(0, torch.from_numpy(kept), 1.0)))

    @torch.no_grad()
    def without(self, gone: Rows) -> float:
        """Return the score of all edges but ``gone`` (k,)."""
        return float(self(torch.ones(len(self.part)).index_fill(0, torch.from_numpy(gone), 0.0)))

    def gradient(self) -> Tensor:
        """Return how fast the score rises with each edge (e,), where all are there."""
        weights = torch.ones(len(self.part), requires_grad=True)
        return torch.autograd.grad(self(weights), weights)[0]

    def alone(self, edges: Tensor) -> Callable[[Tensor], Tensor]:
        """Return the score by the weights (k,) of ``edges`` (k,), with no others there."""
        if not self.view.attends:
            return MaskedScore(self.view, self.settings, self.part.only(edges.numpy()))
        none = torch.zeros(len(self.part))
        return lambda weights: self(none.index_put((edges,), weights))


def minimal_subgraph(model: TrainedModel, snapshot: GraphSnapshot, user: int, item: int) -> MinimalSubgraph:
    """Find the edges that carry the score of ``item`` for ``user`` by a model that was fitted on ``snapshot``.

    Of the edges that its layers reach those that raise the score most, by its gradient, get a mask (:func:`mask_of`),
    without the others. In the order of their masks the shortest beginning is taken that alone brings KEPT of the way
    from the score without edges to the score, or if that is shorter, or the only way up, to what all of these bring.

    Raises ModelError where the model has no network over the graph, or knows nothing of the user or of the item.
    """
    view = view_over(model, snapshot)
    if not (model.parts.users[user].any() and model.parts.items[item].any()):
        raise ModelError("the model knows nothing of this user or of this item, so no edge has a say in the score.")
    with fitting_threads(snapshot.interactions.nnz), seeded(model.seed, torch.device("cpu")):
        return subgraph_of(score_over(view, model.settings, user, item))


def view_over(model: TrainedModel, snapshot: GraphSnapshot) -> NetworkView:
    """Return the network of ``model`` on the graph of its fit; raises ModelError where it has no layers over it."""
    view = view_of(*model.network_over(snapshot))
    if not view.hops:
        raise ModelError(f"this {model.name} has no layers over the graph, so no edge has a say in the score.")
    return view


def score_over(view: NetworkView, settings: TrainingSettings, user: int, item: int) -> MaskedScore:
    """Return the score of a pair by the edges that the layers of ``view`` reach."""
    most = MOST_ENTRIES[view.attends]
    part = computation_graph(view.channels, view.sizes, user, item, view.hops, most)
    return MaskedScore(view, settings, part)


def subgraph_of(score: MaskedScore) -> MinimalSubgraph:
    """Find the subgraph for ``score``, with random numbers of torch's global generator."""
    none: Rows = np.empty(0, dtype=np.int64)
    whole, bare = score.without(none), score.of(none)
    chosen, importance = _chosen(score, whole, bare)
    edges = tuple(
        CarryingEdge(*score.part.ends(edge), weight)
        for edge, weight in zip(chosen.tolist(), importance.tolist(), strict=True)
    )
    return MinimalSubgraph(
        edges,
        score=whole,
        only=score.of(chosen),
        without=score.without(chosen),
        bare=bare,
        reached=len(score.part),
        hops=score.view.hops,
        cap=score.part.cap,
    )


def _chosen(score: MaskedScore, whole: float, bare: float) -> tuple[Rows, Floats]:
    """The edges of the subgraph, most important first, and their masks."""
    slope = score.gradient() if len(score.part) else torch.zeros(0)
    raising = torch.argsort(-slope, stable=True)[:CANDIDATES]
    raising = raising[slope[raising] > 0]
    raised = score.of(raising.numpy())
    gain = (min(whole, raised) if whole > bare else raised) - bare
    if gain <= 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    alone = score.alone(raising)
    mask = mask_of(
        lambda weights: (alone(weights) - bare) / gain,
        len(raising),
        steps=_STEPS,
        rate=_RATE,
        size=_SIZE,
        entropy=_ENTROPY,
    )
    order = torch.argsort(-mask, stable=True)
    count = _shortest(alone, order, bare + KEPT * gain)
    return raising[order[:count]].numpy(), mask[order[:count]].numpy()


@torch.no_grad()
def _shortest(alone: Callable[[Tensor], Tensor], order: Tensor, wanted: float) -> int:
    """How many edges, in ``order`` (k,), have a score of ``wanted``; by halving, as it mostly rises with each."""
    low, high = 0, len(order)
    while high - low > 1:
        middle = (low + high) // 2
        weights = torch.zeros(len(order)).index_fill(0, order[:middle], 1.0)
        low, high = (low, middle) if float(alone(weights)) >= wanted else (middle, high)
    return high
