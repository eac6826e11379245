"""PinSage: layers over the neighbours that random walks find important."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from graphrec_neo4j.models.networks.depth import DeepEncoder
from graphrec_neo4j.models.networks.propagation import carry, square_matrix

if TYPE_CHECKING:
    from graphrec_neo4j.models.pinsage import PinSageSettings


@dataclass(frozen=True, eq=False)
class ImportanceNeighbours:
    """Each node's most visited nodes: ``node`` and ``neighbour`` (m,), by node, and their ``visits`` (m,).

    ``by_neighbour`` (m,) is the order of all entries by neighbour, and then by node.
    """

    n_nodes: int
    node: Tensor
    neighbour: Tensor
    visits: Tensor
    by_neighbour: Tensor

    @classmethod
    def of(cls, edges: Tensor, visits: Tensor, n_nodes: int) -> Self:
        """Take ``edges`` (2, m) from neighbours to nodes, and their ``visits`` (m,)."""
        order = (edges[1] * n_nodes + edges[0]).argsort()
        (neighbour, node), visits = edges[:, order], visits[order]
        return cls(n_nodes, node, neighbour, visits, (neighbour * n_nodes + node).argsort())

    @cached_property
    def shares(self) -> Tensor:
        """Each entry's share of its node's visits (m,)."""
        total = torch.zeros(self.n_nodes, device=self.visits.device).index_add_(0, self.node, self.visits)
        return self.visits / total.clamp(min=1)[self.node]

    @cached_property
    def pooling(self) -> tuple[Tensor, Tensor]:
        """The shares as a sparse CSR matrix (n, n) of nodes by neighbours, and its transpose."""
        back = self.by_neighbour
        forth = square_matrix(self._pointers(self.node), self.neighbour, self.shares)
        return forth, square_matrix(self._pointers(self.neighbour), self.node[back], self.shares[back])

    def without(self, edges: float, nodes: float) -> Self:
        """Drop each entry with chance ``edges`` and all of a node with chance ``nodes``: as if never visited."""
        if not edges and not nodes:
            return self
        stays = torch.rand(len(self.node), device=self.node.device) >= edges
        there = torch.rand(self.n_nodes, device=self.node.device) >= nodes
        return replace(self, visits=self.visits * (stays & there[self.node] & there[self.neighbour]))

    def _pointers(self, rows: Tensor) -> Tensor:
        counts = torch.bincount(rows, minlength=self.n_nodes)
        return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


class PinSageConv(nn.Module):
    """``W [x, mean of relu(Q x' + q) over the neighbours x' by importance] + w``: Algorithm 1, lines 1 and 2."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.of_neighbour = nn.Linear(dimensions, dimensions)
        self.of_both = nn.Linear(2 * dimensions, dimensions)

    def forward(self, x: Tensor, neighbours: ImportanceNeighbours) -> Tensor:
        """Return (n, d) of ``x`` (n, d)."""
        heard = carry(relu(self.of_neighbour(x)), *neighbours.pooling)
        return self.of_both(torch.cat([x, heard], dim=1))


class Head(nn.Module):
    """``z + G_2 relu(G_1 z + g)``, with G_2 all 0 at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.second.weight)

    def forward(self, z: Tensor) -> Tensor:
        """Return (n, width) of ``z`` (n, width)."""
        return z + self.second(relu(self.first(z)))


def pinsage(neighbours: ImportanceNeighbours, n_users: int, first: nn.Module, settings: PinSageSettings) -> DeepEncoder:
    """Return the network over ``neighbours``, users first, of what ``first`` says of each node.

    A layer is Algorithm 1, and what comes last line 17 of Algorithm 2, to which :class:`Head` adds what goes in.
    """
    dimensions = settings.dimensions

    def activation(x: Tensor) -> Tensor:
        return normalize(relu(x))

    return DeepEncoder(
        n_users,
        settings,
        neighbours,
        first,
        [PinSageConv(dimensions) for _ in range(settings.layers)],
        [activation] * settings.layers,
        Head(settings.width),
    )
