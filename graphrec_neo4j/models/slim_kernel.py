"""SLIM's coordinate descent; import this module inside functions only, because numba is slow to import."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@numba.njit(cache=True, nogil=True)
def _count(pattern: tuple, item: int, place: Ints, counts: Floats) -> None:
    """Set ``counts`` to how many users like both ``item`` and the item at each place; -1 is no place."""
    item_pointers, users, user_pointers, items = pattern
    counts[:] = 0.0
    for at in range(item_pointers[item], item_pointers[item + 1]):
        user = users[at]
        for other in range(user_pointers[user], user_pointers[user + 1]):
            if place[items[other]] >= 0:
                counts[place[items[other]]] += 1.0


@numba.njit(cache=True, nogil=True)
def _descend(
    pattern: tuple, mine: Ints, place: Ints, slope: Floats, gram: Floats, limits: tuple, weights: Floats
) -> None:
    """Minimise over ``weights`` (n,), which begin at 0, in turn; ``slope`` (n,) begins as ``c - l1``.

    ``slope`` stays ``c - l1 - G w``. A column of the Gram matrix is counted when its weight first moves, which
    most never do (covariance updates: Friedman, Hastie, Tibshirani, 2010, section 2.2).
    """
    item_pointers = pattern[0]
    l2, tolerance, sweeps = limits
    known = np.zeros(len(mine), dtype=np.bool_)
    for _ in range(sweeps):
        moved = 0.0
        for one in range(len(mine)):
            users = item_pointers[mine[one] + 1] - item_pointers[mine[one]]
            step = max((slope[one] + users * weights[one]) / (users + l2), 0.0) - weights[one]
            if step == 0.0:
                continue
            if not known[one]:
                _count(pattern, mine[one], place, gram[one])
                known[one] = True
            slope -= step * gram[one]
            weights[one] += step
            moved = max(moved, abs(step))
        if moved <= tolerance:
            return


@numba.njit(cache=True, nogil=True)
def solve(pattern: tuple, near: tuple, l1: float, limits: tuple, weights: Floats, start: int, stop: int) -> None:
    """Fill ``weights``, parallel to the indices of the CSR ``near``, for its rows ``start`` to ``stop``.

    ``pattern`` is who likes what, as items by users and users by items: pointers and indices of each.
    ``limits`` is l2, the change of a weight that ends the descent, and the most sweeps.
    """
    pointers, indices = near
    widest = 0
    for item in range(start, stop):
        widest = max(widest, pointers[item + 1] - pointers[item])
    place = np.full(len(pattern[0]) - 1, -1, dtype=np.int32)
    gram = np.empty((widest, widest))
    slope = np.empty(widest)
    for item in range(start, stop):
        mine = indices[pointers[item] : pointers[item + 1]]
        width = len(mine)
        for at in range(width):
            place[mine[at]] = at
        _count(pattern, item, place, slope[:width])
        slope[:width] -= l1
        _descend(
            pattern,
            mine,
            place,
            slope[:width],
            gram[:width, :width],
            limits,
            weights[pointers[item] : pointers[item + 1]],
        )
        for at in range(width):
            place[mine[at]] = -1
