"""UltraGCN's network: a vector for everything, and a pull of what a user likes on what goes with it."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import softplus

from graphrec_neo4j.models.item_products import best_products
from graphrec_neo4j.models.networks.embeddings import Embeddings
from graphrec_neo4j.progress import silent
from graphrec_neo4j.training.known import KnownPairs


class CoOccurrenceEmbeddings(Embeddings):
    """:class:`Embeddings` whose users are drawn also to ``neighbours`` (n_items, n_items) of what they like.

    ``auxiliary = weight * mean over pairs (u, i) of sum_j omega_ij log(1 + exp(-e_u . e_j))``, the paper's equation 13.
    Of each pair's neighbours one is drawn, by omega, and counts for all: on average the same, for less work.
    """

    def __init__(self, known: KnownPairs, neighbours: sparse.csr_matrix, dimensions: int, weight: float) -> None:
        super().__init__(len(known.degrees), known.n_items, dimensions)
        self.known, self.weight = known, weight
        device = known.items.device
        self.pointers = torch.from_numpy(neighbours.indptr.astype(np.int64)).to(device)
        self.neighbours = torch.from_numpy(neighbours.indices.astype(np.int64)).to(device)
        ends = np.concatenate(([0.0], np.cumsum(neighbours.data, dtype=np.float64)))
        self.ends = torch.from_numpy(ends).to(device)

    def auxiliary(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor | None:
        """Return the pull of one neighbour of each interaction of ``batch``."""
        row, item = self.known.of_users(batch)
        start, end = self.ends[self.pointers[item]], self.ends[self.pointers[item + 1]]
        omega, chance = end - start, torch.rand(len(item), device=item.device, dtype=torch.float64)
        if not len(self.neighbours):
            return None
        drawn = torch.searchsorted(self.ends, start + chance * omega, right=True) - 1
        drawn = torch.minimum(drawn, self.pointers[item + 1] - 1).clamp(min=0)
        pulled = softplus(-(users[batch][row] * items[self.neighbours[drawn]]).sum(1))
        return self.weight * (omega.float() * pulled).mean()


def co_occurrence(liked: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """Return the k items that go best with each, as ``omega`` (n_items, n_items), of a pattern (n_users, n_items).

    ``omega_ij = G_ij / (g_i - G_ii) * sqrt(g_i / g_j)``, with G = liked.T @ liked and g its sums of rows; an item does
    not go with itself. Mao et al., CIKM 2021 (arXiv 2110.15114), equations 11 and 12.
    """
    sums = liked.T @ np.asarray(liked.sum(axis=1), dtype=np.float64).ravel()
    users = liked.astype(np.float64)
    of_columns = sparse.diags(1 / np.sqrt(np.maximum(sums, 1)))
    best = best_products(users.T.tocsr(), (users @ of_columns).tocsr(), k, silent)
    others = sums - np.asarray(liked.sum(axis=0), dtype=np.float64).ravel()
    return (sparse.diags(np.sqrt(sums) / np.maximum(others, 1)) @ best).tocsr()
