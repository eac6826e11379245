"""The numba kernel of a sparse times a dense table; import inside functions only, because numba is slow to import."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@numba.njit(cache=True, nogil=True, fastmath=True)
def rows_times(
    pointers: npt.NDArray, columns: npt.NDArray, values: Floats, table: Floats, answer: Floats, start: int, stop: int
) -> None:
    """Add rows ``start`` to ``stop`` of a CSR matrix times ``table`` (n, d) to ``answer`` (m, d)."""
    for row in range(start, stop):
        mine = answer[row]
        for position in range(pointers[row], pointers[row + 1]):
            value, other = values[position], table[columns[position]]
            for column in range(len(mine)):
                mine[column] += value * other[column]
