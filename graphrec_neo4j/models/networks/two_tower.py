"""Two towers: users and items each made of their own inputs, meeting in a dot product."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from graphrec_neo4j.models.networks.embeddings import SPREAD
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.training.features import Bag, NodeInputs


class Tower(nn.Module):
    """``z = x + W_2 relu(W_1 x)``, with x the sum of what a node's id, features and categories say.

    An id that is ``heard`` (n,) of has a vector of its own, a category has one, whose mean counts, and features are
    mapped linearly. In training an id is passed over with chance ``id_dropout``, so that the others learn to do
    without: Volkovs et al.: DropoutNet, NIPS 2017.
    """

    def __init__(self, inputs: NodeInputs, heard: Tensor, dimensions: int, hidden: int, id_dropout: float) -> None:
        super().__init__()
        self.inputs, self.heard, self.id_dropout = inputs, heard.float()[:, None], id_dropout
        self.ids = nn.Parameter(SPREAD * torch.randn(len(heard), dimensions))
        self.categories = nn.ParameterList([SPREAD * torch.randn(bag.size, dimensions) for bag in inputs.bags])
        self.of_features = nn.Parameter(SPREAD * torch.randn(inputs.features.shape[1], dimensions))
        self.first, self.second = nn.Linear(dimensions, hidden), nn.Linear(hidden, dimensions, bias=False)
        nn.init.zeros_(self.second.weight)

    def forward(self) -> Tensor:
        """Return the vectors (n, dimensions) of all nodes."""
        x = self.ids * dropout(self.heard, self.id_dropout, self.training)
        for bag, table in zip(self.inputs.bags, self.categories, strict=True):
            x = x + _mean(bag, table)
        x = x + self.inputs.features @ self.of_features
        return x + self.second(torch.relu(self.first(x)))


class TwoTowers(Encoder):
    """A :class:`Tower` for users and one for items."""

    def __init__(self, users: Tower, items: Tower) -> None:
        super().__init__()
        self.users, self.items = users, items

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the vectors of users and of items."""
        return self.users(), self.items()


def _mean(bag: Bag, table: Tensor) -> Tensor:
    """The mean (n, d) of the vectors of each node's categories, weighted by their shares; 0 for none."""
    return nn.functional.embedding_bag(
        bag.members, table, bag.offsets, mode="sum", per_sample_weights=bag.shares, include_last_offset=True
    )
