"""Non-negative weights for members whose scores are made comparable user by user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.base import Recommender, Rows, Scores
from graphrec_neo4j.ranking.metrics import hits_of, ndcg
from graphrec_neo4j.ranking.topk import blocks, fill_up, top_k_of_blocks
from graphrec_neo4j.results import NO_ITEM, TopK

Floats = npt.NDArray[np.float64]
Merit = Callable[[tuple[float, ...]], float]
"""How good a blend with these weights is, one a column of the pool."""

DEPTH = 20
"""A user's scores are divided by the mean of that many of her best unseen ones; blends are judged at that depth."""

POOL = 100
"""How many items of each member a user's pool of candidates takes."""

STEPS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
LEAST_GAIN = 3e-3
"""A weight is changed only for that relative gain, so that noise does not add members."""
GOOD = 0.8

SHORT = 5.0
"""The history length at which what is told beside a user's own history counts half of what it does without one."""


def gates_of(histories: sparse.csr_matrix) -> Floats:
    """Return SHORT / (SHORT + n) for each row of n interactions: what a gated weight is multiplied with."""
    return SHORT / (SHORT + np.diff(histories.indptr))


def scales_of(scores: Scores) -> Floats:
    """Return 1 / mean of each row of best ``scores`` (n, DEPTH), counting only positive ones; 0 without any."""
    positive = np.where(scores > 0, scores, 0.0).astype(np.float64)
    mean = positive.sum(axis=1) / np.maximum((positive > 0).sum(axis=1), 1)
    return np.divide(1.0, mean, out=np.zeros_like(mean), where=mean > 0)


def table_scales(scores: Scores, histories: sparse.csr_matrix) -> Floats:
    """Return the scale of each row of ``scores`` (m, n_items), leaving out what ``histories`` (m, n_items) hold."""
    top = top_k_of_blocks(lambda rows: scores[rows], np.arange(len(scores)), DEPTH, scores.shape[1], histories)
    return scales_of(top.scores)


@dataclass(frozen=True, eq=False)
class Pool:
    """Every user's candidates: ``items`` (n, c) ascending with NO_ITEM last, and their ``scores`` (n, c, columns).

    Columns are the members, then those that are gated once more, times the user's gate. Scores are already scaled.
    Whatever any member ranks among its best POOL is in, so a single member's best items are exact. ``seen`` and
    ``truth`` (n, n_items) are of the same users; ``popularity`` (n_items,) fills short lists, as in every model.
    """

    items: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    seen: sparse.csr_matrix
    truth: sparse.csr_matrix
    popularity: Floats

    def lists(self, weights: Sequence[float]) -> npt.NDArray[np.int32]:
        """Return the best DEPTH items (n, DEPTH) of the blend with ``weights``, one a column."""
        blended = self.scores @ np.asarray(weights, dtype=np.float32)
        blended[(self.items == NO_ITEM) | (blended == 0)] = -np.inf
        top = top_k_of_blocks(lambda rows: blended[rows], np.arange(len(blended)), DEPTH, blended.shape[1])
        empty = top.items == NO_ITEM
        items = np.take_along_axis(self.items, np.where(empty, 0, top.items).astype(np.int64), axis=1)
        items[empty] = NO_ITEM
        return fill_up(TopK(items, top.scores), self.popularity, self.seen).items

    def merit(self, weights: Sequence[float]) -> float:
        """Return the mean NDCG at DEPTH of the blend with ``weights``."""
        hits = hits_of(self.lists(weights), self.truth)
        return float(np.nanmean(ndcg(hits, np.diff(self.truth.indptr))))


def pool_of(
    members: Sequence[Recommender],
    users: Rows,
    seen: sparse.csr_matrix,
    truth: sparse.csr_matrix,
    gated: Sequence[int] = (),
    gates: Floats | None = None,
) -> Pool:
    """Gather the candidates of ``users``; ``seen`` and ``truth`` (n_users, n_items) are of all users.

    So are ``gates`` (n_users,), which the members numbered ``gated`` are multiplied with in columns of their own.
    """
    lists = [member.top_k(users, POOL, seen) for member in members]
    items = _distinct(np.concatenate([top.items for top in lists], axis=1))
    scores = np.zeros((*items.shape, len(members) + len(gated)), dtype=np.float32)
    places = np.where(items == NO_ITEM, 0, items).astype(np.int64)
    for block in blocks(len(users), truth.shape[1]):
        for number, member in enumerate(members):
            found = np.take_along_axis(member.scores(users[block]), places[block], axis=1)
            scores[block, :, number] = found * scales_of(lists[number].scores[block, :DEPTH])[:, None]
    if gates is not None:
        scores[:, :, len(members) :] = scores[:, :, list(gated)] * gates[users, None, None]
    return Pool(items, scores, seen[users], truth[users], members[0].popularity)


def alone_weights(columns: int) -> list[tuple[float, ...]]:
    """Return the weights of each column alone: the rows of an identity."""
    return [tuple(float(one == other) for other in range(columns)) for one in range(columns)]


def search(merit: Merit, members: int, gated: int = 0, rounds: int = 3) -> list[float]:
    """Return the weights of ``members`` and ``gated`` columns that coordinate ascent over STEPS finds.

    It starts from the better of two: the best member alone, or all members alike whose own merit is at least GOOD of
    the best one's: combinations with equal weights are hard to beat, since estimated weights carry their own error
    (Timmermann: Forecast combinations, 2006). Gated columns alone rank as their members do, so they come last and
    start from 0. Deterministic, and never worse than the best member alone.
    """
    single = alone_weights(members + gated)[:members]
    alone = [merit(weights) for weights in single]
    first = int(np.argmax(alone))
    weights, best = list(single[first]), alone[first]
    alike = [float(one >= GOOD * best) for one in alone] + [0.0] * gated
    together = merit(tuple(alike))
    if together > best * (1 + LEAST_GAIN):
        weights, best = alike, together
    order = [*np.argsort(alone)[::-1].tolist(), *range(members, members + gated)]
    for _ in range(rounds):
        before = best
        for one in order:
            others = (*weights[:one], 0.0, *weights[one + 1 :])
            steps = STEPS if any(others) else STEPS[1:]
            found = [merit((*weights[:one], step, *weights[one + 1 :])) for step in steps]
            peak = int(np.argmax(found))
            if found[peak] > best * (1 + LEAST_GAIN):
                weights[one], best = steps[peak], found[peak]
        if best == before:
            break
    return weights


def _distinct(items: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Each row ascending and without repetition, filled up with NO_ITEM at its end."""
    last = np.iinfo(np.int32).max
    ordered = np.sort(np.where(items == NO_ITEM, last, items), axis=1)
    ordered[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = last
    ordered.sort(axis=1)
    return np.where(ordered == last, NO_ITEM, ordered).astype(np.int32)
