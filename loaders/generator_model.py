"""The world behind a generated graph: tastes, friends, and draws from true preferences.

A user is a mixture of tastes and a taste is a distribution over items, so a preference is a low-rank product
that can be drawn from at any size. Friends find each other through shared tastes and friends of friends
(homophily and closed triangles), and what they like rubs off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.snapshot import FloatArray, IntArray

INFLUENCE = 0.25
"""The share of a user's taste that comes from those she follows."""

_MAINSTREAM = 0.08
_CLOSED = 0.3
_RETURNED = 0.4
_BLOCK = 20_000


@dataclass(frozen=True, eq=False)
class Preferences:
    """The true preferences: ``user_tastes`` (n_users, t) are mixtures, ``taste_items`` (t, n_items) distributions.

    The last taste is the mainstream, in which everybody has a share.
    """

    user_tastes: FloatArray
    taste_items: FloatArray

    def scores(self, users: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """Return the probabilities (len(users), n_items) with which each user's next item is drawn."""
        return (self.user_tastes[users] @ self.taste_items).astype(np.float32)

    def of_pairs(self, users: npt.NDArray[np.integer], items: npt.NDArray[np.integer]) -> FloatArray:
        """Return the probability (n,) of each of n pairs."""
        return np.einsum("pt,tp->p", self.user_tastes[users], self.taste_items[:, items])


def mixtures(rng: np.random.Generator, count: int, tastes: int, spread: float) -> FloatArray:
    """Return ``count`` Dirichlet mixtures (count, tastes) of unevenly common tastes.

    ``spread`` is the sum of the Dirichlet's parameters: the smaller, the purer.
    """
    common = rng.dirichlet(np.full(tastes, 4.0))
    return rng.dirichlet(spread * common, size=count)


def taste_items(rng: np.random.Generator, items: FloatArray) -> FloatArray:
    """Return the tastes and the mainstream (t + 1, n) as distributions over items with mixtures ``items`` (n, t).

    An item's appeal falls with its popularity rank by a power law.
    """
    appeal = (rng.permutation(len(items)) + 10.0) ** -0.8
    weights = np.vstack([items.T * appeal, appeal])
    return weights / weights.sum(axis=1, keepdims=True)


def friendships(rng: np.random.Generator, tastes: FloatArray, mean: float) -> tuple[IntArray, IntArray]:
    """Return who follows whom: unique (source, target) rows, sorted, about ``mean`` for each user.

    A user follows a well-known member of one of her tastes; some ties close a triangle, some are returned.
    """
    fame = rng.pareto(2.5, len(tastes)) + 0.3
    by_taste = _cumulated(tastes.T * fame)
    opened = mean * (1 - _CLOSED) / (1 + _RETURNED)
    out = np.ceil(rng.pareto(2.5, len(tastes)) * opened * 1.5).astype(np.int64)
    out = np.minimum(out, max(1, len(tastes) // 4))
    source = np.repeat(np.arange(len(tastes)), out)
    target = np.concatenate(
        [draw(rng, by_taste, draw_rows(rng, tastes, block)) for block in _blocks(source)] or [source]
    )
    returned = rng.random(len(source)) < _RETURNED
    source, target = np.append(source, target[returned]), np.append(target, source[returned])
    source, target = _unique_pairs(source, target, len(tastes))
    closing, closed = _closing_triangles(rng, source, target, int(len(tastes) * mean * _CLOSED), len(tastes))
    return _unique_pairs(np.append(source, closing), np.append(target, closed), len(tastes))


def influenced(tastes: FloatArray, source: IntArray, target: IntArray) -> FloatArray:
    """Return the mixtures (n, t + 1) that users act by: their own, their friends', and the mainstream's share."""
    follows = sparse.csr_matrix((np.ones(len(source)), (source, target)), shape=(len(tastes),) * 2)
    degree = np.asarray(follows.sum(axis=1))
    friends = np.where(degree > 0, follows @ tastes / np.maximum(degree, 1), tastes)
    mixed = (1 - _MAINSTREAM) * ((1 - INFLUENCE) * tastes + INFLUENCE * friends)
    return np.column_stack([mixed, np.full(len(tastes), _MAINSTREAM)])


def chosen_items(
    rng: np.random.Generator, preferences: Preferences, activity: IntArray
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield blocks of (user, item) pairs, sorted and unique: up to ``activity[user]`` draws for each user."""
    n_items = preferences.taste_items.shape[1]
    items_of = _cumulated(preferences.taste_items)
    for start in range(0, len(activity), _BLOCK):
        wanted = activity[start : start + _BLOCK]
        users = np.repeat(np.arange(start, start + len(wanted)), 2 * wanted + 5)
        items = draw(rng, items_of, draw_rows(rng, preferences.user_tastes, users))
        # The first draw of each pair counts, so that the likelier pairs stay in when a user has enough.
        pairs, first = np.unique(users * n_items + items, return_index=True)
        pairs = pairs[np.argsort(first)]
        order = np.argsort(pairs // n_items, kind="stable")
        pairs = pairs[order]
        owner = pairs // n_items
        kept = np.sort(pairs[_position_in_group(owner) < activity[owner]])
        yield kept // n_items, kept % n_items


def draw(rng: np.random.Generator, cumulated: FloatArray, rows: IntArray) -> IntArray:
    """Draw one column for each of ``rows`` from the distributions that ``cumulated`` (r, c) holds."""
    n_columns = cumulated.shape[1]
    flat = (cumulated + np.arange(len(cumulated))[:, None]).ravel()
    found = np.searchsorted(flat, rows + rng.random(len(rows)), side="right") - rows * n_columns
    return np.minimum(found, n_columns - 1)


def draw_rows(rng: np.random.Generator, table: FloatArray, rows: IntArray) -> IntArray:
    """Draw one column for each of ``rows`` (sorted) from the rows of ``table``, looking at those rows alone."""
    first, last = int(rows[0]), int(rows[-1]) + 1
    return draw(rng, _cumulated(table[first:last]), rows - first)


def _cumulated(weights: FloatArray) -> FloatArray:
    total = np.cumsum(weights, axis=1)
    total /= np.maximum(total[:, -1:], np.finfo(float).tiny)
    total[:, -1] = 1.0
    return total


def _blocks(rows: IntArray) -> Iterator[IntArray]:
    return (rows[start : start + 10 * _BLOCK] for start in range(0, len(rows), 10 * _BLOCK))


def _unique_pairs(source: IntArray, target: IntArray, n: int) -> tuple[IntArray, IntArray]:
    pairs = np.unique((source * n + target)[source != target])
    return pairs // n, pairs % n


def _closing_triangles(
    rng: np.random.Generator, source: IntArray, target: IntArray, count: int, n: int
) -> tuple[IntArray, IntArray]:
    """Return ties from ``count`` sources to a friend of a friend; ``source`` is sorted."""
    starts = np.searchsorted(source, np.arange(n + 1))
    degree = np.diff(starts)
    if not len(source):
        return source, target
    edge = rng.integers(0, len(source), count)
    edge = edge[degree[target[edge]] > 0]
    middle = target[edge]
    step = (rng.random(len(edge)) * degree[middle]).astype(np.int64)
    return source[edge], target[starts[middle] + step]


def _position_in_group(sorted_groups: IntArray) -> IntArray:
    """Return 0, 1, 2 ... within each run of equal values."""
    starts = np.flatnonzero(np.append(True, np.diff(sorted_groups) != 0)) if len(sorted_groups) else sorted_groups
    return np.arange(len(sorted_groups)) - np.repeat(starts, np.diff(np.append(starts, len(sorted_groups))))
