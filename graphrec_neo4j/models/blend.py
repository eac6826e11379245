"""Non-negative weights for members whose scores are made comparable user by user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.ranking.metrics import hits_of, ndcg
from graphrec_neo4j.ranking.topk import blocks, merge_scores, top_k_of_blocks
from graphrec_neo4j.results import NO_ITEM, TopK

Rows = npt.NDArray[np.integer]
Scores = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

DEPTH = 20
"""A user's scores are divided by the mean of that many of her best unseen ones; blends are judged at that depth."""

POOL = 100
"""How many items of each member a user's pool of candidates takes."""

STEPS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
LEAST_GAIN = 1e-3
"""A weight is changed only for that relative gain, so that noise does not add members."""


class Scorer(Protocol):
    """What a blend asks of a member."""

    def scores(self, users: Rows) -> Scores:
        """The score of every item for each of ``users``."""
        ...

    def top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        """The best unseen items of each of ``users``."""
        ...


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
    """Every user's candidates: ``items`` (n, c) ascending with NO_ITEM last, and their ``scores`` (n, c, members).

    Scores are already scaled. Whatever any member ranks among its best POOL is in, so a single member's best
    items are exact; ``truth`` (n, n_items) is what they are judged by.
    """

    items: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    truth: sparse.csr_matrix

    def merit(self, weights: Sequence[float]) -> float:
        """Return the mean NDCG at DEPTH of the blend with ``weights``, one a member."""
        from_pool = TopK(
            np.full((len(self.items), DEPTH), NO_ITEM, dtype=np.int32),
            np.full((len(self.items), DEPTH), -np.inf, dtype=np.float32),
        )
        blended = self.scores @ np.asarray(weights, dtype=np.float32)
        blended[(self.items == NO_ITEM) | (blended == 0)] = -np.inf
        merge_scores(blended, 0, None, from_pool, slice(0, len(self.items)))
        places = np.where(from_pool.items == NO_ITEM, 0, from_pool.items)
        items = np.take_along_axis(self.items, places.astype(np.int64), axis=1)
        items[from_pool.items == NO_ITEM] = NO_ITEM
        return float(np.nanmean(ndcg(hits_of(items, self.truth), np.diff(self.truth.indptr))))


def pool_of(members: Sequence[Scorer], users: Rows, seen: sparse.csr_matrix, truth: sparse.csr_matrix) -> Pool:
    """Gather the candidates of ``users``; ``seen`` and ``truth`` (n_users, n_items) are of all users."""
    lists = [member.top_k(users, min(POOL, truth.shape[1]), seen) for member in members]
    items = _distinct(np.concatenate([top.items for top in lists], axis=1))
    scores = np.zeros((*items.shape, len(members)), dtype=np.float32)
    places = np.where(items == NO_ITEM, 0, items).astype(np.int64)
    for block in blocks(len(users), truth.shape[1]):
        for number, member in enumerate(members):
            found = np.take_along_axis(member.scores(users[block]), places[block], axis=1)
            scores[block, :, number] = found * scales_of(lists[number].scores[block, :DEPTH])[:, None]
    return Pool(items, scores, truth[users])


def search(merit: Callable[[Sequence[float]], float], members: int, rounds: int = 3) -> tuple[list[float], float]:
    """Return weights and their merit, by coordinate ascent from the best single member over STEPS.

    Deterministic, and never worse than the best member alone.
    """
    alone = [merit([float(other == one) for other in range(members)]) for one in range(members)]
    first = int(np.argmax(alone))
    weights, best = [float(one == first) for one in range(members)], alone[first]
    for _ in range(rounds):
        before = best
        for one in (member for member in np.argsort(alone)[::-1].tolist() if member != first):
            found = [merit([*weights[:one], step, *weights[one + 1 :]]) for step in STEPS]
            peak = int(np.argmax(found))
            if found[peak] > best * (1 + LEAST_GAIN):
                weights[one], best = STEPS[peak], found[peak]
        if best == before:
            break
    return weights, best


def _distinct(items: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Each row ascending and without repetition, filled up with NO_ITEM at its end."""
    last = np.iinfo(np.int32).max
    ordered = np.sort(np.where(items == NO_ITEM, last, items), axis=1)
    ordered[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = last
    ordered.sort(axis=1)
    return np.where(ordered == last, NO_ITEM, ordered).astype(np.int32)
