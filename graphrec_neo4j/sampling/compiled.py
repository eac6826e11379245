"""``pyg-lib``'s neighbour sampling, where it is installed; its wheels are not on PyPI, so nothing here needs it."""

from __future__ import annotations

from typing import Any, Protocol

import torch_geometric.typing
from torch import Tensor
from torch_geometric.sampler import HeteroSamplerOutput, NeighborSampler, SamplerOutput
from torch_geometric.sampler.base import NumNeighbors


class CompiledSampler(Protocol):
    """What draws uniformly, with no times and nothing left out."""

    def sample(self, seed: Tensor | dict[str, Tensor]) -> SamplerOutput | HeteroSamplerOutput:
        """Return the neighbourhood of ``seed``, edges numbered as in the original edge index."""


class PygLibSampler:
    """PyTorch Geometric's own sampler over ``pyg-lib``."""

    def __init__(self, data: Any, num_neighbors: NumNeighbors, replace: bool, disjoint: bool) -> None:
        self._sampler = NeighborSampler(data, num_neighbors, replace=replace, disjoint=disjoint)

    def sample(self, seed: Tensor | dict[str, Tensor]) -> SamplerOutput | HeteroSamplerOutput:
        """Return the neighbourhood of ``seed``; draws from torch's global generator."""
        sampled = self._sampler._sample(seed)
        order = self._sampler.edge_permutation
        if isinstance(order, dict):
            for kind, edge in sampled.edge.items():
                sampled.edge[kind] = edge if order.get(kind) is None else order[kind][edge]
        elif order is not None:
            sampled.edge = order[sampled.edge]
        return sampled


def compiled_sampler(data: Any, num_neighbors: NumNeighbors, replace: bool, disjoint: bool) -> CompiledSampler | None:
    """Return ``pyg-lib``'s sampler if that can be imported, as PyTorch Geometric found out, else None."""
    if not torch_geometric.typing.WITH_PYG_LIB:
        return None
    return PygLibSampler(data, num_neighbors, replace, disjoint)
