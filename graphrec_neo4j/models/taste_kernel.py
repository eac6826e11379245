"""The numba kernel that counts who likes two items; import this module inside functions only."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]


@numba.njit(cache=True, nogil=True)
def count_common(pointers: Int32s, columns: Int32s, left: Int64s, right: Int64s) -> Int64s:
    """Count the common columns (m,) of the rows ``left`` and ``right`` (m,) of a CSR pattern with sorted rows."""
    counts = np.zeros(len(left), dtype=np.int64)
    for pair in range(len(left)):
        mine, my_end = pointers[left[pair]], pointers[left[pair] + 1]
        theirs, their_end = pointers[right[pair]], pointers[right[pair] + 1]
        while mine < my_end and theirs < their_end:
            difference = columns[mine] - columns[theirs]
            counts[pair] += difference == 0
            mine += difference <= 0
            theirs += difference >= 0
    return counts
