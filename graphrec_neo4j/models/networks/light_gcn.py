"""PyTorch Geometric's LightGCN with a propagation that knows that its matrix is symmetric."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.models.networks.propagation import SymmetricPropagation

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
    """:class:`SymmetricLightGCN` over the bipartite graph of users and items."""

    def __init__(self, adjacency: Tensor, n_users: int, dimensions: int, layers: int, seed: int) -> None:
        """``adjacency`` (n_nodes, n_nodes) as :func:`normalised_adjacency` makes it, users first."""
        super().__init__()
        start = torch.Generator().manual_seed(seed)
        self.network = SymmetricLightGCN(adjacency.shape[0], dimensions, layers, start)
        self.adjacency, self.n_users = adjacency, n_users

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the smoothed vectors of users and of items."""
        final = self.network.get_embedding(self.adjacency)
        return final[: self.n_users], final[self.n_users :]

    def embeddings(self) -> Tensor:
        """Return what is learnt (n_nodes, d), before any propagation."""
        return self.network.embedding.weight.detach()

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the embeddings carried 0, 1, ... ``layers`` times."""
        carried = [self.embeddings()]
        for _ in range(self.network.num_layers):
            carried.append(self.adjacency @ carried[-1])
        return [(layer[: self.n_users], layer[self.n_users :]) for layer in carried]
