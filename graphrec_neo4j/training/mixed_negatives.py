"""Several ways to draw negatives, mixed; and the one that settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from graphrec_neo4j.training.hard_negatives import HardNegatives
from graphrec_neo4j.training.known import KnownPairs
from graphrec_neo4j.training.loss_settings import NegativeSettings
from graphrec_neo4j.training.negatives import (
    InBatchNegatives,
    Negatives,
    PopularNegatives,
    Shared,
    UniformNegatives,
)


class MixedNegatives(Negatives):
    """Draws from each of ``parts`` by its share; the shares add up to 1.

    With a ``curriculum`` of c the shares of hard negatives grow from 0 over the first share c of the epochs, and the
    others make up for them: Ying et al.: PinSage, KDD 2018 (arXiv 1806.01973), section 3.3.
    """

    def __init__(self, parts: Mapping[str, Negatives], shares: Mapping[str, float], curriculum: float = 0.0) -> None:
        self.parts, self.curriculum = parts, curriculum
        self.wanted, self.shares = dict(shares), dict(shares)
        self.hidden = next(iter(parts.values())).hidden

    def begin(self, done: float, vectors: Callable[[], tuple[Tensor, Tensor]]) -> None:
        """Set the shares of this epoch, and let those parts begin that have one."""
        self.shares = grown(self.wanted, min(1.0, done / self.curriculum) if self.curriculum else 1.0)
        for name in self.shares:
            self.parts[name].begin(done, vectors)

    def draw(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """Return one unknown item for each of ``users`` (m,), each from a part by chance."""
        chance = torch.rand(len(users), generator=generator, device=users.device)
        drawn, reached = torch.zeros_like(users), 0.0
        for name, share in self.shares.items():
            drawn = torch.where(chance >= reached, self.parts[name].draw(users, generator), drawn)
            reached += share
        return drawn

    def shared(self, batch: Tensor, count: int, generator: torch.Generator) -> Shared:
        """Return ``count`` items, of each part its share, rounded."""
        found = [self.parts[name].shared(batch, round(count * share), generator) for name, share in self.shares.items()]
        items, place = torch.unique(torch.cat([part.items for part in found]), return_inverse=True)
        times = torch.cat([part.times for part in found])
        return Shared(items, torch.zeros(len(items), device=items.device).index_add(0, place, times))

    def chance(self) -> Tensor:
        """Return the parts' chances, mixed as they are."""
        return torch.stack([share * self.parts[name].chance() for name, share in self.shares.items()]).sum(0)


def grown(shares: Mapping[str, float], factor: float) -> dict[str, float]:
    """Return ``shares`` that add up to 1, hard negatives' times ``factor``, without those that come to nothing."""
    hard = factor * shares.get("hard", 0.0)
    rest = 1 - shares.get("hard", 0.0)
    made = {name: share * (1 - hard) / rest if name != "hard" else hard for name, share in shares.items()}
    return {name: share for name, share in made.items() if share > 0}


def negatives_for(settings: NegativeSettings, shares: Mapping[str, float], liked: KnownPairs) -> Negatives:
    """Return what draws negatives as ``settings`` say, by ``shares``, from all but what is ``liked``, unless asked."""
    hidden = liked.forgotten() if settings.known_negatives else liked
    made: dict[str, Callable[[], Negatives]] = {
        "uniform": lambda: UniformNegatives(hidden),
        "popularity": lambda: PopularNegatives(liked, hidden, settings.popularity_exponent),
        "in-batch": lambda: InBatchNegatives(liked, hidden),
        "hard": lambda: HardNegatives(hidden, settings.hardest),
    }
    parts = {name: made[name]() for name in shares}
    if len(parts) == 1:
        return next(iter(parts.values()))
    return MixedNegatives(parts, shares, settings.curriculum)
