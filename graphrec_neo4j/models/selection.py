"""Which members ``auto`` has and how much each counts, chosen on a part of the training interactions."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Recommender, Rows
from graphrec_neo4j.models.blend import DEPTH, pool_of, search
from graphrec_neo4j.models.candidates import Variant, default_weights, families, made, spells_out
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.evaluation import accuracy
from graphrec_neo4j.ranking.metrics import hits_of, ndcg
from graphrec_neo4j.ranking.splits import Split, random_split
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


@dataclass(frozen=True)
class _Winner:
    """The best variant of one family, fitted on the smaller part."""

    variant: Variant
    model: Recommender
    merit: float


def select(
    snapshot: GraphSnapshot, share: float, most_users: int, budget: float, seed: int, progress: Progress
) -> Selection:
    """Choose by NDCG at DEPTH on ``share`` of each user's interactions, for at most ``most_users`` users.

    After ``budget`` seconds no variant beside the first of each family is tried. Where there is too little to
    choose on, all families count alike, popularity only if it is alone.
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
    tried: list[dict[str, Any]] = []
    deadline = perf_counter() + budget
    winners = {
        name: _best(name, variants, split, users, deadline, seed, tried, progress)
        for name, variants in families(snapshot).items()
    }
    pool = pool_of([winner.model for winner in winners.values()], users, split.train.seen, split.test)
    found = search(pool.merit, len(winners))
    worth = accuracy(pool.lists(found), pool.truth)
    tried.append({"model": "blend", **{f"{name}@{DEPTH}": float(values.mean()) for name, values in worth.items()}})
    weights = {name: weight for name, weight in zip(winners, found, strict=True) if weight > 0}
    on = f"NDCG@{DEPTH} of {len(users)} users on a part of train: {split.about}"
    return Selection({name: winners[name].variant for name in weights}, weights, on, tried)


def _unchosen(snapshot: GraphSnapshot) -> Selection:
    variants = {name: listed[0] for name, listed in families(snapshot).items()}
    weights = {name: weight for name, weight in default_weights(variants).items() if weight > 0}
    reason = f"fewer than {LEAST_PAIRS} interactions to choose on" if snapshot.interactions.nnz else "no interactions"
    return Selection({name: variants[name] for name in weights}, weights, f"nothing: {reason}", [])


def _best(
    name: str,
    variants: list[Variant],
    split: Split,
    users: Rows,
    deadline: float,
    seed: int,
    tried: list[dict[str, Any]],
    progress: Progress,
) -> _Winner:
    best: _Winner | None = None
    for number, variant in enumerate(variants):
        if best and perf_counter() > deadline:
            tried.append({"model": spells_out(variant), "left_out": "no time"})
            continue
        progress(f"choosing {name}", number, len(variants))
        model = made(variant).fit(split.train, seed=seed)
        merit = _merit(model, split, users)
        tried.append({"model": spells_out(variant), f"ndcg@{DEPTH}": merit})
        if best is None or merit > best.merit:
            best = _Winner(variant, model, merit)
    assert best is not None
    return best


def _merit(model: Recommender, split: Split, users: Rows) -> float:
    truth = split.test[users]
    items = model.top_k(users, DEPTH, split.train.seen).items
    return float(np.nanmean(ndcg(hits_of(items, truth), np.diff(truth.indptr))))
