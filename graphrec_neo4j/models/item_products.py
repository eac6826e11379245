"""Products of all pairs of items, block by block, of which only the best of each row are kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.sparse_rows import keep_best

Rows = npt.NDArray[np.int64]
Weigh = Callable[[sparse.csr_matrix, Rows], sparse.csr_matrix]
"""Turns rows (b, n_items) of a product into the ties that are compared; is given their item rows (b,) too."""

BLOCK_ENTRIES = 20_000_000


def best_products(
    items: sparse.csr_matrix,
    others: sparse.csr_matrix,
    k: int,
    progress: Progress,
    weigh: Weigh = lambda block, rows: block,
) -> sparse.csr_matrix:
    """Return the k largest ties of each item: ``weigh(items @ others)`` (n_items, n_items) without its diagonal.

    ``items`` (n_items, n), ``others`` (n, n_items). A block of rows is held at a time, whose products number at
    most some 20 million, so that memory does not grow with the catalogue.
    """
    ends = np.cumsum(items @ np.diff(others.indptr).astype(np.float64) if items.nnz else np.zeros(items.shape[0]))
    kept, start, n_items = [], 0, items.shape[0]
    while start < n_items:
        before = ends[start - 1] if start else 0.0
        stop = max(start + 1, int(np.searchsorted(ends, before + BLOCK_ENTRIES)))
        rows = np.arange(start, min(stop, n_items))
        block = sparse.csr_matrix(weigh((items[rows] @ others).tocsr(), rows))
        block.data[block.indices == np.repeat(rows, np.diff(block.indptr))] = 0.0
        kept.append(keep_best(block, k))
        start = int(rows[-1]) + 1
        progress("comparing items", start, n_items)
    return sparse.csr_matrix(sparse.vstack(kept)) if kept else sparse.csr_matrix((0, 0), dtype=np.float32)
