"""Metrics of top-k lists, one small function each.

The accuracy metrics take ``hits`` (n, k), whether each place of each list holds an item of the user's truth,
and ``sizes`` (n,), how many items her truth has, and return one number a user; NaN where her truth is empty,
so that a mean over users is ``np.nanmean``. An empty place of a list is a miss.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.results import NO_ITEM

Items = npt.NDArray[np.int32]
Hits = npt.NDArray[np.bool_]
Sizes = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]


def hits_of(items: Items, truth: sparse.csr_matrix) -> Hits:
    """Return which of ``items`` (n, k) are in the rows of ``truth`` (n, n_items): (n, k)."""
    width = truth.shape[1]
    known = np.repeat(np.arange(truth.shape[0]), np.diff(truth.indptr)) * width + truth.indices
    asked = np.arange(len(items))[:, None] * width + items
    return np.isin(asked, known) & (items != NO_ITEM)


def recall(hits: Hits, sizes: Sizes) -> Floats:
    """The share of the truth that is in the list: hits / truth, as in the LightGCN papers, not / min(k, truth)."""
    return _where_truth(np.sum(hits, axis=1) / np.maximum(sizes, 1), sizes)


def precision(hits: Hits, sizes: Sizes) -> Floats:
    """The share of the k places that are hits; a list shorter than k is still divided by k."""
    return _where_truth(hits.sum(axis=1) / hits.shape[1], sizes)


def hit_rate(hits: Hits, sizes: Sizes) -> Floats:
    """1 where at least one place is a hit, else 0."""
    return _where_truth(np.asarray(hits.any(axis=1), dtype=np.float64), sizes)


def mrr(hits: Hits, sizes: Sizes) -> Floats:
    """1 / the place of the first hit (mean reciprocal rank, once averaged); 0 without a hit."""
    return _where_truth(hits.any(axis=1) / (hits.argmax(axis=1) + 1.0), sizes)


def mean_average_precision(hits: Hits, sizes: Sizes) -> Floats:
    """The precision at each hit, added up and divided by min(k, truth), so that a perfect list has 1."""
    places = np.arange(1, hits.shape[1] + 1)
    at_hits = (hits.cumsum(axis=1) / places * hits).sum(axis=1)
    return _where_truth(at_hits / np.clip(sizes, 1, hits.shape[1]), sizes)


def ndcg(hits: Hits, sizes: Sizes) -> Floats:
    """Gains of 1 discounted by log2(place + 1), over those of a list that begins with min(k, truth) hits."""
    discounts = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = discounts.cumsum()[np.clip(sizes, 1, hits.shape[1]) - 1]
    return _where_truth((hits * discounts).sum(axis=1) / ideal, sizes)


ACCURACY: dict[str, Callable[[Hits, Sizes], Floats]] = {
    "recall": recall,
    "ndcg": ndcg,
    "precision": precision,
    "mrr": mrr,
    "map": mean_average_precision,
    "hit_rate": hit_rate,
}


def coverage(items: Items, n_items: int) -> float:
    """The share of the catalogue that is in at least one list; NaN without a catalogue."""
    return len(np.unique(items[items != NO_ITEM])) / n_items if n_items else np.nan


def novelty(items: Items, popularity: Floats, n_users: int) -> float:
    """The mean of -log2(users of the item / all users) over all filled places, in bits; NaN without any.

    An item that nobody has counts as if one user had it. Zhou et al., PNAS 107(10), 2010.
    """
    listed = items[items != NO_ITEM]
    return float(np.mean(-np.log2(np.maximum(popularity[listed], 1.0) / n_users))) if len(listed) else np.nan


def diversity(items: Items, interactions: sparse.csr_matrix, most_lists: int = 2000) -> float:
    """1 - the mean cosine between the users (columns of ``interactions``) of two items of one list.

    The mean over lists of two items or more, at most ``most_lists`` of them, evenly spaced; NaN without any.
    An item without users is like no other. Ziegler et al., WWW 2005.
    """
    items = items[(items != NO_ITEM).sum(axis=1) > 1]
    if not len(items):
        return np.nan
    items = items[np.unique(np.linspace(0, len(items) - 1, min(most_lists, len(items))).astype(int))]
    by_item = (interactions > 0).astype(np.float64).T.tocsr()
    degrees = np.diff(by_item.indptr)
    unit = sparse.diags(np.maximum(degrees, 1) ** -0.5) @ by_item
    return float(np.mean([_unlikeness(unit, listed[listed != NO_ITEM], degrees) for listed in items]))


def popularity_lift(items: Items, histories: sparse.csr_matrix, popularity: Floats) -> float:
    """How much more popular the listed items are than those that the users took themselves; 1 is alike.

    ``items`` (n, k) and ``histories`` (n, n_items) belong to the same users, ``popularity`` is (n_items,). The mean
    popularity of each list, averaged over users, over that of each history: 1 + delta GAP of Abdollahpouri et al.,
    RMSE workshop at RecSys 2019. Users without a list or a history are left out; NaN where nobody is left.
    """
    filled, sizes = items != NO_ITEM, np.diff(histories.indptr)
    kept = (sizes > 0) & filled.any(axis=1)
    if not kept.any():
        return np.nan
    of_lists = (
        np.where(filled, popularity[np.where(filled, items, 0)], 0.0).sum(axis=1)[kept] / filled.sum(axis=1)[kept]
    )
    of_histories = ((histories > 0).astype(np.float64) @ popularity)[kept] / sizes[kept]
    return float(of_lists.mean() / of_histories.mean())


def _unlikeness(unit: sparse.csr_matrix, listed: npt.NDArray, degrees: npt.NDArray) -> float:
    """Uses that the squared length of a sum of unit vectors is their number plus all cosines."""
    total = np.asarray(unit[listed].sum(axis=0)).ravel()
    cosines = total @ total - np.count_nonzero(degrees[listed])
    return float(1 - cosines / (len(listed) * (len(listed) - 1)))


def _where_truth(values: Floats, sizes: Sizes) -> Floats:
    return np.where(sizes > 0, values, np.nan)
