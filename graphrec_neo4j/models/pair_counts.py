"""How many users two items share; import inside functions only, because numba is slow to import."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(cache=True, nogil=True)
def shared_counts(
    pointers: npt.NDArray, indices: npt.NDArray, left: npt.NDArray, right: npt.NDArray
) -> npt.NDArray[np.int64]:
    """Count the entries that rows ``left[p]`` and ``right[p]`` of a CSR pattern have in common, for each p.

    Indices must be sorted within a row.
    """
    counts = np.zeros(len(left), dtype=np.int64)
    for pair in range(len(left)):
        one, one_end = pointers[left[pair]], pointers[left[pair] + 1]
        other, other_end = pointers[right[pair]], pointers[right[pair] + 1]
        while one < one_end and other < other_end:
            mine, theirs = indices[one], indices[other]
            counts[pair] += mine == theirs
            one += mine <= theirs
            other += theirs <= mine
    return counts
