"""How alike a network's layers make all nodes: over-smoothing, measured."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from graphrec_neo4j.models.networks.encoder import Encoder


def smoothing_of(network: Encoder) -> tuple[float, ...]:
    """Return the :func:`mean_cosine` after each layer of ``network``, the mean of users' and of items'.

    On a bipartite graph the two sides end in directions of their own, so a pair across them tells nothing. None where
    the network tells no layers.
    """
    network.eval()
    with torch.no_grad():
        return tuple((mean_cosine(users) + mean_cosine(items)) / 2 for users, items in network.layers())


def mean_cosine(vectors: Tensor) -> float:
    """Return the mean cosine of all pairs of different rows of ``vectors`` (n, d), leaving out rows of zeros.

    1 means that all nodes have become one. Linear in n, since ``|sum x|^2`` holds all pairs: Chen et al., AAAI 2020
    (arXiv 1909.03211), measure the mean cosine distance so. NaN with fewer than two rows.
    """
    directions = normalize(vectors.double()[vectors.any(dim=1)])
    count = len(directions)
    together = directions.sum(dim=0).square().sum()
    return float((together - count) / (count * (count - 1))) if count > 1 else float("nan")
