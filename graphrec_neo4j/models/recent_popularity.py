"""What was liked most of late: popularity that fades, the baseline to beat where the future is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.edge_times import MISSING_TIME, fading
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Recommender, Rows, Scores, State
from graphrec_neo4j.models.reasons import Reasons, popular
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.splits import timed_pairs
from graphrec_neo4j.snapshot import GraphSnapshot


@dataclass(frozen=True)
class RecentPopularitySettings:
    """``half_life_days``: after how many days an interaction counts half as much.

    180 was chosen among 3 to 730 on the latest fifth of train of MovieLens latest-small and of Ciao, both by time.
    """

    half_life_days: float = 180.0


class RecentPopularity(Recommender):
    """``score(i) = sum over positive interactions with i of max(2 ** (-age / half_life), 2 ** -20)``.

    The age is that before the latest interaction that the model is fitted on. What is older than twenty
    half-lives, or has no time, counts 2 ** -20 and so ranks by plain popularity behind the rest. Where no
    interaction has a time all count one, which is popularity, and ``chosen_on`` says so.
    """

    name = "recent-popularity"
    line = "the most liked items of late, the same for everybody"
    paper = "Ji, Sun, Zhang, Li: A Re-visit of the Popularity Baseline in Recommender Systems, SIGIR 2020 (DecayPop)"
    uses = ("interactions", "times")
    inductive = True
    cost = "one pass over the interactions"
    lighter = "take popularity, which knows no times, or fit fewer edges"
    settings_class = RecentPopularitySettings
    fits_at_once = True

    fading: npt.NDArray[np.float64]

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """Pairs, their times and what sorts them."""
        return 86.0 * pairs

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        half_life = self.settings.half_life_days
        if not half_life > 0:
            raise ModelError(f"half_life_days must be more than 0, not {half_life}.")
        pairs = timed_pairs(snapshot)
        self.chosen_on = type(self).chosen_on
        if not (pairs.time != MISSING_TIME).any():
            self.chosen_on = "nothing: no interaction has a time, so this is popularity"
        weights = fading(pairs.time, half_life)
        self.fading = np.bincount(pairs.item, weights, minlength=self.n_items).astype(np.float64)

    def _scores(self, users: Rows) -> Scores:
        return np.tile(self.fading.astype(np.float32), (len(users), 1))

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        return self._scores(np.arange(histories.shape[0]))

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons:
        return popular(self.fading[items], self.popularity[items], limit)

    def _state(self) -> State:
        return {"fading": self.fading}

    def _restore(self, state: State) -> None:
        self.fading = np.asarray(state["fading"])
