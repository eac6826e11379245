"""What training makes small for a batch of users: a loss joined with its negatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from graphrec_neo4j.training.known import KnownPairs
from graphrec_neo4j.training.losses import LogSumOfNegatives, bpr, sampled_softmax
from graphrec_neo4j.training.negatives import UniformNegatives, known_among, shared_negatives
from graphrec_neo4j.training.settings import TrainingSettings

Objective = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From the vectors of all users (n_users, d) and items (n_items, d) and a batch of user rows (b,) to a scalar."""


@dataclass(frozen=True, eq=False)
class PairwiseRanking:
    """BPR: each liked item of a batch's users against one uniformly drawn item that they do not know."""

    known: KnownPairs
    negatives: UniformNegatives
    generator: torch.Generator

    def __call__(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the mean over all interactions of ``batch``."""
        row, item = self.known.of_users(batch)
        negative = self.negatives.draw(batch[row], self.generator)
        mine = users[batch][row]
        return bpr((mine * items[item]).sum(1), (mine * items[negative]).sum(1))


@dataclass(frozen=True, eq=False)
class SharedSoftmax:
    """Softmax of cosines: each liked item against ``negatives`` items that the whole batch shares."""

    known: KnownPairs
    negatives: int
    temperature: float
    generator: torch.Generator

    def __call__(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the mean over all interactions of ``batch``."""
        row, item = self.known.of_users(batch)
        shared = shared_negatives(self.known.n_items, self.negatives, self.generator)
        mine, against = normalize(users[batch]), normalize(items[shared])
        log_sum = LogSumOfNegatives.apply(mine, against, *known_among(self.known, batch, shared), self.temperature)
        liked = (mine[row] * normalize(items[item])).sum(1)
        return sampled_softmax(liked, log_sum, row, self.temperature)


def objective_for(settings: TrainingSettings, known: KnownPairs, generator: torch.Generator) -> Objective:
    """Return the objective that ``settings.loss`` names."""
    if settings.loss == "bpr":
        return PairwiseRanking(known, UniformNegatives(known), generator)
    return SharedSoftmax(known, settings.negatives, settings.temperature_for(known.n_items), generator)
