"""What a network knows of nodes before it looks at their edges: ids, features and categories."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, embedding_bag

from graphrec_neo4j.models.networks.embeddings import SPREAD
from graphrec_neo4j.training.features import Bag, NodeInputs


class DescribedNodes(nn.Module):
    """The sum of what the ids, features and categories of n nodes say.

    An id that is ``heard`` (n,) of has a vector of its own, a category has one, whose mean counts, and features are
    mapped linearly. In training an id is passed over with chance ``id_dropout``, so that the others learn to do
    without: Volkovs et al.: DropoutNet, NIPS 2017.
    """

    def __init__(self, inputs: NodeInputs, heard: Tensor, dimensions: int, id_dropout: float) -> None:
        super().__init__()
        self.inputs, self.heard, self.id_dropout = inputs, heard.float()[:, None], id_dropout
        self.ids = nn.Parameter(SPREAD * torch.randn(len(heard), dimensions))
        self.categories = nn.ParameterList([SPREAD * torch.randn(bag.size, dimensions) for bag in inputs.bags])
        self.of_features = nn.Parameter(SPREAD * torch.randn(inputs.features.shape[1], dimensions))

    def forward(self) -> Tensor:
        """Return the sums (n, dimensions)."""
        x = self.ids * dropout(self.heard, self.id_dropout, self.training)
        for bag, table in zip(self.inputs.bags, self.categories, strict=True):
            x = x + mean_of(bag, table)
        return x + self.inputs.features @ self.of_features


class DescribedSides(nn.Module):
    """:class:`DescribedNodes` of users, then of items."""

    def __init__(self, users: DescribedNodes, items: DescribedNodes) -> None:
        super().__init__()
        self.users, self.items = users, items

    def forward(self) -> Tensor:
        """Return the sums (n_nodes, dimensions)."""
        return torch.cat([self.users(), self.items()])


def mean_of(bag: Bag, table: Tensor) -> Tensor:
    """Return the mean (n, d) of the vectors of each node's categories, weighted by their shares; 0 for none."""
    return embedding_bag(
        bag.members, table, bag.offsets, mode="sum", per_sample_weights=bag.shares, include_last_offset=True
    )
