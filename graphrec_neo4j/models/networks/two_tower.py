"""Two towers: users and items each made of their own inputs, meeting in a dot product."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.models.networks.inputs import DescribedNodes


class Tower(nn.Module):
    """``z = x + W_2 relu(W_1 x)``, with x what :class:`DescribedNodes` make of ids, features and categories."""

    def __init__(self, described: DescribedNodes, dimensions: int, hidden: int) -> None:
        super().__init__()
        self.described = described
        self.first, self.second = nn.Linear(dimensions, hidden), nn.Linear(hidden, dimensions, bias=False)
        nn.init.zeros_(self.second.weight)

    def forward(self) -> Tensor:
        """Return the vectors (n, dimensions) of all nodes."""
        x = self.described()
        return x + self.second(torch.relu(self.first(x)))


class TwoTowers(Encoder):
    """A :class:`Tower` for users and one for items."""

    def __init__(self, users: Tower, items: Tower) -> None:
        super().__init__()
        self.users, self.items = users, items

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the vectors of users and of items."""
        return self.users(), self.items()
