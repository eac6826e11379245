"""Counting visits that one user made close in time; import inside functions only: numba is slow to import."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.models.visits import Visits
from graphrec_neo4j.ranking.kernels import insert

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Sums(NamedTuple):
    """Of one item with each other (n_items,): how many pairs of visits, their weight; and which items those are."""

    counts: Int64s
    weights: Floats
    met: Int64s


@numba.njit(cache=True, nogil=True)
def _add(visits: Visits, one: int, other: int, sums: Sums, size: int) -> int:
    """Add a pair of visits to ``sums``; returns how many items are in them by now, ``size`` being how many were."""
    item = visits.item[other]
    if not sums.counts[item]:
        sums.met[size] = item
        size += 1
    sums.counts[item] += 1
    sums.weights[item] += visits.weight[one] * visits.weight[other]
    return size


@numba.njit(cache=True, nogil=True)
def _gather(visits: Visits, item: int, window: float, sums: Sums) -> int:
    """Add up all pairs of a visit to ``item`` and one by the same user at most ``window`` ms away."""
    size = 0
    for at in range(visits.first[item], visits.first[item + 1]):
        one = visits.places[at]
        user, time = visits.user[one], visits.time[one]
        other = one - 1
        while other >= 0 and visits.user[other] == user and time - visits.time[other] <= window:
            size = _add(visits, one, other, sums, size)
            other -= 1
        other = one + 1
        while other < len(visits.user) and visits.user[other] == user and visits.time[other] - time <= window:
            size = _add(visits, one, other, sums, size)
            other += 1
    return size


@numba.njit(cache=True, nogil=True)
def relate(
    visits: Visits,
    window: float,
    least: int,
    divisors: Floats,
    items: Int32s,
    scores: npt.NDArray[np.float32],
    counts: Int64s,
    start: int,
    stop: int,
) -> None:
    """Put the most related items of ``start`` to ``stop`` into lists (n_items, k) that hold NO_ITEM and zeros.

    Only pairs of at least ``least`` visits; their weight is divided by both of ``divisors`` (n_items,).
    """
    n_items = len(divisors)
    sums = Sums(np.zeros(n_items, np.int64), np.zeros(n_items), np.empty(n_items, np.int64))
    for item in range(start, stop):
        size = _gather(visits, item, window, sums)
        # By row, so that of equals the lower row is kept.
        met = np.sort(sums.met[:size])
        for other in met:
            # In 32 bits, as it is given out, so that equal scores tie.
            score = float(np.float32(sums.weights[other] / (divisors[item] * divisors[other])))
            if sums.counts[other] >= least and score > scores[item, -1]:
                insert(items[item], scores[item], other, score)
        for place in range(items.shape[1]):
            if items[item, place] >= 0:
                counts[item, place] = sums.counts[items[item, place]]
        sums.counts[met] = 0
        sums.weights[met] = 0.0
