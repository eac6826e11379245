"""Sums over all negatives of a batch, ``sum_j w_j f(u . i_j)``, with the gradients that autograd finds too slowly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Rise = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From scores (b, n), which it may overwrite, and weights (n,): ``sum_j w_j f(s_j)`` (b,) and ``f'(s)`` (b, n).

f must vanish at minus infinity, and so must its derivative.
"""


@dataclass(frozen=True, eq=False)
class Against:
    """What b users are compared with: ``items`` (n, d), each ``weights`` (n,) times, but for known pairs.

    These are at (``row``, ``column``) of the table (b, n).
    """

    items: Tensor
    weights: Tensor
    row: Tensor
    column: Tensor

    def sums(self, users: Tensor, rise: Rise) -> Tensor:
        """Return ``sum_j w_j f(u . i_j)`` for each of ``users`` (b, d), as (b,)."""
        return SumOverTable.apply(users, self.items, self.weights, self.row, self.column, rise)

    def counts(self, users: Tensor) -> Tensor:
        """Return how much all items weigh together that are compared with each of ``users``, as (b,)."""
        total = self.weights.sum().expand(len(users))
        return total.index_add(0, self.row, -self.weights[self.column])


class SumOverTable(torch.autograd.Function):
    """Keeps one table (b, n) of slopes: its products with the vectors are the gradients.

    That saves two thirds of the time of autograd's elementwise passes.
    """

    @staticmethod
    def forward(
        ctx: Any, users: Tensor, items: Tensor, weights: Tensor, row: Tensor, column: Tensor, rise: Rise
    ) -> Tensor:
        """``users`` (b, d), ``items`` (n, d), ``weights`` (n,), left out at (``row``, ``column``); returns (b,)."""
        table = users @ items.T
        table.index_put_((row, column), table.new_tensor(-torch.inf))
        total, slopes = rise(table, weights)
        ctx.save_for_backward(users, items, weights, slopes)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None, None]:
        """The gradients for ``users`` and ``items``."""
        users, items, weights, slopes = ctx.saved_tensors
        share, weights = gradients[0][:, None], weights[:, None]
        of_users = share * (slopes @ (weights * items))
        return of_users, weights * (slopes.T @ (share * users)), None, None, None, None


def exponential(table: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """``f(s) = exp(s)``; scores must stay below 80 or so."""
    table.exp_()
    return table @ weights, table


def hinge(margin: float) -> Rise:
    """``f(s) = max(0, s - margin)``."""

    def rise(table: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        table.sub_(margin).clamp_(min=0)
        return table @ weights, table.sign_()

    return rise


def log_odds(table: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """``f(s) = -log(1 - sigmoid(s)) = log(1 + exp(s))``."""
    return functional.softplus(table) @ weights, table.sigmoid_()
