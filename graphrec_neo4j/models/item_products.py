"""Products of all pairs of items or users, block by block, of which only the best of each row are kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.sparse_rows import keep_best

Rows = npt.NDArray[np.int64]
Weigh = Callable[[sparse.csr_matrix, Rows], sparse.csr_matrix]
"""Turns rows (b, m) of a product into the ties that are compared; is given which rows (b,) they are, too."""

BLOCK_ENTRIES = 20_000_000


def best_products(
    left: sparse.csr_matrix,
    right: sparse.csr_matrix,
    k: int,
    progress: Progress,
    weigh: Weigh = lambda block, rows: block,
    *,
    to_oneself: bool = False,
) -> sparse.csr_matrix:
    """Return the k largest ties of each row of ``weigh(left @ right)``, (n, p) @ (p, m), float32.

    A tie of a row to the column of its own number is left out unless ``to_oneself``. A block of rows is held at a
    time, whose products number at most some 20 million, so that memory does not grow with the catalogue.
    """
    n_rows = left.shape[0]
    ends = np.cumsum(left @ np.diff(right.indptr).astype(np.float64) if left.nnz else np.zeros(n_rows))
    kept, start = [], 0
    while start < n_rows:
        before = ends[start - 1] if start else 0.0
        stop = max(start + 1, int(np.searchsorted(ends, before + BLOCK_ENTRIES)))
        rows = np.arange(start, min(stop, n_rows))
        block = sparse.csr_matrix(weigh((left[rows] @ right).tocsr(), rows))
        if not to_oneself:
            block.data[block.indices == np.repeat(rows, np.diff(block.indptr))] = 0.0
        kept.append(keep_best(block, k))
        start = int(rows[-1]) + 1
        progress("comparing", start, n_rows)
    return sparse.csr_matrix(sparse.vstack(kept)) if kept else sparse.csr_matrix((0, right.shape[1]), dtype=np.float32)
