"""Items that a user does not know, drawn uniformly and never one that she does."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from graphrec_neo4j.training.known import KnownPairs


class UniformNegatives:
    """Draws from each user's unknown items, all with the same chance, in one binary search and no second try.

    With the known items of a user sorted as i_0 < i_1 < ..., her r-th unknown item is r plus the number of k
    with i_k - k <= r. The codes ``user * n_items + i_k - k`` ascend over all pairs, so one ``searchsorted``
    counts for every draw at once.
    """

    def __init__(self, known: KnownPairs) -> None:
        self.known = known

    @cached_property
    def _codes(self) -> Tensor:
        degrees, device = self.known.degrees, self.known.items.device
        user = torch.repeat_interleave(torch.arange(len(degrees), device=device), degrees)
        place = torch.arange(len(user), device=device) - self.known.pointers[user]
        return user * (self.known.n_items + 1) + self.known.items - place

    def draw(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """Return one unknown item for each of ``users`` (m,): (m,). Each must be one of ``known.learners()``."""
        unknown = self.known.n_items - self.known.degrees[users]
        chance = torch.rand(len(users), generator=generator, device=users.device, dtype=torch.float64)
        return self.unknown_item(users, (chance * unknown).long())

    def unknown_item(self, users: Tensor, place: Tensor) -> Tensor:
        """Return the item (m,) that stands at ``place`` (m,) among each user's unknown items, by item row."""
        before = torch.searchsorted(self._codes, users * (self.known.n_items + 1) + place, right=True)
        return place + before - self.known.pointers[users]


def shared_negatives(n_items: int, count: int, generator: torch.Generator) -> Tensor:
    """Return ``count`` different items for a whole batch, or all ``n_items`` if they are no more than that."""
    order = torch.randperm(n_items, generator=generator, device=generator.device)
    return order[: min(count, n_items)]


def known_among(known: KnownPairs, users: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
    """Where ``shared`` (n,) items are no negatives: (row in ``users``, column in ``shared``) of known pairs."""
    column_of = torch.full((known.n_items,), -1, device=shared.device)
    column_of[shared] = torch.arange(len(shared), device=shared.device)
    row, item = known.of_users(users)
    column = column_of[item]
    return row[column >= 0], column[column >= 0]
