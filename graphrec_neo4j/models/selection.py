"""Which members ``auto`` has and how much each counts, chosen on a part of the training interactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.models.blend import DEPTH, Merit, Pool, alone_weights, gates_of, pool_of, search
from graphrec_neo4j.models.candidates import Variant, families, made, spells_out, without_choice
from graphrec_neo4j.models.trials import Later, Trials
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.evaluation import accuracy
from graphrec_neo4j.ranking.splits import Split, random_split, time_split
from graphrec_neo4j.snapshot import GraphSnapshot

LEAST_PAIRS = 50

RANKINGS_A_POOL = 2.5
"""A pool takes the best items of the drawn users, then all their scores, which takes longer."""

SECONDS_OF_SEARCH = 1e-5
"""What searching for the weights takes a user and pair of members, roughly."""


@dataclass(frozen=True)
class Selection:
    """A variant and a weight for each member that counts, on what they were chosen, and all that was tried.

    ``gated`` is a weight on top, times SHORT / (SHORT + n) for a user with a history of n. ``weighed`` has the NDCG
    at DEPTH on each part that counted, of each winner and of the blend.
    """

    variants: dict[str, Variant]
    weights: dict[str, float]
    gated: dict[str, float]
    on: str
    tried: list[dict[str, Any]]
    weighed: list[dict[str, Any]]

    def report(self) -> dict[str, Any]:
        """The selection as plain values, for a run's report."""
        members = [
            {
                "member": name,
                "model": spells_out(variant),
                "weight": self.weights[name],
                "short_history_weight": self.gated[name],
            }
            for name, variant in self.variants.items()
        ]
        return {"on": self.on, "members": members, "tried": self.tried, "weighed": self.weighed}

    def without(self, name: str, error: ModelError) -> Selection:
        """Return the selection without a member that fitted the smaller part, but not everything; the last raises."""
        if len(self.variants) == 1:
            raise error
        left_out = {"model": spells_out(self.variants[name]), "left_out": str(error)}
        return replace(
            self,
            variants=_less(self.variants, name),
            weights=_less(self.weights, name),
            gated=_less(self.gated, name),
            tried=[*self.tried[:-1], left_out, *self.tried[-1:]],
        )


def _less(held: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in held.items() if other != name}


def select(
    snapshot: GraphSnapshot,
    share: float,
    most_users: int,
    budget: float,
    seed: int,
    progress: Progress,
    *,
    exact_reasons: bool = True,
) -> Selection:
    """Choose by NDCG at DEPTH on ``share`` of each user's interactions, for at most ``most_users`` users.

    Settings are chosen on a random part. It flatters what tells an item from those chosen in the same hour, and cannot
    show what is of the moment; so where there are times, the weights are chosen also on the newest part, on which
    every winner is fitted again. Each part counts by its users.
    ``exact_reasons`` leaves out models whose reasons only come near what they compute. ``budget`` is how many seconds
    choosing and fitting the chosen on everything may take, roughly. Where there is too little to choose on, the walks
    and the filter count alike, popularity only if it is alone.
    """
    try:
        split = random_split(snapshot, share, seed)
    except ModelError:
        return _unchosen(snapshot)
    if split.test.nnz < LEAST_PAIRS:
        return _unchosen(snapshot)
    newest = _newest(snapshot, share)
    drawn, parts = _drawn(split, most_users, seed), 2 if newest else 1
    found = families(snapshot, budget / 2 / (1 + parts), exact_reasons=exact_reasons)
    left = budget - SECONDS_OF_SEARCH * parts * len(drawn) * len(found) ** 2
    later = Later(parts, RANKINGS_A_POOL * parts + len(snapshot.users) / len(drawn))
    trials = Trials(split, drawn, left, seed, progress, later)
    winners = trials.best_of_each(found)
    variants = {name: winner.variant for name, winner in winners.items()}
    gated = [number for number, name in enumerate(variants) if found[name].gated]
    pools = {"random": _pool([winner.model for winner in winners.values()], gated, split, most_users, seed)}
    del winners
    if newest:
        again = _fitted(list(variants.values()), newest.train, seed, progress)
        pools["newest"] = _pool(again, gated, newest, most_users, seed)
    on = f"NDCG@{DEPTH} of {len(pools['random'].items)} users on a part of train: {split.about}"
    if newest:
        on += f"; the weights also on {len(pools['newest'].items)} users, {newest.about}"
    return _blend(variants, gated, pools, on, trials.tried)


