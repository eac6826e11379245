"""Which members ``auto`` has and how much each counts, chosen on a part of the training interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.blend import DEPTH, pool_of, search
from graphrec_neo4j.models.candidates import Variant, families, spells_out, without_choice
from graphrec_neo4j.models.trials import Trials
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.evaluation import accuracy
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.snapshot import GraphSnapshot

LEAST_PAIRS = 50


@dataclass(frozen=True)
class Selection:
    """A variant and a weight for each member that counts, on what they were chosen, and all that was tried."""

    variants: dict[str, Variant]
    weights: dict[str, float]
    on: str
    tried: list[dict[str, Any]]

    def report(self) -> dict[str, Any]:
        """The selection as plain values, for a run's report."""
        members = [
            {"member": name, "model": spells_out(variant), "weight": self.weights[name]}
            for name, variant in self.variants.items()
        ]
        return {"on": self.on, "members": members, "tried": self.tried}


def select(
    snapshot: GraphSnapshot, share: float, most_users: int, budget: float, seed: int, progress: Progress
) -> Selection:
    """Choose by NDCG at DEPTH on ``share`` of each user's interactions, for at most ``most_users`` users.

    ``budget`` is how many seconds choosing and fitting the chosen on everything may take, roughly. Where there is too
    little to choose on, the walks and the filter count alike, popularity only if it is alone.
    """
    try:
        split = random_split(snapshot, share, seed)
    except ModelError:
        return _unchosen(snapshot)
    if split.test.nnz < LEAST_PAIRS:
        return _unchosen(snapshot)
    users = split.users
    if len(users) > most_users:
        users = np.sort(np.random.default_rng(seed).choice(users, most_users, replace=False))
    trials = Trials(split, users, budget, seed, progress)
    winners = trials.best_of_each(families(snapshot))
    pool = pool_of([winner.model for winner in winners.values()], users, split.train.seen, split.test)
    weighed = search(pool.merit, len(winners))
    worth = accuracy(pool.lists(weighed), pool.truth)
    metrics = {f"{name}@{DEPTH}": float(values.mean()) for name, values in worth.items()}
    tried = [*trials.tried, {"model": "blend", **metrics}]
    weights = {name: weight for name, weight in zip(winners, weighed, strict=True) if weight > 0}
    on = f"NDCG@{DEPTH} of {len(users)} users on a part of train: {split.about}"
    return Selection({name: winners[name].variant for name in weights}, weights, on, tried)


def _unchosen(snapshot: GraphSnapshot) -> Selection:
    variants = without_choice(snapshot)
    reason = f"fewer than {LEAST_PAIRS} interactions to choose on" if snapshot.interactions.nnz else "no interactions"
    return Selection(variants, dict.fromkeys(variants, 1.0), f"nothing: {reason}", [])
