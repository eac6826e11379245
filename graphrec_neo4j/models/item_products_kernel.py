"""The numba kernel of the best products of each row; import inside functions only, because numba is slow to import."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.models.likeness import LEAST_DIVISOR, Kind

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Float32s = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

LOW = (1 << 32) - 1
COSINE, JACCARD, POWER = int(Kind.COSINE), int(Kind.JACCARD), int(Kind.POWER)


@numba.njit(cache=True, nogil=True, inline="always")
def _weighed(kind: int, product: float, of_row: float, of_column: float, constant: float) -> float:
    if kind == COSINE:
        return product / max(of_row * of_column + constant, LEAST_DIVISOR)
    if kind == JACCARD:
        return product / max(of_row + of_column - product + constant, LEAST_DIVISOR)
    if kind == POWER:
        return product**constant
    return product


@numba.njit(cache=True, nogil=True)
def _largest_first(keys: Int64s, k: int) -> None:
    """Bring the k largest of more than k keys to the front, in any order: Hoare's selection."""
    low, high = 0, len(keys) - 1
    while low < high:
        first, middle, last = keys[low], keys[(low + high) // 2], keys[high]
        pivot = max(min(first, middle), min(max(first, middle), last))
        left, right = low, high
        while left <= right:
            while keys[left] > pivot:
                left += 1
            while keys[right] < pivot:
                right -= 1
            if left <= right:
                keys[left], keys[right] = keys[right], keys[left]
                left += 1
                right -= 1
        if k - 1 <= right:
            high = right
        elif k - 1 >= left:
            low = left
        else:
            return


@numba.njit(cache=True, nogil=True)
def _sum_up(factors: tuple, row: int, sums: Floats, last_met: Int32s, met: Int32s) -> int:
    """Add ``row`` of the product to ``sums`` (m,), which are 0; return how many columns it has, listed in ``met``."""
    left_pointers, left_columns, left_values, pointers, columns, values = factors
    n_met = 0
    for at in range(left_pointers[row], left_pointers[row + 1]):
        middle, value = left_columns[at], left_values[at]
        for position in range(pointers[middle], pointers[middle + 1]):
            column = columns[position]
            # Written always and counted when new, as a branch would be mispredicted half of the time.
            met[n_met] = column
            n_met += last_met[column] != row
            last_met[column] = row
            sums[column] += value * values[position]
    return n_met


@numba.njit(cache=True, nogil=True)
def _keep(ties: Float32s, columns: Int32s, keys: Int64s, kept_columns: Int32s, kept_values: Float32s) -> int:
    """Fill the room for one row with the largest positive of its ``ties`` (n,), by column; return how many they are.

    A tie is compared as one number, its 32 bits above those of its column counted down: positive floats are ordered
    as their bits are, and of equals the lower column wins.
    """
    bits, n_keys = ties.view(np.int32), 0
    for place in range(len(ties)):
        keys[n_keys] = (np.int64(bits[place]) << 32) | np.int64(LOW - columns[place])
        n_keys += ties[place] > 0
    if n_keys > len(kept_columns):
        _largest_first(keys[:n_keys], len(kept_columns))
        n_keys = len(kept_columns)
    best, kept_bits = keys[:n_keys], kept_values.view(np.int32)
    for place in range(n_keys):
        best[place] = ((LOW - (best[place] & LOW)) << 32) | (best[place] >> 32)
    best.sort()
    for place in range(n_keys):
        kept_columns[place] = best[place] >> 32
        kept_bits[place] = best[place] & LOW
    return n_keys


@numba.njit(cache=True, nogil=True)
def best_of_products(factors: tuple, weighing: tuple, to_oneself: bool, kept: tuple, start: int, stop: int) -> None:
    """Keep the largest positive ties of rows ``start`` to ``stop`` of a product of two CSR matrices, by column.

    ``factors`` are pointers, columns and values of both; ``weighing`` is kind, constant, and what a likeness knows of
    rows (n,) and columns (m,). ``kept`` is, for each row, where its ties begin (n + 1,), the columns and values that
    are filled there, and how many they are (n,). A row is summed up densely: Gustavson, ACM TOMS 1978.
    """
    kind, constant, of_rows, of_columns = weighing
    begins, kept_columns, kept_values, counts = kept
    sums, last_met = np.zeros(len(of_columns)), np.full(len(of_columns), -1, dtype=np.int32)
    met, keys = np.empty(len(of_columns) + 1, dtype=np.int32), np.empty(len(of_columns), dtype=np.int64)
    ties = np.empty(len(of_columns), dtype=np.float32)
    for row in range(start, stop):
        n_met = _sum_up(factors, row, sums, last_met, met)
        if not to_oneself and row < len(sums):
            sums[row] = 0.0
        for place in range(n_met):
            column = met[place]
            ties[place] = _weighed(kind, sums[column], of_rows[row], of_columns[column], constant)
            sums[column] = 0.0
        room = slice(begins[row], begins[row + 1])
        counts[row] = _keep(ties[:n_met], met[:n_met], keys, kept_columns[room], kept_values[room])
