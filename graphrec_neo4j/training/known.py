"""``KnownPairs``: the interactions that training learns from, on the device where it learns."""

from __future__ import annotations

from dataclasses import dataclass
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
