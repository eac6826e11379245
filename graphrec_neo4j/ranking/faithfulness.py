"""Whether reasons are true: what becomes of a score when the edges that explain it are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ranking.splits import without_pairs
from graphrec_neo4j.results import NO_ITEM, Explanation, TopK
from graphrec_neo4j.snapshot import GraphSnapshot

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Kept = list[npt.NDArray[np.int64]]
"""For each of p pairs, some items of its user's history."""

PAIRS = 200
LEAST_HISTORY = 10
DEPTH = 20
EDGES = 3
REASONS = 1000
"""So many contributions are asked for that all of a history are told."""
SAME = 1e-6
"""Scores that differ by less, relative to the larger, are the same: single precision does not tell them apart."""
CONTROLS = ("random", "popular")
_BLOCK = 32
_TINY = float(np.finfo(np.float32).tiny)


class Explains(Protocol):
    """What a fitted model must be able to do to be asked for reasons and for what is left without them."""

    def scores(self, users: Rows) -> npt.NDArray[np.float32]:
        """Return the scores (len(users), n_items)."""

    def top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        """Return the best k items of each of ``users``."""

    def explain(self, user: int, item: int, limit: int = 5) -> Explanation:
        """Say why ``item`` has its score for ``user``."""

    def fold_in(self, histories: sparse.csr_matrix) -> npt.NDArray[np.float32]:
        """Return scores (m, n_items) from histories (m, n_items) alone."""


@dataclass(frozen=True, eq=False)
class Removals:
    """Pairs of ``users`` (p,) and ``items`` (p,), each explained, and what is taken from each user's ``history``.

    ``gone`` has, by who chose them, the items whose edges go: the three that the reasons ``named`` as the largest parts
    of the score, as many ``random`` ones, and as many of her most ``popular`` ones.
    """

    users: Rows
    items: Rows
    explained: tuple[Explanation, ...]
    history: Kept
    gone: Mapping[str, Kept]

    @classmethod
    def of(
        cls, model: Explains, histories: sparse.csr_matrix, users: Rows, items: Rows, random: np.random.Generator
    ) -> Removals:
        """Explain each of ``items`` to its user, and draw what is taken away instead."""
        popularity = np.bincount(histories.indices, minlength=histories.shape[1])
        told = tuple(model.explain(int(user), int(item), REASONS) for user, item in zip(users, items, strict=True))
        own = [histories[[user]].indices.astype(np.int64) for user in users]
        named = [_named(why, mine) for why, mine in zip(told, own, strict=True)]
        sizes = list(zip(own, map(len, named), strict=True))
        chance = [random.choice(mine, count, replace=False) for mine, count in sizes]
        popular = [mine[np.argsort(-popularity[mine], kind="stable")[:count]] for mine, count in sizes]
        return cls(users, items, told, own, {"named": named, "random": chance, "popular": popular})

    def left(self, chosen: str) -> Kept:
        """What is left of each history."""
        return [np.setdiff1d(mine, gone) for mine, gone in zip(self.history, self.gone[chosen], strict=True)]

    def graph_without(self, train: GraphSnapshot, chosen: str) -> GraphSnapshot:
        """Return ``train`` without what is taken from any of the users."""
        gone = self.gone[chosen]
        return without_pairs(train, np.repeat(self.users, [len(items) for items in gone]), np.concatenate(gone))


def faithfulness(
    model: Explains,
    train: GraphSnapshot,
    fit: Callable[[GraphSnapshot, int], Explains] | None = None,
    pairs: int = PAIRS,
    seed: int = 0,
    fits: int = 1,
) -> dict[str, Any]:
    """Ask a fitted model for the reasons of ``pairs`` of its own recommendations, and score without them.

    One item of the best 20 is drawn for each of so many users with at least 10 interactions. Reasons name edges of her
    own history by the items that the largest positive parts of the score go through. She is scored again by the history
    that is left, with all that others did and all that was learnt as it was; and with ``fit``, which returns a new
    model, once more by models fitted on the graph without these edges of any of the users.

    Returns ``pairs``, and of these how many are ``exact`` and how many are ``without_edges``, for no reason is in her
    own history; ``largest_error`` of the sum of all parts, relative to the score; for a random and a popular choice of
    as many edges ``beats_random``, the share of pairs whose score falls more without the named ones, among those where
    that differs, and ``same_as_random``, the number of the others; ``fidelity_plus``, the mean share of a score that
    goes with the named edges, ``fidelity_minus``, the share that they alone do not bring, and ``sparsity``, the share
    of a history that is not named (Yuan et al., TPAMI 2023, section 6); and under ``refitted`` what the new models say.
    Raises ModelError where no user has so long a history.
    """
    random = np.random.default_rng(seed)
    users = np.flatnonzero(np.diff(train.interactions.indptr) >= LEAST_HISTORY)
    if not len(users):
        raise ModelError(f"no user has {LEAST_HISTORY} interactions, so there are no reasons to be taken away.")
    users = np.sort(random.choice(users, min(pairs, len(users)), replace=False))
    listed = model.top_k(users, DEPTH, train.seen).items.astype(np.int64)
    items = np.array([random.choice(row[row != NO_ITEM]) for row in listed])
    removals = Removals.of(model, train.interactions, users, items, random)
    told = _additivity(removals) | _by_history(model, train.interactions, removals)
    if fit is not None:
        seeds = range(seed, seed + fits)
        told["refitted"] = _by_refitting(model, lambda graph: (fit(graph, each) for each in seeds), train, removals)
    return told


