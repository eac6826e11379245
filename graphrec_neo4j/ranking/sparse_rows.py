"""The largest entries of each row of a sparse matrix, as lists or as a sparser matrix."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graphrec_neo4j.results import NO_ITEM, TopK


def best_of_rows(matrix: sparse.csr_matrix, k: int) -> TopK:
    """Return the k largest positive entries of each row of ``matrix`` (n, m), as (n, k), ties by column."""
    from graphrec_neo4j.ranking.kernels import best_of_rows

    # Compared as they are given out, so that equal scores tie.
    matrix = matrix.astype(np.float32)
    matrix.sort_indices()
    shape = (matrix.shape[0], min(k, matrix.shape[1]))
    top = TopK(np.full(shape, NO_ITEM, dtype=np.int32), np.zeros(shape, dtype=np.float32))
    if shape[1]:
        best_of_rows(matrix.indptr, matrix.indices, matrix.data, top.items, top.scores)
    top.scores[top.items == NO_ITEM] = -np.inf
    return top


def keep_best(matrix: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """Return ``matrix`` (n, m) with only the k largest positive entries of each row, float32, columns sorted."""
    top = best_of_rows(matrix, k)
    there = top.items != NO_ITEM
    pointers = np.concatenate(([0], np.cumsum(there.sum(axis=1))))
    kept = sparse.csr_matrix((top.scores[there], top.items[there], pointers), shape=matrix.shape)
    kept.sort_indices()
    return kept
