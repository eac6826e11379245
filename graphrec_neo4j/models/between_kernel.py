"""Numba kernels that look up a few places of large tables; import inside functions only: numba is slow to import."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@numba.njit(cache=True, nogil=True)
def entries_between(
    pointers: npt.NDArray, columns: npt.NDArray, values: npt.NDArray, rows: npt.NDArray, wanted: npt.NDArray
) -> Floats:
    """Return what a CSR matrix with sorted rows holds at ``rows`` (h,) and columns ``wanted`` (k,), as (k, h)."""
    found = np.zeros((len(wanted), len(rows)))
    for at, row in enumerate(rows):
        start, stop = pointers[row], pointers[row + 1]
        for place, column in enumerate(wanted):
            low, high = start, stop
            while low < high:
                middle = (low + high) // 2
                if columns[middle] < column:
                    low = middle + 1
                else:
                    high = middle
            if low < stop and columns[low] == column:
                found[place, at] = values[low]
    return found


@numba.njit(cache=True, nogil=True)
def products_between(
    pointers: npt.NDArray, columns: npt.NDArray, values: npt.NDArray, rows: npt.NDArray, others: npt.NDArray, width: int
) -> Floats:
    """Return the products of ``rows`` (h,) of a CSR matrix, ``width`` wide, with ``others`` (k,) of it, as (k, h)."""
    found, spread = np.zeros((len(others), len(rows))), np.zeros(width)
    for place, other in enumerate(others):
        for entry in range(pointers[other], pointers[other + 1]):
            spread[columns[entry]] = values[entry]
        for at, row in enumerate(rows):
            total = 0.0
            for entry in range(pointers[row], pointers[row + 1]):
                total += values[entry] * spread[columns[entry]]
            found[place, at] = total
        for entry in range(pointers[other], pointers[other + 1]):
            spread[columns[entry]] = 0.0
    return found
