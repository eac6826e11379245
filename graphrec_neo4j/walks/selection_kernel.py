"""The numba kernels that pick the best k of a user's totals; import this module inside functions only.

Ranking is by the 32-bit score that is given out, so that mathematically equal scores tie, and ties go by row.
Scores are positive, so the bits of a float, read as a whole number, are in the order of the floats; and whole
numbers have quick maxima.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.walks.transitions import Floats

Int32s = npt.NDArray[np.int32]
UInt32s = npt.NDArray[np.uint32]
Float32s = npt.NDArray[np.float32]

TEETH = 16
COARSE = 20
GRADES = 1 << (31 - COARSE)


@numba.njit(cache=True, nogil=True)
def sink(items: Int32s, scores: Float32s, place: int, size: int, item: int, score: np.float32) -> None:
    """Put an item at ``place`` of a heap whose root is the worst: lowest score, among equals the highest row."""
    child = 2 * place + 1
    while child < size:
        beside = child + 1
        if beside < size and (
            scores[beside] < scores[child] or (scores[beside] == scores[child] and items[beside] > items[child])
        ):
            child = beside
        if scores[child] > score or (scores[child] == score and items[child] < item):
            break
        items[place], scores[place] = items[child], scores[child]
        place, child = child, 2 * child + 1
    items[place], scores[place] = item, score


@numba.njit(cache=True, nogil=True)
def round_off(totals: Floats, discount: Floats, rounded: Float32s) -> None:
    """Move ``totals`` into ``rounded``, discounted; plain loops, one thing each, which processors do by the dozen."""
    if len(discount):
        for place in range(len(totals)):
            rounded[place] = totals[place] * discount[place]
    else:
        for place in range(len(totals)):
            rounded[place] = totals[place]
    totals[:] = 0.0


@numba.njit(cache=True, nogil=True)
def _peaks(totals: Floats, discount: Floats, rounded: Float32s, peaks: Int32s) -> None:
    """Round ``totals`` off into ``rounded``, and find the greatest bits of each comb.

    A comb holds every ``len(peaks)``-th place, so that all combs together are compared in plain loops, and the
    good places at the front are dealt out among them. Tooth by tooth, because a tooth fits into the first cache.
    """
    bits, width = rounded.view(np.int32), len(peaks)
    peaks[:] = 0
    for first in range(0, len(totals), max(1, width)):
        last = min(len(totals), first + width)
        round_off(totals[first:last], discount[first:last], rounded[first:last])
        tooth = bits[first:last]
        for comb in range(len(tooth)):
            peaks[comb] = max(peaks[comb], tooth[comb])


@numba.njit(cache=True, nogil=True)
def _bar(peaks: Int32s, k: int) -> int:
    """Bits that k of the ``peaks`` or more reach, or 1.

    Peaks of different combs are different scores, so nothing below the k-th greatest peak can be in the list. They
    are counted by exponent and three bits of precision: coarse, but quick.
    """
    grades = np.zeros(1 << (31 - COARSE), dtype=np.int32)
    for peak in peaks:
        grades[peak >> COARSE] += 1
    grade, above = len(grades), 0
    while grade > 0 and above < k:
        grade -= 1
        above += grades[grade]
    return max(1, grade << COARSE)


@numba.njit(cache=True, nogil=True)
def _offer(items: Int32s, scores: Float32s, item: int, score: np.float32) -> None:
    """Let a score into a full heap, if it is better than the worst there."""
    if score > scores[0] or (score == scores[0] and item < items[0]):
        sink(items, scores, 0, len(items), item, score)


@numba.njit(cache=True, nogil=True)
def _put_in_order(items: Int32s, scores: Float32s) -> None:
    """Sort a heap, best first; places that are not taken get -inf."""
    for size in range(len(items) - 1, 0, -1):
        item, score = items[size], scores[size]
        items[size], scores[size] = items[0], scores[0]
        sink(items, scores, 0, size, item, score)
    for place in range(len(items)):
        if items[place] == NO_ITEM:
            scores[place] = -np.inf


@numba.njit(cache=True, nogil=True)
def best(
    totals: Floats,
    swept: int,
    tail: UInt32s,
    discount: Floats,
    rounded: Float32s,
    item_at: Int32s,
    items: Int32s,
    scores: Float32s,
) -> None:
    """Write the best positive scores into one list (k,), best first and ties by row, and clear the ``totals``.

    Candidates are the first ``swept`` places, and the places ``tail``. ``rounded`` (n_items,) is scratch. Combs
    that stay under the bar are passed over by their peak.
    """
    bits, worst = rounded.view(np.int32), scores.view(np.int32)
    items[:], scores[:] = NO_ITEM, 0.0
    peaks = np.empty((swept + TEETH - 1) // TEETH, dtype=np.int32)
    _peaks(totals[:swept], discount, rounded, peaks)
    least = _bar(peaks, len(items))
    for comb in range(len(peaks)):
        if peaks[comb] >= max(least, worst[0]):
            for place in range(comb, swept, len(peaks)):
                if bits[place] >= least:
                    _offer(items, scores, item_at[place], rounded[place])
    for place in tail:
        score = np.float32(totals[place] * discount[place] if len(discount) else totals[place])
        totals[place] = 0.0
        if score > 0.0:
            _offer(items, scores, item_at[place], score)
    _put_in_order(items, scores)
