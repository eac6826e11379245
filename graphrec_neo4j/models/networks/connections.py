"""``Connections``: who hears whom in a layer, and what is left of it when edges or nodes drop out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import torch
from torch import Tensor

from graphrec_neo4j.models.networks.propagation import square_matrix


class Droppable(Protocol):
    """What a layer runs along."""

    def without(self, edges: float, nodes: float) -> Self:
        """Return what is left when each edge drops out with chance ``edges``, and each node with chance ``nodes``."""
        ...


@dataclass(frozen=True, eq=False)
class Connections:
    """An undirected graph of n nodes, node by node: ``pointers`` (n + 1,), and for each of m entries a neighbour.

    ``neighbour`` (m,) is sorted in a row; ``pair`` (m,) names the undirected edge, the same in both directions, of
    which there are ``pairs``. A self-loop is one entry whose edge never drops out: its name is ``pairs`` or more.
    """

    pointers: Tensor
    neighbour: Tensor
    pair: Tensor
    pairs: int

    @classmethod
    def of(cls, edges: Tensor, n_nodes: int, loops: bool = False) -> Self:
        """Take ``edges`` (2, 2p), all in one direction and then all in the other; ``loops`` joins each node to itself.

        A node's loop stands among its other entries, by row.
        """
        pairs = edges.shape[1] // 2
        pair = torch.arange(pairs, device=edges.device).repeat(2)
        if loops:
            own = torch.arange(n_nodes, device=edges.device)
            edges, pair = torch.cat([edges, own.expand(2, -1)], dim=1), torch.cat([pair, pairs + own])
        order = (edges[0] * n_nodes + edges[1]).argsort()
        degrees = torch.bincount(edges[0], minlength=n_nodes)
        return cls(_summed(degrees), edges[1][order], pair[order], pairs)

    @property
    def n_nodes(self) -> int:
        """How many nodes there are, with or without edges."""
        return len(self.pointers) - 1

    @cached_property
    def degrees(self) -> Tensor:
        """The entries of each node (n,), its self-loop among them."""
        return self.pointers.diff()

    @cached_property
    def node(self) -> Tensor:
        """The node to which each entry belongs (m,)."""
        return torch.repeat_interleave(torch.arange(self.n_nodes, device=self.pointers.device), self.degrees)

    @cached_property
    def edge_index(self) -> Tensor:
        """From each neighbour to its node (2, m), sorted by node, as PyTorch Geometric spells it."""
        return torch.stack([self.neighbour, self.node])

    def leading(self, n_users: int) -> Tensor:
        """Return which entries (m,) lead from another node to one of the ``n_users`` first, where items come after."""
        return (self.node < n_users) & (self.neighbour >= n_users)

    @cached_property
    def symmetric(self) -> Tensor:
        """``D^-1/2 A D^-1/2`` as sparse CSR (n, n)."""
        roots = self.degrees.clamp(min=1).float().rsqrt()
        return square_matrix(self.pointers, self.neighbour, roots[self.node] * roots[self.neighbour])

    @cached_property
    def pattern(self) -> Tensor:
        """``A`` as sparse CSR (n, n) of ones."""
        return square_matrix(
            self.pointers, self.neighbour, torch.ones(len(self.neighbour), device=self.pointers.device)
        )

    def without(self, edges: float, nodes: float) -> Self:
        """Drop each undirected edge with chance ``edges``, and each node with all its edges with chance ``nodes``.

        DropEdge: Rong et al., ICLR 2020 (arXiv 1907.10903), section 4.1; degrees are those of what is left. Node
        dropout: Wu et al., SGL, SIGIR 2021 (arXiv 2010.10783), equation 5. Nodes keep their self-loops.
        """
        if not edges and not nodes:
            return self
        device = self.pointers.device
        stays = (torch.rand(self.pairs, device=device) >= edges)[self.pair.clamp(max=self.pairs - 1)]
        there = torch.rand(self.n_nodes, device=device) >= nodes
        stays = (stays & there[self.node] & there[self.neighbour]) | (self.pair >= self.pairs)
        pointers = _summed(stays)[self.pointers]
        return type(self)(pointers, self.neighbour[stays], self.pair[stays], self.pairs)


def _summed(counts: Tensor) -> Tensor:
    """``counts`` (n,) as pointers (n + 1,)."""
    return torch.cat([counts.new_zeros(1, dtype=torch.int64), counts.cumsum(0)])
