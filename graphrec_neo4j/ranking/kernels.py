"""The numba kernels of ranking; import this module inside functions only, because numba is slow to import."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.results import NO_ITEM

Int32s = npt.NDArray[np.int32]
Float32s = npt.NDArray[np.float32]

CHUNK = 64


@numba.njit(cache=True, nogil=True)
def insert(items: Int32s, scores: Float32s, item: int, score: float) -> None:
    """Put an item into one descending list (k,), behind its equals; the last place falls out."""
    place = len(items) - 1
    while place > 0 and scores[place - 1] < score:
        items[place] = items[place - 1]
        scores[place] = scores[place - 1]
        place -= 1
    items[place] = item
    scores[place] = score


@numba.njit(cache=True, nogil=True)
def _merge_span(values: Float32s, first_item: int, items: Int32s, scores: Float32s) -> None:
    """Merge ``values`` (n,) of items ``first_item``... into one descending list (k,).

    Hardly any chunk has a value for the list, and whether it has one is asked without a branch, so that the processor
    compares many values at once.
    """
    for start in range(0, len(values), CHUNK):
        chunk, last, found = values[start : start + CHUNK], scores[-1], False
        # By place: numba's iterator over an array would not be made one comparison of many.
        for place in range(len(chunk)):
            found |= chunk[place] > last
        if found:
            for place in range(len(chunk)):
                if chunk[place] > scores[-1]:
                    insert(items, scores, first_item + start + place, chunk[place])


@numba.njit(cache=True, nogil=True)
def merge_block(
    block: Float32s,
    first_item: int,
    pointers: Int32s,
    indices: Int32s,
    items: Int32s,
    scores: Float32s,
    start: int,
    stop: int,
) -> None:
    """Merge score rows ``start`` to ``stop`` of ``block`` (m, t), items ``first_item``..., into lists (m, k).

    ``pointers`` and ``indices`` (sorted) are the CSR parts of what each row leaves out.
    """
    width = block.shape[1]
    for row in range(start, stop):
        here, there = pointers[row], pointers[row + 1]
        mine, best = items[row], scores[row]
        while here < there and indices[here] < first_item:
            here += 1
        item = 0
        while item < width:
            is_last = here == there or indices[here] >= first_item + width
            end = width if is_last else indices[here] - first_item
            _merge_span(block[row, item:end], first_item + item, mine, best)
            item = end + 1
            here += 1 - is_last


@numba.njit(cache=True, nogil=True)
def fill_lists(
    rows: npt.NDArray[np.int64],
    order: Int32s,
    pointers: Int32s,
    indices: Int32s,
    items: Int32s,
    scores: Float32s,
) -> None:
    """Fill the NO_ITEM places of ``items[rows]`` along ``order`` (n_items,), the best first.

    ``pointers`` and ``indices`` are the CSR parts of what each of ``rows`` leaves out besides its own list.
    """
    taken = np.full(len(order), -1, dtype=np.int32)
    for at in range(len(rows)):
        mine, best = items[rows[at]], scores[rows[at]]
        for position in range(pointers[at], pointers[at + 1]):
            taken[indices[position]] = at
        place = 0
        while place < len(mine) and mine[place] != NO_ITEM:
            taken[mine[place]] = at
            place += 1
        lowest = min(np.float32(0), best[place - 1]) if place else np.float32(0)
        for item in order:
            if place == len(mine):
                break
            if taken[item] != at:
                mine[place] = item
                best[place] = lowest
                place += 1


@numba.njit(cache=True, nogil=True)
def best_of_rows(
    pointers: npt.NDArray, columns: npt.NDArray, values: npt.NDArray, items: Int32s, scores: Float32s
) -> None:
    """Put the largest entries of each CSR row into lists (n, k) that hold NO_ITEM and zeros."""
    for row in range(len(items)):
        mine, best = items[row], scores[row]
        for position in range(pointers[row], pointers[row + 1]):
            if values[position] > best[-1]:
                insert(mine, best, columns[position], values[position])
