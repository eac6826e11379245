"""How LightGCN learns: network, loss, negatives and loop put together; what of it needs torch is here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import normalize

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.networks.light_gcn import SymmetricLightGCN, normalised_adjacency
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.training.known import KnownPairs
from graphrec_neo4j.training.loop import shuffled, train
from graphrec_neo4j.training.losses import LogSumOfNegatives, bpr, sampled_softmax
from graphrec_neo4j.training.negatives import UniformNegatives, known_among, shared_negatives

if TYPE_CHECKING:
    from graphrec_neo4j.models.lightgcn import LightGCNSettings

SMALL_GRAPH = 200_000
"""Interactions below which training runs on one thread."""


@dataclass(frozen=True, eq=False)
class Learning:
    """One training run's parts: ``network`` over ``adjacency`` and the ``known`` pairs that it learns from."""

    settings: LightGCNSettings
    network: SymmetricLightGCN
    adjacency: Tensor
    known: KnownPairs
    negatives: UniformNegatives
    generator: torch.Generator

    @classmethod
    def begin(cls, liked: sparse.csr_matrix, settings: LightGCNSettings, seed: int, device: str) -> Learning:
        """Set up training on ``liked`` (n_users, n_items), a binary matrix in canonical form."""
        start = torch.Generator().manual_seed(seed)
        network = SymmetricLightGCN(sum(liked.shape), settings.dimensions, settings.layers, start).to(device)
        adjacency = normalised_adjacency(torch.from_numpy(bipartite_edges(liked)), sum(liked.shape)).to(device)
        known = KnownPairs.of(liked, device)
        generator = torch.Generator(device).manual_seed(seed)
        return cls(settings, network, adjacency, known, UniformNegatives(known), generator)

    def batches(self) -> tuple[Tensor, ...]:
        """This epoch's batches of users."""
        return shuffled(self.known.learners(), self.settings.batches, self.generator)

    def loss_of(self, users: Tensor) -> Tensor:
        """The loss over all interactions of ``users`` (b,)."""
        final = self.network.get_embedding(self.adjacency)
        user_vectors, item_vectors = final[users], final[len(self.known.degrees) :]
        row, item = self.known.of_users(users)
        if self.settings.loss == "bpr":
            negative = self.negatives.draw(users[row], self.generator)
            mine = user_vectors[row]
            return bpr((mine * item_vectors[item]).sum(1), (mine * item_vectors[negative]).sum(1))
        shared = shared_negatives(self.known.n_items, self.settings.negatives, self.generator)
        mine, temperature = normalize(user_vectors), self.settings.temperature_for(self.known.n_items)
        against = normalize(item_vectors[shared])
        log_sum = LogSumOfNegatives.apply(mine, against, *known_among(self.known, users, shared), temperature)
        liked = (mine[row] * normalize(item_vectors[item])).sum(1)
        return sampled_softmax(liked, log_sum, row, temperature)


def bipartite_edges(liked: sparse.csr_matrix) -> npt.NDArray[np.int64]:
    """Both directions (2, 2m) of all pairs of ``liked``, item rows counted on after the users."""
    pairs = liked.tocoo()
    user, item = pairs.row.astype(np.int64), pairs.col.astype(np.int64) + liked.shape[0]
    return np.stack([np.concatenate([user, item]), np.concatenate([item, user])])


def chosen_device(wanted: str) -> str:
    """Return ``wanted``, or for ``"auto"`` a GPU where there is one and else the CPU."""
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def room_on(wanted: str) -> float:
    """Return how many bytes training on ``wanted`` may take of a GPU, with what PyTorch keeps there; else infinity."""
    device = torch.device(chosen_device(wanted))
    if device.type != "cuda":
        return math.inf
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return float(torch.cuda.mem_get_info(device)[0] + kept)


@contextmanager
def _fitting_threads(interactions: int) -> Iterator[None]:
    """One thread for a small graph: its steps are over before others wake up, and waiting threads spin."""
    before = torch.get_num_threads()
    if interactions < SMALL_GRAPH:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def learn_embeddings(
    liked: sparse.csr_matrix, settings: LightGCNSettings, seed: int, device: str, progress: Progress = silent
) -> npt.NDArray[np.float32]:
    """Train and return the learnt embeddings E (n_users + n_items, dimensions), before any propagation."""
    learning = Learning.begin(liked, settings, seed, chosen_device(device))
    if not len(learning.known.learners()):
        raise ModelError("every user with interactions likes every item, so lightgcn has no order of items to learn.")
    with _fitting_threads(liked.nnz):
        train(
            [learning.network.embedding.weight],
            learning.batches,
            learning.loss_of,
            epochs=settings.epochs,
            learning_rate=settings.learning_rate,
            progress=progress,
        )
    return learning.network.embedding.weight.detach().cpu().numpy()
