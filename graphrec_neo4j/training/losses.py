"""What training makes small: one loss, one function, on scores or vectors that somebody else has computed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_SMALLEST = 1e-30


def bpr(positive: Tensor, negative: Tensor) -> Tensor:
    """Bayesian personalised ranking: mean of ``-log sigmoid(positive - negative)`` over m pairs.

    ``positive`` (m,) scores of known interactions, ``negative`` (m,) scores of one negative item for each.
    Returns a scalar. Rendle et al., UAI 2009, section 4.1.
    """
    return functional.softplus(negative - positive).mean()


def sampled_softmax(positive: Tensor, log_sum: Tensor, row: Tensor, temperature: float) -> Tensor:
    """Softmax of each positive against the negatives of its row, at a temperature t.

    ``mean of -log(exp(p/t) / (exp(p/t) + sum_j exp(n_j/t)))`` over the m positives, where ``positive`` (m,),
    ``log_sum`` (b,) as :class:`LogSumOfNegatives` gives it, and ``row`` (m,) names each positive's entry of it: all
    positives of a user share one sum. Returns a scalar. Wu et al., ACM TOIS 2024 (arXiv 2201.02327), eq. 5.
    """
    return functional.softplus(log_sum[row] - positive / temperature).mean()


class LogSumOfNegatives(torch.autograd.Function):
    """``log sum_j exp(u . i_j / t)`` for b users over n items, without those that a user knows.

    The users' and items' vectors must have length one, so that no exponential overflows for any temperature
    of at least 0.02. Keeps one table (b, n) of exponentials: its products with the vectors are the gradients,
    which saves two thirds of the time of autograd's elementwise passes.
    """

    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, row: Tensor, column: Tensor, temperature: float) -> Tensor:
        """``users`` (b, d), ``items`` (n, d), known pairs at (``row``, ``column``); returns (b,)."""
        table = (users / temperature) @ items.T
        table.index_put_((row, column), table.new_tensor(-torch.inf))
        total = table.exp_().sum(dim=1).clamp_(min=_SMALLEST)
        ctx.temperature = temperature
        ctx.save_for_backward(users, items, table, total)
        return total.log()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        """The gradients for ``users`` and ``items``."""
        users, items, table, total = ctx.saved_tensors
        share = (gradients[0] / total / ctx.temperature)[:, None]
        return share * (table @ items), table.T @ (share * users), None, None, None
