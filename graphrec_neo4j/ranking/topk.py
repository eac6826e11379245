"""Exact top-k lists, block by block: never more score memory than one block of users needs.

A list is ordered by score, best first; ties go to the lower item row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.results import NO_ITEM, TopK
from graphrec_neo4j.threads import in_threads, one_blas_thread

Rows = npt.NDArray[np.integer]
Scores = npt.NDArray[np.float32]

BLOCK_BYTES = 64 * 2**20
TILE_USERS, TILE_ITEMS = 512, 512
PIECE = 512


def blocks(n_rows: int, n_items: int, block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Cut 0..n_rows-1 into slices whose float32 score blocks (rows, n_items) fit into ``block_bytes``."""
    step = max(1, block_bytes // (4 * max(1, n_items)))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def top_k_of_blocks(
    scores_of: Callable[[Rows], Scores], users: Rows, k: int, n_items: int, seen: sparse.csr_matrix | None = None
) -> TopK:
    """Return the k best unseen items of each of ``users``, whatever the sign of their scores.

    ``scores_of`` gives (m, n_items) scores for m user rows; minus infinity marks an item that is not to be
    ranked. ``seen`` (n_users, n_items) holds what each user's list leaves out. A list with fewer than k
    items ends in NO_ITEM. Raises ModelError if k is less than 1.
    """
    top = empty_lists(len(users), k)
    for block in blocks(len(users), n_items):
        rows = users[block]
        scores = np.ascontiguousarray(scores_of(rows), dtype=np.float32)
        merge_scores(scores, 0, None if seen is None else seen[rows], top, block)
    return top


def top_k_of_vectors(
    user_vectors: Scores, item_vectors: Scores, users: Rows, k: int, seen: sparse.csr_matrix | None = None
) -> TopK:
    """Return the k unseen items with the largest dot products for each of ``users``, exactly.

    ``user_vectors`` (n_users, d), ``item_vectors`` (n_items, d), ``seen`` (n_users, n_items). Each thread multiplies
    and merges tiles of its own users, which stay in its processor's cache. Raises ModelError if k is less than 1.
    """
    top = empty_lists(len(users), k)
    items = np.ascontiguousarray(item_vectors, dtype=np.float32)

    def work(start: int, stop: int) -> None:
        mine = np.ascontiguousarray(user_vectors[users[start:stop]], dtype=np.float32)
        hidden = None if seen is None else seen[users[start:stop]]
        _merge_products(mine, items, hidden, top.items[start:stop], top.scores[start:stop])

    with one_blas_thread() if len(users) > TILE_USERS else nullcontext():
        in_threads(work, len(users), TILE_USERS)
    return top


def _merge_products(
    mine: Scores, items: Scores, seen: sparse.csr_matrix | None, listed: npt.NDArray[np.int32], best: Scores
) -> None:
    """Merge the dot products of ``mine`` (m, d) with all ``items`` (n, d) into lists (m, k), tile by tile."""
    from graphrec_neo4j.ranking.kernels import merge_block

    pointers, indices = _hidden(seen, len(mine))
    tile = np.empty(len(mine) * TILE_ITEMS, dtype=np.float32)
    for first in range(0, len(items), TILE_ITEMS):
        others = items[first : first + TILE_ITEMS]
        scores = tile[: len(mine) * len(others)].reshape(len(mine), len(others))
        np.matmul(mine, others.T, out=scores)
        merge_block(scores, first, pointers, indices, listed, best, 0, len(mine))


def merge_scores(scores: Scores, first_item: int, seen: sparse.csr_matrix | None, top: TopK, block: slice) -> None:
    """Merge the scores (m, t) of items ``first_item``... into the lists ``top[block]``, in place.

    ``seen`` (m, n_items) belongs to exactly these m users. Items must be merged in ascending row order.
    """
    from graphrec_neo4j.ranking.kernels import merge_block

    pointers, indices = _hidden(seen, len(scores))
    items, best = top.items[block], top.scores[block]

    def work(start: int, stop: int) -> None:
        merge_block(scores, first_item, pointers, indices, items, best, start, stop)

    in_threads(work, len(scores), PIECE)


def fill_up(top: TopK, popularity: npt.NDArray[np.float64], seen: sparse.csr_matrix | None = None) -> TopK:
    """Fill the NO_ITEM places of each list with the most popular items that are neither seen nor listed.

    ``popularity`` (n_items,), ``seen`` (len(top), n_items). Ties go to the lower row. A filled place scores 0,
    or what the list's last item scores if that is less, so that scores stay descending. Where the items run
    out, NO_ITEM stays.
    """
    short = np.flatnonzero((top.items == NO_ITEM).any(axis=1))
    if not len(short):
        return top
    from graphrec_neo4j.ranking.kernels import fill_lists

    order = np.lexsort((np.arange(len(popularity)), -popularity)).astype(np.int32)
    left_out = sparse.csr_matrix((len(short), len(popularity))) if seen is None else seen[short]
    items, scores = top.items.copy(), top.scores.copy()
    fill_lists(short, order, left_out.indptr, left_out.indices, items, scores)
    return TopK(items, scores)


def empty_lists(n_users: int, k: int) -> TopK:
    """Return lists without any item; raises ModelError if k is less than 1."""
    if k < 1:
        raise ModelError(f"k must be at least 1, not {k}.")
    return TopK(np.full((n_users, k), NO_ITEM, dtype=np.int32), np.full((n_users, k), -np.inf, dtype=np.float32))


def _hidden(seen: sparse.csr_matrix | None, n_rows: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The CSR pointers and sorted indices of what each of ``n_rows`` rows leaves out."""
    if seen is None:
        return np.zeros(n_rows + 1, dtype=np.int32), np.zeros(0, dtype=np.int32)
    seen = seen if seen.has_sorted_indices else seen.sorted_indices()
    return seen.indptr.astype(np.int32), seen.indices.astype(np.int32)
