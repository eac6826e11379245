"""From the current run and a changed graph to what is published next, without learning everything again.

Everything is as a fit on the new graph gives it where a model's fit costs little (walks, item graphs, popularity);
else what was learnt stays, and users whose history changed and nodes that are new are placed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.affected import Change
from graphrec_neo4j.explain.stored import NamedNodes
from graphrec_neo4j.learning import (
    Clock,
    Learnt,
    item_page_rank,
    lists_of,
    texts_of,
    vectors_of,
    walker_for,
)
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.refit import SinceFit
from graphrec_neo4j.results import NO_ITEM, Results, TopK, Vectors
from graphrec_neo4j.run_cache import Made

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Updated:
    """What is published next, and for how many users: ``reached`` may have another score, None where anybody may.

    ``explained`` users have another list, vector or reason, or might have; all others keep what they have.
    """

    learnt: Learnt
    reached: int | None
    explained: int

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {"reached": self.reached, "explained": self.explained}


def update(
    made: Made, change: Change, metrics: Mapping[str, Any], since: SinceFit, seed: int, progress: Progress = silent
) -> Updated | None:
    """Bring what a run ``made`` up to date with a changed graph; None where its model must be fitted anew.

    ``metrics`` are those of the run, which tell how good the model is and were measured when it was fitted.
    """
    clock, after = Clock(), change.after
    model = _updated(made.model, change, seed)
    beside = _updated(made.beside, change, seed) if made.beside else None
    if model is None or (model.vectors() is None and beside is None):
        return None
    clock.lap("fit")
    own = change.with_own_changes()
    top, reached = _lists_after(model, made.top, change, own, progress)
    clock.lap("rank")
    walker = walker_for(model, after)
    walk = top if walker is model else _lists_after(walker, made.walk, change, own, progress)[0]
    vectors, scores = vectors_of(model, beside, after), item_page_rank(after)
    wanted = after.schema.results.neighbours
    similar = model.neighbours(wanted) if wanted else None
    clock.lap("vectors and walks")
    touched = own | change.named_anew(top) | _filled(top) | _differ(top, change.carried(made.top))
    touched |= _moved(vectors_of(made.model, made.beside, change.before), vectors, change)
    touched |= False if reached is None else reached
    users = np.flatnonzero(touched)
    reasons, why = texts_of(model, after, top, users, progress)
    clock.lap("explain")
    told = {**metrics, "fitted": since.to_json()}
    because = NamedNodes(why, after.schema)
    results = Results(top, walk, vectors, scores, reasons, why, told, similar, because, ~touched)
    learnt = Learnt(model, results, _report(metrics), clock.seconds, beside)
    return Updated(learnt, None if reached is None else int(reached.sum()), len(users))


def _updated(model: Recommender, change: Change, seed: int) -> Recommender | None:
    return model.updated(change.before, change.after, change.changes, seed)


def _lists_after(
    model: Recommender, before: TopK, change: Change, own: Mask, progress: Progress
) -> tuple[TopK, Mask | None]:
    """The lists of all users, ranked anew only for those who may have another one, and who that is; None for all."""
    reached = model.reached(change.before, change.after, change.changes)
    if reached is None:
        return lists_of(model, np.arange(len(change.after.users)), change.after, progress), None
    lists = change.carried(before)
    again = np.flatnonzero(reached | own | _filled(lists) | (lists.items == NO_ITEM).any(axis=1))
    found = lists_of(model, again, change.after, progress)
    width = found.items.shape[1]
    if width != lists.items.shape[1]:
        return lists_of(model, np.arange(len(change.after.users)), change.after, progress), reached
    lists.items[again], lists.scores[again] = found.items, found.scores
    return lists, reached


def _filled(top: TopK) -> Mask:
    """Which lists (n,) end in places filled by popularity, whose items and reasons any interaction may change."""
    return np.asarray((top.scores <= 0).any(axis=1), dtype=bool)


def _differ(one: TopK, other: TopK) -> Mask:
    """Which lists (n,) are not the same, to the last bit."""
    if one.items.shape != other.items.shape:
        return np.ones(len(one), dtype=bool)
    return np.asarray(((one.items != other.items) | (one.scores != other.scores)).any(axis=1), dtype=bool)


def _moved(before: Vectors, after: Vectors, change: Change) -> Mask:
    """Which users (n_users,) have another vector than they had."""
    moved = np.ones(len(after.users), dtype=bool)
    if before.users.shape[1] == after.users.shape[1]:
        there = change.user_rows >= 0
        rows = change.user_rows[there]
        moved[rows] = (after.users[rows] != before.users[there]).any(axis=1)
    return moved


def _report(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What ``sync`` tells of a model that was fitted before."""
    numbers = {name: value for name, value in metrics.items() if "@" in name}
    return {name: value for name, value in metrics.items() if "@" not in name} | {"metrics": numbers}
