"""What becomes of all layers: one table of vectors."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from graphrec_neo4j.models.convolutional import DepthSettings

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn import JumpingKnowledge

Combination = Callable[[list[Tensor]], Tensor]
"""From the input and all layers, each (n, d), to one table; a module where it has something to learn."""


def combination_for(settings: DepthSettings) -> Combination:
    """Return what ``settings.combine`` names."""
    layers = settings.layers + 1
    makers: dict[str, Callable[[], Combination]] = {
        "last": lambda: last,
        "mean": lambda: mean,
        "learned": lambda: Weighted(layers),
        "concatenated": lambda: JumpingKnowledge("cat"),
        "projected": lambda: Projected(layers, settings.dimensions),
    }
    return makers[settings.combine]()


def last(layers: list[Tensor]) -> Tensor:
    """Return the last of ``layers``."""
    return layers[-1]


def mean(layers: list[Tensor]) -> Tensor:
    """Return the mean of ``layers``."""
    return torch.stack(layers).mean(dim=0)


class LayerWeights(nn.Module):
    """Weights of layers that are learnt, above 0 and with a sum of 1, all the same at first."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(layers))

    def forward(self) -> Tensor:
        """Return the weights (layers,)."""
        return self.logits.softmax(dim=0)


class Weighted(nn.Module):
    """A mean of all layers with :class:`LayerWeights`."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.weights = LayerWeights(layers)

    def forward(self, layers: list[Tensor]) -> Tensor:
        """Return the weighted mean of ``layers``, each (n, d), as (n, d)."""
        return torch.tensordot(self.weights(), torch.stack(layers), dims=1)


class Projected(nn.Module):
    """All layers side by side, mapped to the length of one: jumping knowledge by concatenation."""

    def __init__(self, layers: int, dimensions: int) -> None:
        super().__init__()
        self.join, self.map = JumpingKnowledge("cat"), nn.Linear(layers * dimensions, dimensions)

    def forward(self, layers: list[Tensor]) -> Tensor:
        """Return (n, d) of ``layers``, each (n, d)."""
        return self.map(self.join(layers))
