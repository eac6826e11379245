"""``Trials``: the best variant of each family of models, found within a budget of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Recommender, Rows
from graphrec_neo4j.models.blend import DEPTH
from graphrec_neo4j.models.candidates import Family, Variant, made, spells_out
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.metrics import hits_of, ndcg
from graphrec_neo4j.ranking.splits import Split

LEAST_STEP = 2e-3
"""A setting is changed only for that relative gain: smaller ones are noise, while the start held on several parts."""


@dataclass(frozen=True)
class Winner:
    """A variant fitted on the smaller part, its NDCG at DEPTH there, and the seconds that fitting and judging took."""

    variant: Variant
    model: Recommender
    merit: float
    fit: float
    judged: float


@dataclass(frozen=True)
class Later:
    """What a winner costs after its trials: ``fits`` as long as its own, and ``rankings`` of as many users."""

    fits: int
    rankings: float

    def seconds(self, winner: Winner) -> float:
        """Return how long that takes."""
        return self.fits * winner.fit + self.rankings * winner.judged


AT_LEAST = Later(1, 1.0)


class Trials:
    """Fits variants on the smaller part of ``split`` and judges them on ``users``; ``tried`` tells of each.

    What wins is fitted and ranks users again ``later``, at last on everything and for everybody, so that of
    ``budget`` seconds so much is set aside for each.
    """

    def __init__(
        self, split: Split, users: Rows, budget: float, seed: int, progress: Progress, later: Later = AT_LEAST
    ) -> None:
        self.tried: list[dict[str, Any]] = []
        self._later = later
        self._split, self._users, self._seed, self._progress = split, users, seed, progress
        self._deadline = perf_counter() + budget

    def best_of_each(self, families: Mapping[str, Family]) -> dict[str, Winner]:
        """Return the best variant of each family, without families that do not fit the time or the memory.

        The first is always tried. Each may use its share of the time that is left when its turn comes.
        """
        winners: dict[str, Winner] = {}
        for number, (name, family) in enumerate(families.items()):
            left = self._deadline - perf_counter()
            self._progress("choosing", number, len(families))
            if winners and left < (1 + self._later.fits) * family.seconds:
                self._leave_out(family.variant(family.start), "no time")
                continue
            winner = self._best(family, left / (len(families) - number))
            if winner:
                winners[name] = winner
                self._deadline -= self._later.seconds(winner)
        self._progress("choosing", len(families), len(families))
        return winners

    def _best(self, family: Family, seconds: float) -> Winner | None:
        """Climb from the start along one axis after another; None where even the start cannot be fitted."""
        began = perf_counter()
        best = self._fitted(family.variant(family.start))
        if best is None:
            return None
        points, fit, judged = [family.start], best.fit, best.judged
        for other in family.around(lambda: points[-1]):
            variant = family.variant(other)
            varied = best.model.varied(made(variant).settings)
            expected = judged + (0.0 if varied else fit)
            if perf_counter() - began + expected > seconds:
                self._leave_out(variant, "no time")
                continue
            found = self._judged(variant, varied, 0.0) if varied else self._fitted(variant)
            if found is None:
                continue
            # The first judging in a process may wait for kernels to load, and that does not come again.
            fit, judged = max(fit, found.fit), min(judged, found.judged)
            if found.merit > best.merit * (1 + LEAST_STEP):
                best = found
                points.append(other)
        return replace(best, fit=fit, judged=judged)

    def _fitted(self, variant: Variant) -> Winner | None:
        """Fit and judge a variant; None where memory or the data forbid it."""
        started = perf_counter()
        try:
            model = made(variant).fit(self._split.train, seed=self._seed)
        except ModelError as error:
            self._leave_out(variant, str(error))
            return None
        return self._judged(variant, model, perf_counter() - started)

    def _judged(self, variant: Variant, model: Recommender, fit: float) -> Winner:
        started = perf_counter()
        truth = self._split.test[self._users]
        items = model.top_k(self._users, DEPTH, self._split.train.seen).items
        merit = float(np.nanmean(ndcg(hits_of(items, truth), np.diff(truth.indptr))))
        judged = perf_counter() - started
        self.tried.append({"model": spells_out(variant), f"ndcg@{DEPTH}": merit, "seconds": round(fit + judged, 2)})
        return Winner(variant, model, merit, fit, judged)

    def _leave_out(self, variant: Variant, why: str) -> None:
        self.tried.append({"model": spells_out(variant), "left_out": why})
