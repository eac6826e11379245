"""What learnt user vectors owe to histories: a linear map from a history's items to a user's vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]

RIDGE = 1e-3
"""The ridge, relative to the mean square of a feature."""


@dataclass(frozen=True, eq=False)
class HistoryRegression:
    """``u ~ sum over u's history of through[j] / sqrt(n_u)``, the ridge regression of user vectors on item vectors.

    ``through`` (n_items, d) is ``items @ M`` with the M (d, d) that comes nearest to the learnt vectors over all users
    with a history of n_u items. So an unseen user has a vector, and a known one's score has parts.
    """

    through: Floats

    @classmethod
    def of(cls, history: sparse.csr_matrix, users: Floats, items: Floats) -> Self:
        """Regress ``users`` (n_users, d) on what ``history`` (n_users, n_items), a pattern, makes of ``items``."""
        return cls((items @ regression(history, items, users)).astype(np.float32))

    def vectors(self, history: sparse.csr_matrix) -> Floats:
        """Return the vectors (m, d) of users with ``history`` (m, n_items), a pattern; 0 for an empty one."""
        return (scaled(history) @ self.through).astype(np.float32)


def regression(history: sparse.csr_matrix, items: Floats, users: Floats) -> npt.NDArray[np.floating]:
    """Return the M (d, d) of the ridge regression of ``users`` on ``scaled(history) @ items``."""
    return ridge(scaled(history) @ items, users)


def ridge(features: npt.NDArray[np.floating], targets: Floats) -> npt.NDArray[np.floating]:
    """Return the M (d, e) with which ``features @ M``, of (n, d), comes nearest to ``targets`` (n, e)."""
    features = features.astype(np.float64)
    gram = features.T @ features
    gram += RIDGE * max(np.trace(gram) / len(gram), np.finfo(np.float64).tiny) * np.eye(len(gram))
    return np.linalg.solve(gram, features.T @ targets)


def scales(history: sparse.csr_matrix) -> Floats:
    """Return ``1 / sqrt(n_u)`` of each row of a pattern, 0 for an empty one."""
    degrees = np.diff(history.indptr)
    return np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, 1)), 0).astype(np.float32)


def scaled(history: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return a pattern with each row divided by the root of its entries."""
    return sparse.diags(scales(history)) @ history
