"""How far each user should hear her friends, learnt from interactions that are left out, before any training.

A network's own training cannot tell: it knows the interactions that it is asked for, and friends add nothing to that,
or help it to learn them by heart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.special import expit

from graphrec_neo4j.models.ties import normalised

Floats = npt.NDArray[np.float64]

MOST_USERS = 2000
BLOCK_ENTRIES = 2**22
RIDGE = 1e-3
WIDTH = 10.0
"""Friends worth a tenth of a history are heard in full: of 4, 10 and 20 chosen on a part of LastFM's train."""
LEAST_SURENESS = 2.0
"""Standard errors by which friends must help users of whom nothing was learnt, or the gate is shut for all."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Pairs of a left-out item and another: by how much more the first is reached from a user, (p,) each.

    ``history`` tells it of walks through what she likes, ``friends`` of walks through what her friends like; ``user``
    (p,) is her row.
    """

    history: Floats
    friends: Floats
    user: npt.NDArray[np.int64]

    def of(self, chosen: npt.NDArray[np.bool_]) -> Evidence:
        """Return the pairs (q,) that ``chosen`` (p,) marks."""
        return Evidence(self.history[chosen], self.friends[chosen], self.user[chosen])


def gates(liked: sparse.csr_matrix, ties: sparse.csr_matrix, seed: int) -> Floats:
    """Return the gate (n_users,), 0 to 1, of each user's friends: ``min(1, 10 sigmoid(w . x_u))``.

    ``liked`` (n_users, n_items) is a pattern, ``ties`` (n_users, n_users) are normalised. x_u is the agreement of
    what she and what her friends like (a cosine), ``log(1 + n_u)`` and 1. With ``A`` the normalised interactions and
    s_u the sigmoid, w makes ``log sigmoid(b (h_ui - h_uj + s_u (f_ui - f_uj)))`` large. There ``h = A A' A`` without
    the interaction (u, i) and without walks over u herself, ``f = T A A' A`` likewise; i is an item of hers and j one
    that she does not know, drawn by popularity, so that friends get no credit for what everybody likes. All are 0
    where that does not help users of whom nothing was learnt. A user without a history has 1: she has nothing else.
    """
    hers, theirs = np.diff(liked.indptr) > 0, np.diff(ties.indptr) > 0
    if not (hers & theirs).any():
        return np.ones(len(hers))
    random = np.random.default_rng(seed)
    users = np.flatnonzero(hers & theirs)
    users = np.sort(random.choice(users, min(MOST_USERS, len(users)), replace=False))
    found, told = evidence(liked, ties, users, random), _features(liked, ties, users)
    if not len(found.user) or _sureness(found, told) < LEAST_SURENESS:
        return np.where(hers, 0.0, 1.0)
    weights, _ = _fitted(found, told)
    return np.where(hers, np.minimum(WIDTH * expit(told @ weights), 1.0), 1.0)


def gate_bytes(n_users: int, n_items: int) -> float:
    """About how much memory :func:`gates` takes at most, beside sparse matrices of the size of its own."""
    return 32.0 * min(BLOCK_ENTRIES, MOST_USERS * (n_users + n_items))


def evidence(
    liked: sparse.csr_matrix, ties: sparse.csr_matrix, users: npt.NDArray[np.int64], random: np.random.Generator
) -> Evidence:
    """Return a pair for each item of each of ``users``, without those whose other item she likes too."""
    walk = normalised(liked)
    squares = np.asarray(walk.multiply(walk).sum(axis=0)).ravel()
    size = max(1, BLOCK_ENTRIES // sum(liked.shape))
    found = []
    for start in range(0, len(users), size):
        block = users[start : start + size]
        mine = walk[block]
        row, item = np.repeat(np.arange(len(block)), np.diff(mine.indptr)), mine.indices
        other = random.choice(liked.indices, len(item))
        unknown = np.asarray(liked[block][row, other]).ravel() == 0
        by_history, by_friends = (_reached(start_from, walk, block) for start_from in (mine, ties[block] @ walk))
        left_out = mine.data * (squares[item] - mine.data**2)
        history = by_history[row, item] - left_out - by_history[row, other]
        friends = by_friends[row, item] - by_friends[row, other]
        found.append((history[unknown], friends[unknown], block[row[unknown]]))
    return Evidence(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _reached(tastes: sparse.csr_matrix, walk: sparse.csr_matrix, users: npt.NDArray[np.int64]) -> Floats:
    """Where ``tastes`` (b, n_items) lead over other users than ``users`` (b,) themselves, as (b, n_items)."""
    people = (tastes @ walk.T).toarray()
    people[np.arange(len(users)), users] = 0
    return (walk.T @ people.T).T


def _features(liked: sparse.csr_matrix, ties: sparse.csr_matrix, users: npt.NDArray[np.int64]) -> Floats:
    """Agreement and length of history of everyone, standardised over ``users``, and 1, as (n_users, 3)."""
    mine = normalised(liked)
    theirs = ties @ mine
    lengths = [np.sqrt(np.asarray(each.multiply(each).sum(axis=1)).ravel()) for each in (mine, theirs)]
    agreement = np.asarray(mine.multiply(theirs).sum(axis=1)).ravel() / np.maximum(lengths[0] * lengths[1], 1e-12)
    told = np.stack([agreement, np.log1p(np.diff(liked.indptr))], axis=1)
    spread = told[users].std(axis=0)
    told = (told - told[users].mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.column_stack([told, np.ones(len(told))])


def _sureness(found: Evidence, told: Floats) -> float:
    """By how many standard errors friends help: each half of the users judged by what was learnt from the other."""
    half = found.user % 2 == 0
    gains = [_gains(found.of(half), found.of(~half), told), _gains(found.of(~half), found.of(half), told)]
    gain = np.concatenate(gains)
    return float(gain.mean() / max(gain.std() / np.sqrt(max(len(gain), 1)), 1e-12)) if len(gain) > 1 else 0.0


def _gains(learnt_from: Evidence, judged: Evidence, told: Floats) -> Floats:
    """By how much friends lower the mean loss of each user of ``judged``."""
    if not len(learnt_from.user) or not len(judged.user):
        return np.zeros(0)
    (weights, slope), (_, alone) = (_fitted(learnt_from, told, shut=shut) for shut in (False, True))
    gate = expit(told[judged.user] @ weights)
    heard = np.logaddexp(0, -slope * (judged.history + gate * judged.friends))
    gain = np.logaddexp(0, -alone * judged.history) - heard
    _, place, counts = np.unique(judged.user, return_inverse=True, return_counts=True)
    return np.bincount(place, gain) / counts


def _fitted(found: Evidence, told: Floats, shut: bool = False) -> tuple[Floats, float]:
    """Return the gate's weights (3,) and the slope b; with ``shut`` the slope of walks through histories alone."""
    scale = float(np.abs(found.history).mean()) or 1.0
    history, friends, seen = found.history / scale, found.friends / scale * (not shut), told[found.user]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, slope = parameters[:-1], np.exp(parameters[-1])
        gate = expit(seen @ weights)
        margin = slope * (history + gate * friends)
        pull = -expit(-margin) / len(margin)
        of_weights = seen.T @ (pull * slope * friends * gate * (1 - gate))
        ridge = RIDGE * np.append(weights[:-1], 0)
        total = np.logaddexp(0, -margin).mean() + ridge @ weights / 2
        return float(total), np.append(of_weights + ridge, pull @ margin)

    bounds = [(-10.0, 10.0)] * told.shape[1] + [(-5.0, 8.0)]
    best = optimize.minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds).x
    return best[:-1], float(np.exp(best[-1])) / scale
