"""GF-CF: a linear filter of the item graph and an ideal low pass, in closed form."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Scores
from graphrec_neo4j.models.factorise import svd_bytes, truncated_svd
from graphrec_neo4j.models.linear_filter import Filter, LinearFilter, normalised
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.results import Vectors
from graphrec_neo4j.snapshot import GraphSnapshot


@dataclass(frozen=True)
class GFCFSettings:
    """``dimensions``: how many of the smoothest waves pass the low pass, at most one an item or user.

    ``alpha``: how much the low pass counts beside the linear filter. ``user_exponent`` and ``item_exponent``: how
    strongly degrees are taken out of the item graph; ``low_pass_exponent`` and ``linear_exponent``: how strongly they
    are taken out of a history and put back on the result of either filter; ``softness``: the power of the singular
    value that a wave is damped with.

    All are the paper's. On the first, the last and a random fifth of each user's line in Gowalla's train part, 1,024
    dimensions, exponents of 0.3, 0.4, 0.25 and 0.25, a softness of 0.5 and an alpha of 0.5 were the best of 125 choices
    all in all (recall@20 .160, .184 and .227).
    """

    dimensions: int = 256
    alpha: float = 0.3
    user_exponent: float = 0.5
    item_exponent: float = 0.5
    low_pass_exponent: float = 0.5
    linear_exponent: float = 0.0
    softness: float = 0.0

    def __post_init__(self) -> None:
        if self.dimensions < 1 or not 0 <= self.alpha < np.inf:
            raise ModelError("gf-cf needs at least 1 dimension and an alpha of 0 or more.")
        others = (self.user_exponent, self.item_exponent, self.low_pass_exponent, self.linear_exponent, self.softness)
        if not all(0 <= value <= 1 for value in others):
            raise ModelError("gf-cf needs exponents and a softness between 0 and 1.")


class GFCF(LinearFilter):
    """``score(u) = x_u (D_i^-l R~'R~ D_i^l + alpha D_i^-c U S^p U' D_i^c)``, section 5.

    ``R~ = D_u^-a R D_i^-b / s``, where R says who likes what and d counts; U (n_items, dimensions) are its right
    singular vectors with the largest singular values S, of which s makes the very largest 1, as it is by itself with
    the paper's a = b = 1/2. There c = 1/2 and l = p = 0. The item graph R~'R~ is walked, never held. The vectors are
    those of the low pass, a user's times an item's being its share of the score.
    """

    name = "gf-cf"
    line = "a walk over the item graph and its smoothest waves, in closed form; gives vectors"
    paper = "Shen et al.: How powerful is graph convolution for recommendation?, CIKM 2021"
    cost = "a truncated SVD, some passes over the interactions for each block of dimensions"
    lighter = "set fewer dimensions or take p3"
    settings_class: ClassVar[type] = GFCFSettings

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        return svd_bytes(self.n_users, self.n_items, pairs, self.settings.dimensions)

    def vectors(self) -> Vectors:
        """Return the vectors of the low pass."""
        return Vectors(self.tastes.history @ self.filter.read, self.filter.answer)

    def varied(self, settings: Any) -> Self | None:
        """Fewer dimensions or another alpha, where there was one, need no new decomposition."""
        mine = self.settings
        same = replace(settings, dimensions=mine.dimensions, alpha=mine.alpha) == mine
        if not same or not mine.alpha or settings.dimensions > mine.dimensions:
            return None
        other, waves = copy(self), slice(settings.dimensions)
        answer = self.filter.answer[:, waves] * np.float32(settings.alpha / mine.alpha)
        other.settings, other.filter = settings, replace(self.filter, read=self.filter.read[:, waves], answer=answer)
        return other

    def _filter(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> Filter:
        settings = self.settings
        factor = normalised(liked, settings.user_exponent, settings.item_exponent)
        low = low_pass(
            factor, self.popularity, settings.dimensions, seed, settings.low_pass_exponent, settings.softness
        )
        factor = factor * (1 / low.largest)
        scale = _powers(self.popularity, settings.linear_exponent)
        steps, coefficients = (factor.T.tocsr(), factor), np.array([0.0, 1.0])
        return Filter(steps, coefficients, low.read, low.answer * np.float32(settings.alpha), scale)


class LowPass(NamedTuple):
    """``read`` and ``answer`` (n_items, dimensions): a history times the one times the other turned is filtered.

    ``largest`` is the largest singular value of what was filtered.
    """

    read: Scores
    answer: Scores
    largest: np.float32


def low_pass(
    factor: sparse.csr_matrix,
    degrees: np.ndarray,
    dimensions: int,
    seed: int,
    exponent: float = 0.5,
    softness: float = 0.0,
) -> LowPass:
    """Return ``D^-exponent U S^softness`` and ``D^exponent U``, U, S being the waves of ``factor`` (m, n_items).

    S counts from 1 downwards. An item that nobody likes has zeros. Columns beyond the rank are zero, so that the width
    never changes.
    """
    values, waves = truncated_svd(factor, dimensions, seed)
    largest = values[0] if len(values) else np.float32(1)
    damped = waves * (values / largest) ** np.float32(softness)
    read, answer = (np.pad(table, ((0, 0), (0, dimensions - len(values)))) for table in (damped, waves))
    scale = _powers(degrees, exponent)[:, None]
    return LowPass(read / scale, answer * scale, largest)


def _powers(degrees: np.ndarray, exponent: float) -> np.ndarray:
    """``degrees ** exponent``, and 1 for a degree of 0."""
    return (np.maximum(degrees, 1.0) ** exponent).astype(np.float32)
