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

from graphrec_neo4j.affected import Affected
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.learning import PUBLISHED_ITEMS, Clock, Learnt, Ranked, lists_of, vectors_of, walker_for
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.refit import SinceFit
from graphrec_neo4j.results import NO_ITEM, TopK, Vectors
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
    made: Made,
    changes: GraphChanges,
    metrics: Mapping[str, Any],
    since: SinceFit,
    seed: int,
    progress: Progress = silent,
) -> Updated | None:
    """Bring what a run ``made`` up to date with a changed graph; None where its model must be fitted anew.

    ``metrics`` are those of the run, which tell how good the model is and were measured when it was fitted.
    """
    clock, after, affected = Clock(), changes.after, Affected(changes)
    model = made.model.updated(changes, seed)
    beside = made.beside.updated(changes, seed) if made.beside else None
    if model is None or (model.vectors() is None and beside is None):
        return None
    clock.lap("fit")
    own = affected.with_own_changes()
    top, reached = _lists_after(model, made.top, affected, own, progress)
    clock.lap("rank")
    walker = walker_for(model, after)
    walk = top if walker is model else _lists_after(walker, made.walk, affected, own, progress)[0]
    touched = own | affected.named_anew(top) | _filled(top) | _differ(top, affected.carried(made.top))
    touched |= _moved(made, vectors_of(model, beside, after), affected)
    touched |= False if reached is None else reached
    told = {**metrics, "fitted": since.to_json()}
    results = Ranked(model, beside, top, walk).results(after, told, clock, progress, ~touched)
    learnt = Learnt(model, results, _report(metrics), clock.seconds, beside)
    return Updated(learnt, None if reached is None else int(reached.sum()), int(touched.sum()))


def _lists_after(
    model: Recommender, before: TopK, affected: Affected, own: Mask, progress: Progress
) -> tuple[TopK, Mask | None]:
    """The lists of all users, ranked anew only for those who may have another one, and who that is; None for all."""
    reached = model.reached(affected.changes)
    after, lists = affected.after, affected.carried(before)
    # In a catalogue of less than a list's length lists are shorter, and of another width once it has one item more.
    if reached is None or lists.items.shape[1] != min(PUBLISHED_ITEMS, len(after.items)):
        return lists_of(model, np.arange(len(after.users)), after, progress), reached
    again = np.flatnonzero(reached | own | _filled(lists) | (lists.items == NO_ITEM).any(axis=1))
    found = lists_of(model, again, after, progress)
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


def _moved(made: Made, after: Vectors, affected: Affected) -> Mask:
    """Which users (n_users,) have another vector than they had."""
    before = vectors_of(made.model, made.beside, affected.changes.before)
    moved = np.ones(len(after.users), dtype=bool)
    if before.users.shape[1] == after.users.shape[1]:
        there = affected.user_rows >= 0
        rows = affected.user_rows[there]
        moved[rows] = (after.users[rows] != before.users[there]).any(axis=1)
    return moved


def _report(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What ``sync`` tells of a model that was fitted before."""
    numbers = {name: value for name, value in metrics.items() if "@" in name}
    return {name: value for name, value in metrics.items() if "@" not in name} | {"metrics": numbers}