def _named(why: Explanation, own: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The items of the history through which the largest positive parts of a score go, at most EDGES."""
    parts = dict.fromkeys(own.tolist(), 0.0)
    for part in why.contributions:
        if part.kind == "taste" and part.path and part.path[0][1] in parts:
            parts[part.path[0][1]] += part.score
    best = sorted((item for item, score in parts.items() if score > 0), key=lambda item: -parts[item])
    return np.array(best[:EDGES], dtype=np.int64)


def _additivity(removals: Removals) -> dict[str, Any]:
    told = removals.explained
    errors = [abs(why.other + sum(part.score for part in why.contributions) - why.score) for why in told]
    relative = [error / max(abs(why.score), _TINY) for error, why in zip(errors, told, strict=True)]
    without = sum(not len(items) for items in removals.gone["named"])
    exact = sum(why.exact for why in told)
    return {"pairs": len(told), "exact": exact, "without_edges": without, "largest_error": max(relative)}


def _by_history(model: Explains, histories: sparse.csr_matrix, removals: Removals) -> dict[str, Any]:
    def scored(kept: Kept) -> Floats:
        return _folded_in(model, histories, removals, kept)

    whole, only = scored(removals.history), scored(removals.gone["named"])
    without = {chosen: scored(removals.left(chosen)) for chosen in removals.gone}
    kept, scale = _with_edges(removals), np.maximum(np.abs(whole), _TINY)
    named = np.array([len(items) for items in removals.gone["named"]])
    history = np.array([len(items) for items in removals.history])
    return _compared(removals, without, scale) | {
        "fidelity_plus": _mean(((whole - without["named"]) / scale)[kept]),
        "fidelity_minus": _mean(((whole - only) / scale)[kept]),
        "sparsity": _mean((1 - named / history)[kept]),
    }


def _by_refitting(
    model: Explains, fits: Callable[[GraphSnapshot], Iterator[Explains]], train: GraphSnapshot, removals: Removals
) -> dict[str, Any]:
    """Each choice of edges goes from all users at once, so that a fit serves every pair."""
    without = {}
    for chosen in removals.gone:
        scores = [_scored(fitted, removals) for fitted in fits(removals.graph_without(train, chosen))]
        without[chosen] = np.mean(scores, axis=0)
    whole = _scored(model, removals)
    scale = np.maximum(np.abs(whole), _TINY)
    fall = _mean(((whole - without["named"]) / scale)[_with_edges(removals)])
    return _compared(removals, without, scale) | {"fidelity_plus": fall}


def _scored(model: Explains, removals: Removals) -> Floats:
    return model.scores(removals.users)[np.arange(len(removals.users)), removals.items].astype(np.float64)


def _folded_in(model: Explains, histories: sparse.csr_matrix, removals: Removals, kept: Kept) -> Floats:
    """The score (p,) of each pair by what is ``kept`` of the user's history."""
    found = []
    for start in range(0, len(kept), _BLOCK):
        block = slice(start, start + _BLOCK)
        table = model.fold_in(_reduced(histories, removals.users[block], kept[block]))
        found.append(table[np.arange(len(table)), removals.items[block]])
    return np.concatenate(found).astype(np.float64)


def _reduced(histories: sparse.csr_matrix, users: Rows, kept: Kept) -> sparse.csr_matrix:
    """The rows of ``users`` with only the items that are ``kept`` of each."""
    rows = np.repeat(np.arange(len(users)), [len(items) for items in kept])
    marks = (np.ones(len(rows)), (rows, np.concatenate(kept)))
    reduced = histories[users].multiply(sparse.csr_matrix(marks, shape=(len(users), histories.shape[1]))).tocsr()
    reduced.sort_indices()
    return reduced


def _with_edges(removals: Removals) -> npt.NDArray[np.bool_]:
    return np.array([len(items) > 0 for items in removals.gone["named"]])


def _compared(removals: Removals, without: Mapping[str, Floats], scale: Floats) -> dict[str, Any]:
    """How often a score falls more without the named edges than without those of a control."""
    told: dict[str, Any] = {}
    for control in CONTROLS:
        gap = (without[control] - without["named"]) / scale
        apart = _with_edges(removals) & (np.abs(gap) > SAME)
        told[f"beats_{control}"] = _mean((gap > 0)[apart])
        told[f"same_as_{control}"] = int((_with_edges(removals) & ~apart).sum())
    return told


def _mean(values: npt.NDArray) -> float | None:
    return float(values.mean()) if len(values) else None
