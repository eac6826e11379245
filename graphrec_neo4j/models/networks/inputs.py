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
    without: Volkovs et al.: DropoutNet, NIPS 2017. Its features are those of :func:`mixed_up` then, with a
    ``feature_mixup``.
    """

    def __init__(
        self, inputs: NodeInputs, heard: Tensor, dimensions: int, id_dropout: float, feature_mixup: float = 0.0
    ) -> None:
        super().__init__()
        self.inputs, self.heard = inputs, heard.float()[:, None]
        self.id_dropout, self.feature_mixup = id_dropout, feature_mixup
        self.ids = nn.Parameter(SPREAD * torch.randn(len(heard), dimensions))
        self.categories = nn.ParameterList([SPREAD * torch.randn(bag.size, dimensions) for bag in inputs.bags])
        self.of_features = nn.Parameter(SPREAD * torch.randn(inputs.features.shape[1], dimensions))

    def forward(self) -> Tensor:
        """Return the sums (n, dimensions)."""
        x = self.ids * dropout(self.heard, self.id_dropout, self.training)
        for bag, table in zip(self.inputs.bags, self.categories, strict=True):
            x = x + mean_of(bag, table)
        features = self.inputs.features
        if self.training and self.feature_mixup:
            features = mixed_up(features, self.feature_mixup)
        return x + features @ self.of_features


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


def mixed_up(features: Tensor, alpha: float) -> Tensor:
    """Return ``w x_v + (1 - w) x_r`` for each of n nodes' ``features`` x (n, f), r being a random other node.

    ``w = max(l, 1 - l)`` with one l of Beta(``alpha``, ``alpha``) for all nodes. Mixup: Zhang et al., ICLR 2018 (arXiv
    1710.09412), section 2; of nodes: Wang et al., WWW 2021. They mix labels alike. Here a label is a link, and a link
    belongs to one node; it stays with v, of whom at least half is left.
    """
    count, device = len(features), features.device
    if count < 2:
        return features
    # In 64 bits, as draws of a small alpha come near 0 / 0, and a GPU divides in the precision that it is given.
    even = torch.full((), alpha, dtype=torch.float64, device=device)
    drawn = torch.distributions.Beta(even, even, validate_args=False).sample().to(features.dtype)
    other = (torch.arange(count, device=device) + torch.randint(1, count, (count,), device=device)) % count
    return torch.lerp(features[other], features, torch.maximum(drawn, 1 - drawn))
