"""``TrainingGraph``: what a network is built on, as tensors on the device where it learns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor

from graphrec_neo4j.models.networks.propagation import normalised_adjacency
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.known import KnownPairs


@dataclass(frozen=True, eq=False)
class TrainingGraph:
    """The ``known`` pairs of ``snapshot`` to learn from, and their bipartite graph.

    Its nodes are the users, then the items, also where both are of one type. Ties, categories and features are in
    ``snapshot``. ``seed`` is that of the training.
    """

    snapshot: GraphSnapshot
    known: KnownPairs
    seed: int
    device: torch.device

    @classmethod
    def of(cls, snapshot: GraphSnapshot, seed: int, device: torch.device | str) -> Self:
        """Take every positive interaction of ``snapshot``, however strong, as one pair."""
        return cls(snapshot, KnownPairs.of(pattern(snapshot.interactions), device), seed, torch.device(device))

    @property
    def n_users(self) -> int:
        """How many users there are."""
        return len(self.snapshot.users)

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.snapshot.items)

    @property
    def n_nodes(self) -> int:
        """Users and items."""
        return self.n_users + self.n_items

    @cached_property
    def edges(self) -> Tensor:
        """Both directions (2, 2m) of all known pairs, item rows counted on after the users."""
        edges = torch.from_numpy(bipartite_edges(pattern(self.snapshot.interactions)))
        return edges.to(self.device)

    @cached_property
    def adjacency(self) -> Tensor:
        """``D^-1/2 A D^-1/2`` of the bipartite graph as sparse CSR (n_nodes, n_nodes)."""
        return normalised_adjacency(self.edges.cpu(), self.n_nodes).to(self.device)


def bipartite_edges(liked: sparse.csr_matrix) -> npt.NDArray[np.int64]:
    """Both directions (2, 2m) of all pairs of ``liked``, item rows counted on after the users."""
    pairs = liked.tocoo()
    user, item = pairs.row.astype(np.int64), pairs.col.astype(np.int64) + liked.shape[0]
    return np.stack([np.concatenate([user, item]), np.concatenate([item, user])])
