"""Users and items placed among vectors that were learnt before they came, in closed form; nothing is learnt again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models.history_regression import regression, scaled
from graphrec_neo4j.models.taste import TasteVectors, pattern
from graphrec_neo4j.walks.reach import rows_that_differ

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SAME_LENGTH = 1e-3


@dataclass(frozen=True, eq=False)
class Moved:
    """Histories ``before`` and ``after``, patterns (users, items); ``users`` and ``items`` are the later row of each
    earlier one, -1 for gone.
    """

    before: sparse.csr_matrix
    after: sparse.csr_matrix
    users: Rows
    items: Rows

    @classmethod
    def between(cls, changes: GraphChanges) -> Moved:
        """Take the positive interactions of both snapshots."""
        before, after = changes.before, changes.after
        schema = after.schema
        rows = changes.rows[schema.recommend_to], changes.rows[schema.recommend]
        return cls(pattern(before.interactions), pattern(after.interactions), *rows)

    @cached_property
    def changed_users(self) -> Mask:
        """Which users (n_after,) have another history than before; of new ones, those who have any."""
        return rows_that_differ(self.before, self.after, self.users, self.items)

    def new_items(self) -> Rows:
        """Return the later rows of the items that are new and that somebody likes."""
        new = np.setdiff1d(np.arange(self.after.shape[1]), self.items)
        return new[np.isin(new, self.after.indices)]


def rows_moved(table: npt.NDArray, rows: Rows, n_after: int) -> npt.NDArray:
    """Return the rows of ``table`` (n_before, ...) at their later ``rows``; 0 for those that are new."""
    made = np.zeros((n_after, *table.shape[1:]), dtype=table.dtype)
    made[rows[rows >= 0]] = table[rows >= 0]
    return made


def matrix_moved(
    matrix: sparse.csr_matrix, sources: Rows | None, targets: Rows | None, shape: tuple[int, int]
) -> sparse.csr_matrix:
    """Return ``matrix`` with its rows and columns at later ones, nothing at new ones; None leaves an end as it is."""
    whole = matrix.tocoo()
    own = whole.row if sources is None else sources[whole.row]
    to = whole.col if targets is None else targets[whole.col]
    kept = (own >= 0) & (to >= 0)
    made = sparse.csr_matrix((whole.data[kept], (own[kept], to[kept])), shape=shape)
    made.sort_indices()
    return made


def placed(parts: TasteVectors, moved: Moved, power: float) -> TasteVectors:
    """Return ``parts`` for the users and items after the change.

    A user whose history changed keeps what her vector has beside it, and what goes through it is that of her new
    history: each item j adds ``scale * through[j]``, with a scale that goes by ``n ** -power`` for a history of n. A
    new item stands where a ridge regression over all items puts one with its audience. Vectors of users keep length
    one where all have it; a user without a history has none.
    """
    items, through = (rows_moved(table, moved.items, moved.after.shape[1]) for table in (parts.items, parts.through))
    users, scale = _users(parts, moved, through, power)
    new = moved.new_items()
    if len(new):
        items[new] = _from_audiences(parts, moved, users, new)
        onward = np.linalg.lstsq(parts.items.astype(np.float64), parts.through.astype(np.float64), rcond=None)[0]
        through[new] = items[new] @ onward
        users, scale = _users(parts, moved, through, power)
    return TasteVectors(users, items, through, scale)


def _users(parts: TasteVectors, moved: Moved, through: Floats, power: float) -> tuple[Floats, Floats]:
    """The vectors and scales of all users, those with the same history to the last bit as they were."""
    n_after = moved.after.shape[0]
    users, scale = (rows_moved(table, moved.users, n_after) for table in (parts.users, parts.scale))
    changed = np.flatnonzero(moved.changed_users)
    own = parts.users - parts.scale[:, None] * (moved.before @ parts.through)
    lengths = np.diff(moved.before.indptr)
    beside, raw = (rows_moved(table, moved.users, n_after)[changed] for table in (own, parts.scale * lengths**power))
    degrees = np.diff(moved.after.indptr)[changed]
    factor = np.where(raw > 0, raw, 1.0) * np.maximum(degrees, 1.0) ** -power * (degrees > 0)
    vectors = (beside + factor[:, None] * (moved.after[changed] @ through)) * (degrees > 0)[:, None]
    size = np.linalg.norm(vectors, axis=1)
    shrunk = (
        np.where(size > 0, 1 / np.where(size > 0, size, 1), 1) if _of_length_one(parts.users) else np.ones(len(size))
    )
    users[changed], scale[changed] = vectors * shrunk[:, None], factor * shrunk
    return users, scale


def _of_length_one(users: Floats) -> bool:
    sizes = np.linalg.norm(users[users.any(axis=1)], axis=1)
    return bool(len(sizes)) and bool(np.abs(sizes - 1).max() < _SAME_LENGTH)


def _from_audiences(parts: TasteVectors, moved: Moved, users: Floats, new: Rows) -> Floats:
    """The vectors of the items ``new`` by the regression of item vectors on those of the users who like each."""
    learnt = regression(moved.before.T.tocsr(), parts.users, parts.items)
    audiences = moved.after[:, new].T.tocsr()
    return ((scaled(audiences) @ users) @ learnt).astype(np.float32)
