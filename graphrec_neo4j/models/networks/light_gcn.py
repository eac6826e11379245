"""PyTorch Geometric's LightGCN with a propagation that knows that its matrix is symmetric."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from graphrec_neo4j.models.networks.combination import LayerWeights
from graphrec_neo4j.models.networks.connections import Connections
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.models.networks.propagation import SymmetricPropagation, carry

if TYPE_CHECKING:
    from graphrec_neo4j.models.lightgcn import LightGCNSettings

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn import LightGCN


class SymmetricLightGCN(LightGCN):
    """``torch_geometric.nn.LightGCN`` on an adjacency matrix that is already normalised.

    He et al., SIGIR 2020 (arXiv 2002.02126), equations 3 and 4: embeddings are carried along the edges
    ``layers`` times and the layers averaged. Measured on Gowalla's 1.6 million directed edges with 64
    dimensions, forward and backward take a twentieth of the time of LGConv on an edge index.
    """

    def __init__(self, n_nodes: int, dimensions: int, layers: int, generator: torch.Generator) -> None:
        """Start from normally distributed embeddings with a deviation of 0.1, as the authors' code does."""
        super().__init__(n_nodes, dimensions, layers)
        with torch.no_grad():
            self.embedding.weight.normal_(0.0, 0.1, generator=generator)
        # Not the registered buffer, which moves to the device: weights are read as plain numbers at every step.
        self.layer_weights = self.alpha.clone()

    def get_embedding(self, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """Return the final embeddings (n_nodes, d); ``edge_index`` is a :func:`normalised_adjacency`."""
        return SymmetricPropagation.apply(self.embedding.weight, edge_index, self.layer_weights)


class LightGCNEncoder(Encoder):
    """:class:`SymmetricLightGCN` over the graph of users and items, or the same with weights that it learns."""

    def __init__(self, edges: Tensor, adjacency: Tensor, n_users: int, settings: LightGCNSettings, seed: int) -> None:
        """``adjacency`` (n_nodes, n_nodes) is what :func:`normalised_adjacency` makes of ``edges``, users first."""
        super().__init__()
        start, n_nodes = torch.Generator().manual_seed(seed), adjacency.shape[0]
        self.network = SymmetricLightGCN(n_nodes, settings.dimensions, settings.layers, start)
        self.learnt_weights = LayerWeights(settings.layers + 1) if settings.layer_weights == "learned" else None
        self.adjacency, self.n_users = adjacency, n_users
        self.drops = (settings.edge_dropout, settings.node_dropout)
        self.connections = Connections.of(edges, n_nodes) if any(self.drops) else None

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the smoothed vectors of users and of items."""
        adjacency = self.adjacency
        if self.training and self.connections:
            adjacency = self.connections.without(*self.drops).symmetric
        if self.learnt_weights is None:
            return self._sides(self.network.get_embedding(adjacency))
        carried = self._carried(self.network.embedding.weight, adjacency)
        return self._sides(torch.tensordot(self.learnt_weights(), torch.stack(carried), dims=1))

    def embeddings(self) -> Tensor:
        """Return what is learnt (n_nodes, d), before any propagation."""
        return self.network.embedding.weight.detach()

    def weights(self) -> Tensor:
        """Return the weights (layers + 1,) of the embeddings carried 0, 1, ... ``layers`` times."""
        return self.network.layer_weights if self.learnt_weights is None else self.learnt_weights()

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the embeddings carried 0, 1, ... ``layers`` times."""
        return [self._sides(x) for x in self._carried(self.embeddings(), self.adjacency)]

    def _carried(self, x: Tensor, adjacency: Tensor) -> list[Tensor]:
        carried = [x]
        for _ in range(self.network.num_layers):
            carried.append(carry(carried[-1], adjacency))
        return carried

    def _sides(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[: self.n_users], x[self.n_users :]
