"""Global rows into local numbers: an open hash table in numba."""

from __future__ import annotations

import numba
import numpy as np

from graphrec_neo4j.sampling.graph import Int64s

FREE = -1
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: Fibonacci hashing (Knuth, TAOCP 3, 6.4)."""


@numba.njit(cache=True, nogil=True)
def _slot(key: int, keys: Int64s) -> np.int64:
    """Where ``key`` is in the table, or would be; the table's length is a power of two and it is never full."""
    mask = np.uint64(len(keys) - 1)
    mixed = np.uint64(key) * _SPREAD
    slot = (mixed ^ (mixed >> np.uint64(32))) & mask
    while keys[slot] != key and keys[slot] != FREE:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@numba.njit(cache=True, nogil=True)
def place(added: Int64s, first: int, keys: Int64s, numbers: Int64s) -> None:
    """Give ``added[i]`` the number ``first + i``; a key that is there already keeps its number."""
    for at in range(len(added)):
        slot = _slot(added[at], keys)
        if keys[slot] == FREE:
            keys[slot], numbers[slot] = added[at], first + at


@numba.njit(cache=True, nogil=True)
def number(wanted: Int64s, first: int, keys: Int64s, numbers: Int64s) -> tuple[Int64s, Int64s]:
    """Return the numbers of ``wanted`` (k,) and where in it new keys are; these get ``first``, ``first + 1``, ..."""
    found, fresh = np.empty(len(wanted), np.int64), np.empty(len(wanted), np.int64)
    count = 0
    for at in range(len(wanted)):
        slot = _slot(wanted[at], keys)
        if keys[slot] == FREE:
            keys[slot], numbers[slot] = wanted[at], first + count
            fresh[count] = at
            count += 1
        found[at] = numbers[slot]
    return found, fresh[:count]
