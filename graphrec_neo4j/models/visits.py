"""Interactions in the order in which a user made them: what is close in time, what is recent, what fades."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.edge_times import MISSING_TIME
from graphrec_neo4j.ranking.splits import TimedPairs

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

HOUR = 3_600_000


class Visits(NamedTuple):
    """m visits, sorted by user, then time: ``user``, ``item``, ``time`` in ms and ``weight`` (m,).

    Those of item i are at ``places[first[i]:first[i + 1]]``.
    """

    user: Int64s
    item: Int64s
    time: Floats
    weight: Floats
    first: Int64s
    places: Int64s


def visits_of(pairs: TimedPairs, weights: Floats, n_items: int, window: float) -> Visits:
    """Sort ``pairs`` and weigh each with the root of its weight (m,): a pair of visits weighs their geometric mean.

    Visits without a time are put at one moment, further than ``window`` ms from all others.
    """
    timed = pairs.time != MISSING_TIME
    time = pairs.time.astype(np.float64)
    time[~timed] = time[timed].min() - 2 * window - 1 if timed.any() else 0.0
    order = np.lexsort((pairs.item, time, pairs.user))
    item = pairs.item[order]
    first = np.concatenate(([0], np.cumsum(np.bincount(item, minlength=n_items))))
    sorted_pairs = (pairs.user[order], item, time[order], np.sqrt(weights)[order])
    return Visits(*sorted_pairs, first, np.argsort(item, kind="stable"))


def recency_ranks(pairs: TimedPairs) -> Int64s:
    """How many of the user's visits are later (m,); what has no time is as old as can be, all at one moment."""
    return _ranks(pairs, np.lexsort((-pairs.time.astype(np.float64), pairs.user)))[0]


def first_shares(pairs: TimedPairs, count: int) -> Floats:
    """How likely each visit (m,) is among the first ``count`` of its user, those of one moment being in any order.

    A moment of n visits, r others being earlier, has ``min(n, count - r)`` of the places, in equal parts. 0 for all
    visits of a user of whom one has no time, since nobody knows when that was.
    """
    earlier, together = _ranks(pairs, np.lexsort((pairs.time, pairs.user)))
    shares = np.clip(count - earlier, 0, together) / together
    shares[np.isin(pairs.user, pairs.user[pairs.time == MISSING_TIME])] = 0.0
    return shares


def _ranks(pairs: TimedPairs, order: Int64s) -> tuple[Int64s, Int64s]:
    """How many of the user's visits come in ``order`` before a visit's moment, and how many are of it: (m,) each."""
    user, time = pairs.user[order], pairs.time[order]
    place = np.arange(len(order))
    starts_user = np.diff(user, prepend=-1) != 0
    starts_moment = starts_user | (np.diff(time, prepend=0) != 0)
    moment = np.cumsum(starts_moment) - 1
    before, together = np.empty((2, len(order)), dtype=np.int64)
    before[order] = _last_true(starts_moment, place) - _last_true(starts_user, place)
    together[order] = np.bincount(moment)[moment]
    return before, together


def _last_true(mask: npt.NDArray[np.bool_], place: Int64s) -> Int64s:
    """The place of the latest True up to each place."""
    return np.maximum.accumulate(np.where(mask, place, 0))
