"""Spectral: a closed-form low-pass filter on the item graph, with vectors and exact explanations."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models.base import Scores
from graphrec_neo4j.models.factorise import product, svd_bytes, truncated_svd
from graphrec_neo4j.models.taste import Tastes, TasteVectors, pattern
from graphrec_neo4j.models.vector_model import VectorModel
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.snapshot import GraphSnapshot


@dataclass(frozen=True)
class SpectralSettings:
    """``dimensions``: how many of the smoothest waves pass the filter, at most one an item or user.

    ``user_exponent`` and ``item_exponent``: how strongly degrees are taken out before the decomposition;
    ``scale_exponent``: how strongly they are taken out of a history and put back on its result.
    ``softness``: the power of the singular value that a wave is damped with. At 0 the filter is the ideal low
    pass, which on a graph with no more waves than ``dimensions`` lets everything through and so ranks nothing.

    The paper has exponents of 0.5 and a softness of 0. On random validation parts of the training interactions
    0.35, 0.35 and 0.3 were better on Gowalla (recall@20 .132 for .127, softness 0) and LastFM (.233 for .157).
    """

    dimensions: int = 64
    user_exponent: float = 0.35
    item_exponent: float = 0.35
    scale_exponent: float = 0.3
    softness: float = 0.5


class Spectral(VectorModel):
    """``score(u, i) = sum over a in u's history of d_a^-c <V_a, S^p V_i> d_i^c``.

    V, S are the largest right singular vectors and values (the largest being 1) of ``D_u^-a R D_i^-b``, where
    R says who interacted with what and d counts an item's users; a, b, c, p are the four last settings.
    The score is a dot product of the published vectors and a sum over the history, so explanations are exact.
    By cosine, the vectors compare taste without regard to popularity.
    """

    name = "spectral"
    line = "a low-pass filter on the item graph, in closed form; gives vectors"
    paper = "Shen et al.: How powerful is graph convolution for recommendation?, CIKM 2021 (GF-CF)"
    uses = ("interactions",)
    inductive = True
    cost = "a truncated SVD, some passes over the interactions for each block of dimensions"
    lighter = "set fewer dimensions or take p3"
    settings_class: ClassVar[type] = SpectralSettings
    history_power = 0.0

    _waves: tuple[Scores, Scores] | None = None

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        return svd_bytes(self.n_users, self.n_items, pairs, self.settings.dimensions)

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.tastes = Tastes.of(snapshot)
        history, settings = self.tastes.history, self.settings
        left = sparse.diags(_power(np.diff(history.indptr), -settings.user_exponent))
        right = sparse.diags(_power(self.popularity, -settings.item_exponent))
        self._waves = truncated_svd(left @ history @ right, settings.dimensions, seed, progress=progress)
        self._shape()

    def varied(self, settings: Any) -> Self | None:
        """Fewer dimensions, another scale or another softness need no new decomposition."""
        mine = self.settings
        same = (settings.user_exponent, settings.item_exponent) == (mine.user_exponent, mine.item_exponent)
        if not same or self._waves is None or settings.dimensions > max(len(self._waves[0]), mine.dimensions):
            return None
        other = copy(self)
        other.settings = settings
        other._shape()
        return other

    def updated(self, changes: GraphChanges, seed: int) -> Self | None:
        """As for every model with vectors; its waves are those of the graph before, so it cannot be varied."""
        made = super().updated(changes, seed)
        if made is not None:
            made._waves = None
        return made

    def _shape(self) -> None:
        """Make the vectors from the waves; columns beyond the rank are zero, so that the width never changes."""
        assert self._waves is not None
        dimensions, scale = self.settings.dimensions, self.settings.scale_exponent
        values, waves = self._waves[0][:dimensions], self._waves[1][:, :dimensions]
        damped = waves * (values / (values[:1] if len(values) else 1.0)) ** (self.settings.softness / 2)
        damped = np.pad(damped, ((0, 0), (0, dimensions - len(values))))
        read, answer = (damped * _power(self.popularity, power)[:, None] for power in (-scale, scale))
        users = product(self.tastes.history, read)
        self.parts = TasteVectors(users, answer, read, np.ones(len(users), dtype=np.float32))

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        return (pattern(histories) @ self.parts.through) @ self.parts.items.T


def _power(degrees: npt.NDArray, exponent: float) -> npt.NDArray[np.float32]:
    """``degrees ** exponent``, and 0 for a degree of 0."""
    raised = np.maximum(degrees, 1.0) ** exponent
    return np.where(degrees > 0, raised, 0.0).astype(np.float32)
