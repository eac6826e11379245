"""The most liked items, the same for everybody: what every other model has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from graphrec_neo4j.models.base import Recommender, Rows, Scores, State
from graphrec_neo4j.models.reasons import Reasons, popular
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.snapshot import GraphSnapshot


@dataclass(frozen=True)
class PopularitySettings:
    """Popularity has nothing to set."""


class Popularity(Recommender):
    """An item's score is the number of its positive interactions, for every user."""

    name = "popularity"
    line = "the most liked items, the same for everybody"
    paper = "none; the baseline of Cremonesi, Koren and Turrin, RecSys 2010"
    uses = ("interactions",)
    inductive = True
    cost = "one pass over the interactions"
    settings_class = PopularitySettings
    fits_at_once = True

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """The pattern of what is liked, whose columns are counted."""
        return 14.0 * pairs

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        """Nothing to do: the base class has counted."""

    def _scores(self, users: Rows) -> Scores:
        return np.tile(self.popularity.astype(np.float32), (len(users), 1))

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        return self._scores(np.arange(histories.shape[0]))

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons:
        return popular(self.popularity[items], self.popularity[items], limit)

    def _state(self) -> State:
        return {}

    def _restore(self, state: State) -> None:
        """Nothing to do: the base class keeps the counts."""
