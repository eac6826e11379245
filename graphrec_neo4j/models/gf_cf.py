"""GF-CF: a linear filter of the item graph and an ideal low pass, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Scores
from graphrec_neo4j.models.factorise import truncated_svd
from graphrec_neo4j.models.linear_filter import Filter, LinearFilter, normalised
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.results import Vectors


@dataclass(frozen=True)
class GFCFSettings:
    """``dimensions``: how many of the smoothest waves pass the low pass, at most one an item or user.

    ``alpha``: how much the low pass counts beside the linear filter. Both are the paper's.
    """

    dimensions: int = 256
    alpha: float = 0.3

    def __post_init__(self) -> None:
        if self.dimensions < 1 or not 0 <= self.alpha < np.inf:
            raise ModelError("gf-cf needs at least 1 dimension and an alpha of 0 or more.")


class GFCF(LinearFilter):
    """``score(u) = x_u (R~'R~ + alpha D_i^-1/2 U U' D_i^1/2)`` with ``R~ = D_u^-1/2 R D_i^-1/2`` (section 5).

    R says who likes what, d counts; U (n_items, dimensions) are the largest right singular vectors of R~. The item
    graph R~'R~ is walked, never held. The vectors are those of the low pass, a user's times an item's being its share
    of the score.
    """

    name = "gf-cf"
    line = "a walk over the item graph and its smoothest waves, in closed form; gives vectors"
    paper = "Shen et al.: How powerful is graph convolution for recommendation?, CIKM 2021"
    settings_class: ClassVar[type] = GFCFSettings

    def vectors(self) -> Vectors:
        """Return the vectors of the low pass."""
        return Vectors(self.tastes.history @ self.filter.read, self.filter.answer)

    def _filter(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> Filter:
        factor = normalised(liked, 0.5, 0.5)
        read, answer = low_pass(factor, self.popularity, self.settings.dimensions, seed)
        return Filter((factor.T.tocsr(), factor), np.array([0.0, 1.0]), read, answer * np.float32(self.settings.alpha))


def low_pass(factor: sparse.csr_matrix, degrees: np.ndarray, dimensions: int, seed: int) -> tuple[Scores, Scores]:
    """Return ``D^-1/2 U`` and ``D^1/2 U``, (n_items, dimensions) each, U being the waves of ``factor`` (m, n_items).

    An item that nobody likes has zeros. Columns beyond the rank are zero, so that the width never changes.
    """
    _, waves = truncated_svd(factor, dimensions, seed)
    waves = np.pad(waves, ((0, 0), (0, dimensions - waves.shape[1])))
    roots = np.sqrt(np.maximum(degrees, 1.0)).astype(np.float32)[:, None]
    return waves / roots, waves * roots
