"""SimpleX's network: a user is partly a vector of her own and partly the mean of what she likes."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from torch import Tensor

from graphrec_neo4j.models.networks.constant_matrix import ConstantMatrix
from graphrec_neo4j.models.networks.embeddings import Embeddings
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.training.graph import TrainingGraph


class HistoryEmbeddings(Embeddings):
    """``z_u = (1 - weight) e_u + weight * mean of e_i over all i that u likes``, and ``z_i = e_i``.

    The average pooling of Mao et al.: SimpleX, CIKM 2021 (arXiv 2109.12613), section 4, over the same vectors that are
    recommended and without the linear map of the mean. Also the item that is learnt at the moment is in the mean.
    """

    def __init__(self, graph: TrainingGraph, dimensions: int, weight: float) -> None:
        super().__init__(graph.n_users, graph.n_items, dimensions)
        self.weight = weight
        liked = pattern(graph.snapshot.interactions).astype(np.float32)
        counts = np.maximum(np.asarray(liked.sum(axis=1)).ravel(), 1)
        self.mean = ConstantMatrix.of(sparse.diags(1 / counts) @ liked, graph.device)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the vectors of users, with their histories in them, and of items."""
        return (1 - self.weight) * self.users + self.weight * self.mean(self.items), self.items
