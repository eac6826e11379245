"""What people take when they have nothing yet, as the next step from a node at which every history begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.visits import first_shares
from graphrec_neo4j.ranking.splits import TimedPairs
from graphrec_neo4j.ranking.topk import empty_lists, fill_up
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation, TopK

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Newcomers:
    """``scores`` (n_items,) float32: how likely a newcomer takes an item first; ``counts`` (n_items,): how many did.

    All zero where no interaction has a time.
    """

    scores: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, pairs: TimedPairs, weights: Floats, n_items: int, first: int) -> Self:
        """Learn from the ``first`` so many interactions of each user of ``pairs``.

        ``weights`` (m,) say what a pair counts for its age. A user counts what her oldest pair does: she was a
        newcomer once, at one moment.
        """
        shares = first_shares(pairs, first)
        began = shares > 0
        user, item = pairs.user[began], pairs.item[began]
        of_user = np.full(int(user.max(initial=-1)) + 1, np.inf)
        np.minimum.at(of_user, user, weights[began])
        everyone = of_user[np.isfinite(of_user)].sum()
        sums = np.bincount(item, shares[began] * of_user[user], minlength=n_items)
        return cls((sums / (everyone or 1.0)).astype(np.float32), np.bincount(item, minlength=n_items))

    def top_k(self, rows: int, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """Return the likeliest k items for each of ``rows`` newcomers, without what they have ``seen`` (rows, n)."""
        items = fill_up(empty_lists(rows, k), self.scores.astype(np.float64), seen).items
        scores = np.where(items == NO_ITEM, 0.0, self.scores[items])
        return TopK(
            np.where(scores > 0, items, NO_ITEM).astype(np.int32),
            np.where(scores > 0, scores, -np.inf).astype(np.float32),
        )

    def explain(self, item: int, limit: int) -> Explanation:
        """Say how many newcomers took ``item`` first, which is all that there is to its score."""
        score, count = float(self.scores[item]), int(self.counts[item])
        told = (Contribution("start", score, count=count),) if count and limit else ()
        return Explanation(score, told, 0.0 if told else score, exact=True)

    def state(self) -> dict[str, npt.NDArray]:
        """Return what :meth:`restored` takes."""
        return {"newcomer_scores": self.scores, "newcomer_counts": self.counts}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`state`; other arrays beside are left alone."""
        return cls(state["newcomer_scores"], state["newcomer_counts"])