def _blend(
    variants: dict[str, Variant], gated: Sequence[int], pools: dict[str, Pool], on: str, tried: list[dict[str, Any]]
) -> Selection:
    """Weigh ``variants``, of which those numbered ``gated`` have a second column in ``pools``."""
    # The search asks for some blends more than once, and the report for its first ones again.
    merits: dict[str, Merit] = {part: cache(pool.merit) for part, pool in pools.items()}
    alone = alone_weights(len(variants) + len(gated))[: len(variants)]
    users = {part: len(pool.items) for part, pool in pools.items()}
    chosen = search(_shared_merit(merits, users, alone), len(variants), len(gated))
    told = {**{name: spells_out(variant) for name, variant in variants.items()}, "blend": "all with their weights"}
    weighed = [
        {"member": name, "model": model, **{part: merit(row) for part, merit in merits.items()}}
        for (name, model), row in zip(told.items(), [*alone, tuple(chosen)], strict=True)
    ]
    worth = accuracy(pools["random"].lists(chosen), pools["random"].truth)
    metrics = {f"{name}@{DEPTH}": float(values.mean()) for name, values in worth.items()}
    names = list(variants)
    weights = dict(zip(names, chosen, strict=False))
    extra = {names[number]: weight for number, weight in zip(gated, chosen[len(names) :], strict=True)}
    kept = [name for name in names if weights[name] + extra.get(name, 0.0) > 0]
    return Selection(
        {name: variants[name] for name in kept},
        {name: weights[name] for name in kept},
        {name: extra.get(name, 0.0) for name in kept},
        on,
        [*tried, {"model": "blend", **metrics}],
        weighed,
    )


def _newest(snapshot: GraphSnapshot, share: float) -> Split | None:
    """The newest ``share`` of all interactions, None where no times divide them."""
    try:
        return time_split(snapshot, share)
    except ModelError:
        return None


def _pool(members: Sequence[Recommender], gated: Sequence[int], split: Split, most_users: int, seed: int) -> Pool:
    drawn, gates = _drawn(split, most_users, seed), gates_of(split.train.interactions)
    return pool_of(members, drawn, split.train.seen, split.test, gated, gates)


def _drawn(split: Split, most_users: int, seed: int) -> npt.NDArray[np.int64]:
    """At most ``most_users`` of the users of ``split``."""
    users = split.users
    if len(users) <= most_users:
        return users
    return np.sort(np.random.default_rng(seed).choice(users, most_users, replace=False))


def _fitted(variants: Sequence[Variant], train: GraphSnapshot, seed: int, progress: Progress) -> list[Recommender]:
    fitted = []
    for number, variant in enumerate(variants):
        progress("weighing", number, len(variants))
        fitted.append(made(variant).fit(train, seed=seed))
    progress("weighing", len(variants), len(variants))
    return fitted


def _shared_merit(merits: Mapping[str, Merit], users: Mapping[str, int], alone: Sequence[tuple[float, ...]]) -> Merit:
    """The merit on all parts, each counted by its users and relative to the best single member there."""
    shares = {
        part: users[part] / sum(users.values()) / (max(map(merit, alone)) or 1.0) for part, merit in merits.items()
    }
    return lambda weights: sum(share * merits[part](weights) for part, share in shares.items())


def _unchosen(snapshot: GraphSnapshot) -> Selection:
    variants = without_choice(snapshot)
    reason = f"fewer than {LEAST_PAIRS} interactions to choose on" if snapshot.interactions.nnz else "no interactions"
    equal, none = dict.fromkeys(variants, 1.0), dict.fromkeys(variants, 0.0)
    return Selection(variants, equal, none, f"nothing: {reason}", [], [])
