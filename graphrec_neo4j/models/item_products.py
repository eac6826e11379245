"""Products of all pairs of items or users, row by row, of which only the best of each row are kept."""

from __future__ import annotations

import os
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.likeness import Floats, Likeness
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.threads import in_threads

STRIDE, PIECE = 8192, 512

BYTES_A_TIE = 24.0
"""8 of the list, 8 of the graph, 8 of what is made of it."""
BYTES_OF_A_THREAD = 28.0
"""What each thread holds of a column."""


def ties_bytes(n_rows: int, n_columns: int, k: int) -> float:
    """About how much memory :func:`best_products` takes at most, with the item graph that a model makes of it."""
    return BYTES_A_TIE * n_rows * min(k, n_columns) + BYTES_OF_A_THREAD * n_columns * (os.cpu_count() or 1)


def best_products(
    left: sparse.csr_matrix,
    right: sparse.csr_matrix,
    k: int,
    progress: Progress,
    likeness: Likeness | None = None,
    *,
    to_oneself: bool = False,
) -> sparse.csr_matrix:
    """Return the k largest positive ties of each row of ``left @ right``, (n, p) @ (p, m), float32, ties by column.

    ``likeness`` says what a product is compared as; as it is without. A tie of a row to the column of its own number
    is left out unless ``to_oneself``. Of the product itself a row is held at a time, for each thread.
    """
    from graphrec_neo4j.models.item_products_kernel import best_of_products

    likeness = likeness or Likeness()
    n_rows, n_columns = left.shape[0], right.shape[1]
    room = _most_ties(left, right, min(k, n_columns))
    pointers = np.concatenate(([0], np.cumsum(room)))
    columns, values = np.empty(pointers[-1], dtype=np.int32), np.empty(pointers[-1], dtype=np.float32)
    counts = np.zeros(n_rows, dtype=np.int64)
    factors = (*_parts(left), *_parts(right))
    numbers = (int(likeness.kind), likeness.constant, _or_zeros(likeness.of_rows, n_rows))
    weighing = (*numbers, _or_zeros(likeness.of_columns, n_columns))

    def work(before: int, start: int, stop: int) -> None:
        kept = (pointers, columns, values, counts)
        best_of_products(factors, weighing, to_oneself, kept, before + start, before + stop)

    for start in range(0, n_rows, STRIDE):
        stop = min(start + STRIDE, n_rows)
        in_threads(partial(work, start), stop - start, PIECE)
        progress("comparing", stop, n_rows)
    return _without_gaps(pointers, columns, values, counts, n_columns)


def _most_ties(left: sparse.csr_matrix, right: sparse.csr_matrix, most: int) -> npt.NDArray[np.int64]:
    """How many ties each row (n,) can have: as many as it has products, and no more than ``most``."""
    reached = np.concatenate(([0], np.cumsum(np.diff(right.indptr)[left.indices], dtype=np.int64)))
    return np.minimum(np.diff(reached[left.indptr]), most)


def _parts(matrix: sparse.csr_matrix) -> tuple[npt.NDArray, npt.NDArray, Floats]:
    return matrix.indptr, matrix.indices, matrix.data.astype(np.float64, copy=False)


def _or_zeros(numbers: Floats, count: int) -> Floats:
    return np.asarray(numbers, dtype=np.float64) if len(numbers) else np.zeros(count)


def _without_gaps(
    pointers: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int32],
    values: npt.NDArray[np.float32],
    counts: npt.NDArray[np.int64],
    n_columns: int,
) -> sparse.csr_matrix:
    """The matrix whose row r stands at ``pointers[r]`` and is ``counts[r]`` long."""
    ends = np.concatenate(([0], np.cumsum(counts)))
    if ends[-1] < len(columns):
        there = np.arange(ends[-1]) + np.repeat(pointers[:-1] - ends[:-1], counts)
        columns, values = columns[there], values[there]
    return sparse.csr_matrix((values, columns, ends), shape=(len(counts), n_columns))
