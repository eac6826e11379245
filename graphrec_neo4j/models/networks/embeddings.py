"""A table of vectors: what is left of a graph network without the graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphrec_neo4j.models.networks.encoder import Encoder

SPREAD = 0.1
"""The standard deviation of initial embeddings, as in the LightGCN authors' code."""


class Embeddings(Encoder):
    """A learnt vector for each user and item."""

    def __init__(self, n_users: int, n_items: int, dimensions: int) -> None:
        super().__init__()
        self.users = nn.Parameter(SPREAD * torch.randn(n_users, dimensions))
        self.items = nn.Parameter(SPREAD * torch.randn(n_items, dimensions))

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the two tables."""
        return self.users, self.items
