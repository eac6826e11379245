"""Items that a user does not know, drawn by chance and never one that she does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.training.known import KnownPairs

MASS_BITS = 40
"""What all items weigh together is about 2 to this power, so that draws are by whole numbers and exact."""


class Shared(NamedTuple):
    """Negatives of a whole batch: different ``items`` (n,), and how often each was drawn, ``times`` (n,)."""

    items: Tensor
    times: Tensor


class Negatives(ABC):
    """A way to draw items for users. ``hidden`` are the pairs that are never drawn."""

    hidden: KnownPairs

    @abstractmethod
    def draw(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """Return one item for each of ``users`` (m,), as (m,); there must be one that is not hidden from her."""

    @abstractmethod
    def shared(self, batch: Tensor, count: int, generator: torch.Generator) -> Shared:
        """Return items for all of ``batch`` (b,), ``count`` or fewer; those hidden from one of them may be there."""

    def chance(self) -> Tensor:
        """Return the chance of each item (n_items,) at every draw of :meth:`shared`; they add up to 1."""
        raise ModelError("these negatives do not tell the chance of a draw.")

    def begin(self, done: float, vectors: Callable[[], tuple[Tensor, Tensor]]) -> None:  # noqa: B027 - most need not
        """Take notice of an epoch: the share of all that is ``done``, and the ``vectors`` it begins with."""


class WeightedNegatives(Negatives):
    """Draws from each user's unknown items by their ``mass``, in two binary searches and no second try.

    Lay all items out on a line, each as long as its ``mass`` (n_items,), whole numbers above 0. With the known items of
    a user sorted as i_0 < i_1 < ... and cut out, the place x of what is left is x plus the mass of those i_k on the
    line that begin, less the known mass before them, at x or earlier. These beginnings ascend within a user, and as
    ``user * (total + 1) + beginning`` over all pairs, so one ``searchsorted`` finds them for every draw at once.
    """

    def __init__(self, hidden: KnownPairs, mass: Tensor) -> None:
        self.hidden, self.mass = hidden, mass
        self.ends = mass.cumsum(0)
        self.total = int(self.ends[-1])
        self.known_mass = torch.nn.functional.pad(mass[hidden.items].cumsum(0), (1, 0))

    @cached_property
    def _codes(self) -> Tensor:
        user, item = self.hidden.users(), self.hidden.items
        before = self.known_mass[:-1] - self.known_mass[self.hidden.pointers[user]]
        return user * (self.total + 1) + self.ends[item] - self.mass[item] - before

    def draw(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """Return one unknown item for each of ``users`` (m,): (m,). Each must be one of ``hidden.learners()``."""
        start, end = self.hidden.pointers[users], self.hidden.pointers[users + 1]
        unknown = self.total - (self.known_mass[end] - self.known_mass[start])
        return self.unknown_item(users, (_chances(len(users), generator) * unknown).long())

    def unknown_item(self, users: Tensor, place: Tensor) -> Tensor:
        """Return the item (m,) that lies at ``place`` (m,) of what is left of the line for each user."""
        passed = torch.searchsorted(self._codes, users * (self.total + 1) + place, right=True)
        cut_out = self.known_mass[passed] - self.known_mass[self.hidden.pointers[users]]
        return torch.searchsorted(self.ends, place + cut_out, right=True)

    def shared(self, batch: Tensor, count: int, generator: torch.Generator) -> Shared:
        """Return what ``count`` draws from the whole line come to, or as many as there are items."""
        places = (_chances(min(count, self.hidden.n_items), generator) * self.total).long()
        return counted(torch.searchsorted(self.ends, places, right=True))

    def chance(self) -> Tensor:
        """Return each item's part of the line."""
        return (self.mass.double() / self.total).float()


class UniformNegatives(WeightedNegatives):
    """Draws from each user's unknown items, all with the same chance."""

    def __init__(self, hidden: KnownPairs) -> None:
        super().__init__(hidden, torch.ones(hidden.n_items, dtype=torch.long, device=hidden.items.device))

    def shared(self, batch: Tensor, count: int, generator: torch.Generator) -> Shared:
        """Return ``count`` different items, or all if they are no more than that."""
        order = torch.randperm(self.hidden.n_items, generator=generator, device=generator.device)[:count]
        return Shared(order, torch.ones(len(order), device=order.device))


class PopularNegatives(WeightedNegatives):
    """Draws items by the number of users who ``liked`` them, to the power ``exponent``.

    What nobody likes comes with a chance of about one in 10^12. Mikolov et al., NeurIPS 2013 (arXiv 1310.4546), take
    3/4 for words.
    """

    def __init__(self, liked: KnownPairs, hidden: KnownPairs, exponent: float) -> None:
        weights = liked.item_degrees.double() ** exponent
        # A code of the last user must fit into 63 bits.
        bits = min(MASS_BITS, 61 - len(hidden.pointers).bit_length())
        super().__init__(hidden, (weights / weights.sum() * 2**bits).round().long().clamp(min=1))


class InBatchNegatives(PopularNegatives):
    """Takes a batch's negatives from what its users liked, as often as they did.

    Over all batches that is a draw by popularity, and so is a single one. Yi et al., RecSys 2019, section 3.
    """

    def __init__(self, liked: KnownPairs, hidden: KnownPairs) -> None:
        super().__init__(liked, hidden, 1.0)
        self.liked = liked

    def shared(self, batch: Tensor, count: int, generator: torch.Generator) -> Shared:
        """Return ``count`` of the items that the users of ``batch`` like, or all, as often as they like them."""
        _, items = self.liked.of_users(batch)
        order = torch.randperm(len(items), generator=generator, device=items.device)[:count]
        return counted(items[order])


def _chances(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator, device=generator.device, dtype=torch.float64)


def counted(items: Tensor) -> Shared:
    """Return ``items`` (m,), each once, with the number of times that it is there."""
    different, times = torch.unique(items, return_counts=True)
    return Shared(different, times.float())


def known_among(known: KnownPairs, users: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
    """Where ``shared`` (n,) items are no negatives: (row in ``users``, column in ``shared``) of known pairs."""
    column_of = torch.full((known.n_items,), -1, device=shared.device)
    column_of[shared] = torch.arange(len(shared), device=shared.device)
    row, item = known.of_users(users)
    column = column_of[item]
    return row[column >= 0], column[column >= 0]
