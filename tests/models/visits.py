"""Visits of users to items at times, and the covisit model fitted to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from toy_graphs import snapshot_of

from graphrec_neo4j.models import create
from graphrec_neo4j.models.covisit import Covisit
from graphrec_neo4j.snapshot import Edges, GraphSnapshot

HOUR = 3_600_000
DAY = 24 * HOUR

Visit = tuple[int, int, int]


def timed(users: int, items: int, visits: Sequence[Visit]) -> GraphSnapshot:
    """Visits (user, item, time), each pair of user and item once."""
    rows = sorted(visits)
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    edges = Edges(columns[0].astype(np.int32), columns[1].astype(np.int32), None, columns[2].copy())
    return snapshot_of(users, items, []).with_edges(INTERACTED=edges)


def fitted(graph: GraphSnapshot, **changed: Any) -> Covisit:
    model = create("covisit", **{"least_count": 1, **changed}).fit(graph)
    assert isinstance(model, Covisit)
    return model
