"""BSPM: blur a history along the item graph, then sharpen it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import factorial
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.polynomial import Polynomial
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Scores
from graphrec_neo4j.models.factorise import svd_bytes
from graphrec_neo4j.models.gf_cf import low_pass
from graphrec_neo4j.models.linear_filter import Filter, LinearFilter, normalised, unscaled
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.results import Vectors
from graphrec_neo4j.snapshot import GraphSnapshot

Merge = Literal["early", "late"]


@dataclass(frozen=True)
class BSPMSettings:
    """``dimensions`` of the ideal low pass and its share ``beta``, merged ``early``, before sharpening, or ``late``.

    ``blur_time`` and ``sharpen_time`` are gone through in ``blur_steps`` and ``sharpen_steps``; ``order`` is that of
    the solver of the sharpening: 1 is Euler's, 4 that of Runge and Kutta.

    All but ``sharpen_time`` are the paper's for Gowalla. Instead of its 2.5, 2 is as good on a random validation part
    of the training interactions there (recall@20 .2105 for .2106) and better on LastFM's (.232 for .216).
    """

    dimensions: int = 448
    beta: float = 0.2
    merge: Merge = "early"
    blur_steps: int = 1
    blur_time: float = 1.0
    sharpen_steps: int = 1
    sharpen_time: float = 2.0
    order: int = 4

    def __post_init__(self) -> None:
        if min(self.dimensions, self.blur_steps, self.sharpen_steps) < 1 or self.order not in (1, 2, 3, 4):
            raise ModelError("bspm needs at least 1 dimension, 1 step of each kind, and an order of 1 to 4.")
        amounts = (self.beta, self.sharpen_time, self.blur_time)
        if not all(0 <= amount < np.inf for amount in amounts) or not self.blur_time:
            raise ModelError("bspm's beta and sharpen_time must be 0 or more, and its blur_time above 0.")
        if self.merge not in get_args(Merge):
            raise ModelError(f"bspm cannot merge {self.merge!r}: {', '.join(get_args(Merge))}.")


class BSPM(LinearFilter):
    """``score(u) = (x_u b(P) + beta x_u L) s(P)`` merged early, ``x_u b(P) s(P) + beta x_u L`` merged late.

    ``P = R~'R~`` and the ideal low pass ``L = D_i^-1/2 U U' D_i^1/2`` are those of GF-CF. Blurring follows
    ``dx/dt = x (P - I)`` by Euler's steps, ``b(P) = (I + t (P - I))^n``; sharpening ``dx/dt = -x P``,
    ``s(P) = (I - t P + t^2 P^2 / 2 ...)^n`` up to the solver's order, t being the time of a step (section 4).
    All of it is a polynomial of P beside vectors, so no step is ever solved and no table between items is held.
    """

    name = "bspm"
    line = "a history blurred along the item graph, then sharpened, in closed form; gives vectors"
    paper = "Choi, Hong, Park, Cho: Blurring-sharpening process models for collaborative filtering, SIGIR 2023"
    cost = "a truncated SVD; a list costs some steps along the item graph"
    lighter = "set fewer dimensions or take p3"
    settings_class: ClassVar[type] = BSPMSettings

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        return svd_bytes(self.n_users, self.n_items, pairs, self.settings.dimensions)

    def vectors(self) -> Vectors:
        """Return vectors whose dot products are the share of the low pass in the scores."""
        return Vectors(self.tastes.history @ self.filter.read, self.filter.answer)

    def _filter(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> Filter:
        settings = self.settings
        factor = normalised(liked, 0.5, 0.5)
        read, answer, _ = low_pass(factor, self.popularity, settings.dimensions, seed)
        sharpen = _sharpening(settings)
        coefficients = np.asarray((_blurring(settings) * sharpen).coef, dtype=np.float64)
        low = (read, answer * np.float32(settings.beta))
        made = Filter((factor.T.tocsr(), factor), coefficients, *low, unscaled(len(read)))
        return made if settings.merge == "late" else _sharpened(made, sharpen)


def _blurring(settings: BSPMSettings) -> Polynomial:
    step = settings.blur_time / settings.blur_steps
    return Polynomial([1 - step, step]) ** settings.blur_steps


def _sharpening(settings: BSPMSettings) -> Polynomial:
    step = settings.sharpen_time / settings.sharpen_steps
    powers = range(settings.order + 1)
    return Polynomial([(-step) ** power / factorial(power) for power in powers]) ** settings.sharpen_steps


def _sharpened(made: Filter, sharpen: Polynomial) -> Filter:
    """Carry the answers of the low pass through the polynomial, by Horner's rule."""
    answer: Scores = made.answer * np.float32(sharpen.coef[-1])
    for coefficient in sharpen.coef[-2::-1]:
        answer = made.carry(answer) + made.answer * np.float32(coefficient)
    return replace(made, answer=answer)
