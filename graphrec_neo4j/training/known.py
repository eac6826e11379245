"""``KnownPairs``: the interactions that training learns from, on the device where it learns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor


@dataclass(frozen=True, eq=False)
class KnownPairs:
    """The known (user, item) pairs as CSR tensors: ``pointers`` (n_users + 1,), ``items`` (m,), sorted in a row."""

    pointers: Tensor
    items: Tensor
    n_items: int

    @classmethod
    def of(cls, interactions: sparse.csr_matrix, device: torch.device | str = "cpu") -> Self:
        """Take the pattern of ``interactions`` (n_users, n_items), which must be in canonical form."""
        pointers = torch.from_numpy(interactions.indptr.astype(np.int64))
        items = torch.from_numpy(interactions.indices.astype(np.int64))
        return cls(pointers.to(device), items.to(device), interactions.shape[1])

    @property
    def degrees(self) -> Tensor:
        """The number of known items of each user (n_users,)."""
        return self.pointers.diff()

    @property
    def item_degrees(self) -> Tensor:
        """The number of users who know each item (n_items,)."""
        return torch.bincount(self.items, minlength=self.n_items)

    def forgotten(self) -> Self:
        """The same users and items, of whom nothing is known."""
        return replace(self, pointers=torch.zeros_like(self.pointers), items=self.items[:0])

    def users(self) -> Tensor:
        """The user of each pair (m,)."""
        return torch.repeat_interleave(torch.arange(len(self.degrees), device=self.items.device), self.degrees)

    def contain(self, users: Tensor, items: Tensor) -> Tensor:
        """Whether each pair of ``users`` and ``items``, of one shape, is known."""
        codes = self.users() * self.n_items + self.items
        wanted = users * self.n_items + items
        place = torch.searchsorted(codes, wanted).clamp(max=max(0, len(codes) - 1))
        return codes[place] == wanted if len(codes) else torch.zeros_like(wanted, dtype=torch.bool)

    def learners(self) -> Tensor:
        """The users who have something to learn from: at least one known item and one that is not."""
        degrees = self.degrees
        return torch.nonzero((degrees > 0) & (degrees < self.n_items)).squeeze(1)

    def of_users(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """All pairs of ``users`` (b,), user by user: (position in ``users`` (p,), item (p,))."""
        degrees = self.degrees[users]
        ends = degrees.cumsum(0)
        row = torch.repeat_interleave(torch.arange(len(users), device=users.device), degrees)
        within = torch.arange(len(row), device=users.device) - (ends - degrees)[row]
        return row, self.items[self.pointers[users][row] + within]
