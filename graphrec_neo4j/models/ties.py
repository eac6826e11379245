"""Who is tied to whom, over all tie types, cut to ties between people of one taste where that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError, nearest
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot


def tie_types(schema: GraphSchema, names: Sequence[str] = ()) -> list[str]:
    """Return ``names``, or every tie type of ``schema``; raises ModelError for one that is no tie type."""
    known = schema.by_role("tie")
    for name in names:
        if name not in known:
            raise ModelError(f"there is no tie type {name!r}{nearest(name, known)}.")
    return list(names or known)


def ties_of(snapshot: GraphSnapshot, names: Sequence[str], *, both_ways: bool) -> sparse.csr_matrix:
    """Return who hears whom (n_users, n_users) by the ties of the types ``names``, or of all types.

    A tie weighs its strength times its type's importance; ties that join the same two users add up, and none joins a
    user to herself. ``both_ways`` lets a directed tie count as much on the way back.
    """
    schema, n_users = snapshot.schema, len(snapshot.users)
    total = sparse.csr_matrix((n_users, n_users))
    for name in tie_types(schema, names):
        made = snapshot.matrix(name)
        total = total + schema.edges[name].importance * (made.maximum(made.T) if both_ways else made)
    return _without_entries(total.tocsr(), total.indices == np.repeat(np.arange(n_users), np.diff(total.indptr)))


def kinds_of(snapshot: GraphSnapshot, names: Sequence[str], ties: sparse.csr_matrix) -> npt.NDArray[np.int64]:
    """Return for each entry (m,) of ``ties`` the number of the first tie type of ``names`` that joins the two."""
    user, friend = np.repeat(np.arange(ties.shape[0]), np.diff(ties.indptr)), ties.indices
    kinds = np.zeros(ties.nnz, dtype=np.int64)
    if not ties.nnz:
        return kinds
    for number, name in reversed(list(enumerate(tie_types(snapshot.schema, names)))):
        joined = snapshot.matrix(name)
        kinds[np.asarray((joined + joined.T)[user, friend]).ravel() > 0] = number
    return kinds


def overlaps(ties: sparse.csr_matrix, interactions: sparse.csr_matrix) -> npt.NDArray[np.float64]:
    """Return the Jaccard overlap (m,), 0 to 1, of the histories at the two ends of each entry of ``ties``.

    1 where one of the two has no history: nothing speaks against such a tie.
    """
    liked, sizes = pattern(interactions), np.diff(interactions.indptr)
    user, friend = np.repeat(np.arange(ties.shape[0]), np.diff(ties.indptr)), ties.indices
    common = np.asarray(liked[user].multiply(liked[friend]).sum(axis=1)).ravel()
    either = np.maximum(sizes[user] + sizes[friend] - common, 1)
    return np.where((sizes[user] == 0) | (sizes[friend] == 0), 1.0, common / either)


def like_minded(
    ties: sparse.csr_matrix, interactions: sparse.csr_matrix, least: float, share: float
) -> sparse.csr_matrix:
    """Return the ties whose :func:`overlaps` are at least ``least`` and among the ``share`` largest of all."""
    if not ties.nnz or (least <= 0 and share >= 1):
        return ties
    overlap = overlaps(ties, interactions)
    return _without_entries(ties, overlap < max(least, float(np.quantile(overlap, 1 - share))))


def normalised(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return ``D_r^-1/2 M D_c^-1/2`` with the sums of rows and of columns as D; empty ones stay empty."""
    rows, columns = (np.asarray(matrix.sum(axis=axis)).ravel() for axis in (1, 0))
    of_row, of_column = (np.where(sums > 0, 1 / np.sqrt(np.where(sums > 0, sums, 1)), 0) for sums in (rows, columns))
    return (sparse.diags(of_row) @ matrix @ sparse.diags(of_column)).tocsr()


def _without_entries(matrix: sparse.csr_matrix, dropped: npt.NDArray[np.bool_]) -> sparse.csr_matrix:
    kept = matrix.copy()
    kept.data[dropped] = 0
    kept.eliminate_zeros()
    kept.sort_indices()
    return kept
