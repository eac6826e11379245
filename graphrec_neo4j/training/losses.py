"""What training makes small: one loss, one function, on scores or vectors that somebody else has computed.

Of a batch of b users, ``positive`` (m,) are the scores of all that they like and ``row`` (m,) names the user of each.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from graphrec_neo4j.training.table_sums import Against, exponential, hinge, log_odds

_SMALLEST = 1e-30


def bpr(positive: Tensor, negative: Tensor) -> Tensor:
    """Bayesian personalised ranking: mean of ``-log sigmoid(positive - negative)`` over m pairs.

    ``negative`` (m,) scores of one negative item for each. Returns a scalar. Rendle et al., UAI 2009, section 4.1.
    """
    return functional.softplus(negative - positive).mean()


def log_sum(users: Tensor, against: Against, temperature: float) -> Tensor:
    """``log sum_j w_j exp(u . i_j / t)`` over a user's negatives, as (b,), for vectors of length one."""
    return against.sums(users / temperature, exponential).clamp(min=_SMALLEST).log()


def sampled_softmax(positive: Tensor, log_sum: Tensor, row: Tensor, temperature: float) -> Tensor:
    """Softmax of each positive against the negatives of its user, at a temperature t.

    ``mean of -log(exp(p/t) / (exp(p/t) + sum_j exp(n_j/t)))`` over the m positives; ``log_sum`` (b,) is that of
    :func:`log_sum`. Returns a scalar. Wu et al., ACM TOIS 2024 (arXiv 2201.02327), eq. 5.
    """
    return functional.softplus(log_sum[row] - positive / temperature).mean()


def bilateral_softmax(
    positive: Tensor, log_mean: Tensor, row: Tensor, temperature: float, positive_temperature: float
) -> Tensor:
    """Both sides pooled by a softmax: ``t log mean_j exp(n_j/t) - t' log mean_i exp(p_i/t')``, over t, for each user.

    ``log_mean`` (b,) is ``log mean_j exp(n_j/t)``, t' the ``positive_temperature``. Users count as often as they
    like something. Returns a scalar. Wu et al.: BSL, ICDE 2024 (arXiv 2312.12882), eq. 18.
    """
    counts = torch.bincount(row, minlength=len(log_mean))
    pooled = torch.zeros_like(log_mean).index_add(0, row, (positive / positive_temperature).exp())
    pooled = positive_temperature * (pooled / counts).log()
    return (counts * (log_mean - pooled / temperature)).sum() / len(row)


def cosine_contrastive(
    positive: Tensor, users: Tensor, against: Against, row: Tensor, margin: float, weight: float
) -> Tensor:
    """``mean of 1 - p + weight * mean_j max(0, n_j - margin)`` over the m positives, of cosines.

    Returns a scalar. Mao et al.: SimpleX, CIKM 2021 (arXiv 2109.12613), eq. 1.
    """
    pushed = against.sums(users, hinge(margin)) / against.counts(users).clamp(min=1)
    return (1 - positive).mean() + weight * pushed[row].mean()


def alignment(positive: Tensor) -> Tensor:
    """``mean of |u - i|^2 = 2 - 2 cos(u, i)`` over pairs. Wang et al.: DirectAU, KDD 2022 (arXiv 2206.12811), eq. 6."""
    return (2 - 2 * positive).mean()


def uniformity(vectors: Tensor) -> Tensor:
    """``log mean of exp(-2 |x - y|^2)`` over all pairs of different rows of ``vectors`` (n, d), of length one.

    Returns a scalar, 0 for fewer than two rows. Wang et al.: DirectAU, KDD 2022 (arXiv 2206.12811), eq. 7.
    """
    count = len(vectors)
    if count < 2:
        return vectors.sum() * 0
    itself = torch.arange(count, device=vectors.device)
    others = Against(vectors, torch.ones_like(vectors[:, 0]), itself, itself)
    return log_sum(vectors, others, 1 / 4).logsumexp(0) - 4 - math.log(count * (count - 1))


def contrast(mine: Tensor, others: Tensor, temperature: float) -> Tensor:
    """``mean of -log(exp(x_i . y_i / t) / sum_j exp(x_i . y_j / t))`` over two views (n, d) of the same n nodes.

    Views are compared by cosine. Returns a scalar. van den Oord et al., 2018 (arXiv 1807.03748), eq. 4: InfoNCE.
    """
    x, y = functional.normalize(mine), functional.normalize(others)
    nobody = torch.zeros(0, dtype=torch.long, device=x.device)
    total = log_sum(x, Against(y, torch.ones_like(y[:, 0]), nobody, nobody), temperature)
    return (total - (x * y).sum(1) / temperature).mean()


def weighted_odds(
    positive: Tensor, weights: Tensor, users: Tensor, against: Against, row: Tensor, of_users: Tensor
) -> Tensor:
    """``mean of w_ui log(1 + exp(-p)) + b_u sum_j w_j log(1 + exp(n_j))`` over the m positives, of dot products.

    ``weights`` w_ui (m,), ``of_users`` b_u (b,); those of the negatives w_j are in ``against``. Returns a scalar. The
    form of UltraGCN's constraint loss: Mao et al., CIKM 2021 (arXiv 2110.15114), eq. 10.
    """
    pushed = of_users * against.sums(users, log_odds)
    return (weights * functional.softplus(-positive)).mean() + pushed[row].mean()
