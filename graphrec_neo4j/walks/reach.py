"""Whose walks a changed graph can have changed: found by walking back from what differs, a few products of a matrix
with a vector, however far degrees carry a change.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.meta_path import MetaPath

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


def reached_users(changes: GraphChanges, paths: Sequence[MetaPath], ends: Mask | None = None) -> Mask:
    """Return which users (n_users,), after ``changes``, have another chance to end anywhere along one of ``paths``.

    A walk is another one where it passes a node whose edges of the step that it takes next differ in where they lead
    or in strength, for the chances of all of them depend on each; or where it ends at one of ``ends`` (n_items,). No
    user who is not among them has another score; one who is may still have the same, where changes cancel out.
    """
    before, after = changes.before, changes.after
    reached = np.zeros(len(after.users), dtype=bool)
    for path in paths:
        was, now = before.step_matrices(path.steps), after.step_matrices(path.steps)
        marked = np.zeros(now[-1].shape[1], dtype=bool) if ends is None else ends
        for step, old, new in reversed(list(zip(path.steps, was, now, strict=True))):
            differ = rows_that_differ(old, new, changes.rows[step.source], changes.rows[step.target])
            marked = differ | _lead_to(new, marked)
        reached |= marked
    return reached


def rows_that_differ(before: sparse.csr_matrix, after: sparse.csr_matrix, sources: Rows, targets: Rows) -> Mask:
    """Return which rows (n_after,) of ``after`` are not those of ``before``, both matrices with sorted rows.

    ``sources`` and ``targets`` are the later row and column of each earlier one, -1 for gone, and rise.
    """
    own = np.repeat(sources, np.diff(before.indptr))
    to = targets[before.indices]
    lost = own[(own >= 0) & (to < 0)]
    kept = (own >= 0) & (to >= 0)
    carried = sparse.csr_matrix((before.data[kept], (own[kept], to[kept])), shape=after.shape)
    differ = np.diff((carried != after).tocsr().indptr) > 0
    differ[lost] = True
    return np.asarray(differ, dtype=bool)


def _lead_to(step: sparse.csr_matrix, marked: Mask) -> Mask:
    """Which rows of ``step`` have an edge to a ``marked`` column."""
    return np.asarray((step.astype(bool).astype(np.float32) @ marked.astype(np.float32)) > 0, dtype=bool)
