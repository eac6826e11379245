"""For whom and on what a model is good: users by the length of their history, items by popularity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.ranking.evaluation import Judged, popularity_in
from graphrec_neo4j.ranking.metrics import hits_of
from graphrec_neo4j.ranking.splits import Split

HISTORY_SLICES: Mapping[str, tuple[int, float]] = {
    "none": (0, 0),
    "1-5": (1, 5),
    "6-20": (6, 20),
    "more than 20": (21, np.inf),
}
"""The least and the most positive interactions in train of the users of each slice."""

QUARTERS = ("most popular quarter", "second quarter", "third quarter", "least popular quarter")


def by_history(judged: Judged, split: Split, metric: str) -> dict[str, tuple[int, float]]:
    """(users, mean of ``metric``) for the users with none, 1-5, 6-20 and more train items; NaN for no users."""
    sizes, values = np.diff(split.train.interactions.indptr)[split.users], judged.per_user[metric]
    masks = {name: (sizes >= low) & (sizes <= high) for name, (low, high) in HISTORY_SLICES.items()}
    return {name: (int(mask.sum()), _ratio(values[mask].sum(), mask.sum())) for name, mask in masks.items()}


def by_popularity(judged: Judged, split: Split) -> dict[str, tuple[int, float]]:
    """(test pairs, share of them that is in the lists) for the items of each popularity quarter.

    This is recall with all test pairs in one pot, so that a user with few test items in a quarter counts little.
    """
    test, quarter = split.test[split.users], popularity_quarters(popularity_in(split.train))
    asked = np.bincount(quarter[test.indices], minlength=len(QUARTERS))
    found = np.bincount(quarter[judged.items[hits_of(judged.items, test)]], minlength=len(QUARTERS))
    return {name: (int(a), _ratio(f, a)) for name, a, f in zip(QUARTERS, asked, found, strict=True)}


def popularity_quarters(popularity: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the quarter of each item (n,): 0 for the most popular to 3 for the least.

    Items are sorted by their number of train interactions, ties by row, and cut so that each quarter holds a
    quarter of all interactions: few items in the first, most in the last. An item belongs where its first
    interaction falls; one that nobody has, to the last.
    """
    order = np.lexsort((np.arange(len(popularity)), -popularity))
    before = np.cumsum(popularity[order]) - popularity[order]
    quarter = np.empty(len(popularity), dtype=np.int64)
    quarter[order] = np.minimum(4 * before // max(1.0, popularity.sum()), 3)
    quarter[popularity == 0] = 3
    return quarter


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
