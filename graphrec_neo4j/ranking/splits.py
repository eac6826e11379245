"""Ways to set a part of the positive interactions aside, so that what is judged was never learnt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.foresee import must_fit
from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot

Mask = npt.NDArray[np.bool_]

BYTES_A_PAIR = 120.0
"""What a split holds of an interaction at most, beside its matrix."""


@dataclass(frozen=True, eq=False)
class Split:
    """``train`` is what may be learnt, ``test`` (n_users, n_items) bool what is asked for, ``about`` how it was cut.

    Whatever is no positive interaction (ties, categories, low ratings) stays in ``train``.
    """

    train: GraphSnapshot
    test: sparse.csr_matrix
    about: str

    @property
    def users(self) -> npt.NDArray[np.int64]:
        """The rows of the users who are asked for: those with test items."""
        return np.flatnonzero(np.diff(self.test.indptr))

    @property
    def users_without_train(self) -> int:
        """How many of :attr:`users` have no positive interaction left to learn from."""
        return int((np.diff(self.train.interactions.indptr)[self.users] == 0).sum())


class TimedPairs(NamedTuple):
    """The positive (user, item) pairs of a snapshot, sorted, with their latest time."""

    user: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]


def random_split(snapshot: GraphSnapshot, share: float = 0.2, seed: int = 0) -> Split:
    """Set aside ``share`` of each user's pairs at random, rounded at random, and never all of them."""
    pairs, random = _pairs_to_split(snapshot), np.random.default_rng(seed)
    counts = np.bincount(pairs.user, minlength=len(snapshot.users))
    wanted = np.minimum((counts * share + random.random(len(counts))).astype(int), counts - 1)
    order = np.lexsort((random.random(len(pairs.user)), pairs.user))
    chosen = np.empty(len(order), dtype=bool)
    chosen[order] = _place_within(pairs.user[order]) < wanted[pairs.user[order]]
    return _cut(snapshot, pairs, chosen, f"random, {share:.0%} of each user's interactions, seed {seed}")


def time_split(snapshot: GraphSnapshot, share: float = 0.2) -> Split:
    """Set aside the latest ``share`` of all pairs: those after one moment, so fewer where many are of that moment.

    Pairs without a time stay in train. Raises ModelError where no time divides the pairs.
    """
    pairs = _pairs_to_split(snapshot)
    timed = pairs.time != MISSING_TIME
    if not timed.any():
        raise ModelError("no interaction has a time to split by; name its time property in graphrec.toml.")
    times = np.sort(pairs.time[timed])
    moment = times[max(0, len(times) - 1 - round(share * len(times)))]
    missing = f", {(~timed).sum()} without a time kept in train" if not timed.all() else ""
    return _cut(snapshot, pairs, timed & (pairs.time > moment), f"by time, the latest {share:.0%}{missing}")


def leave_last_split(snapshot: GraphSnapshot) -> Split:
    """Set aside the last pair by time of each user with two or more; at one moment, that of the higher item row.

    Who has no pair with a time keeps all in train. Raises ModelError where no interaction has a time.
    """
    pairs = _pairs_to_split(snapshot)
    if not (pairs.time != MISSING_TIME).any():
        raise ModelError("no interaction has a time to find the last one by; name its time property in graphrec.toml.")
    counts = np.bincount(pairs.user, minlength=len(snapshot.users))
    order = np.lexsort((pairs.item, pairs.time, pairs.user))
    chosen = np.empty(len(order), dtype=bool)
    chosen[order] = _place_within(pairs.user[order]) == counts[pairs.user[order]] - 1
    chosen &= (counts[pairs.user] > 1) & (pairs.time != MISSING_TIME)
    return _cut(snapshot, pairs, chosen, "each user's last interaction by time")


def given_split(train: GraphSnapshot, test: sparse.csr_matrix) -> Split:
    """Take ``test`` (n_users, n_items) as it was given; pairs that ``train`` holds too are left out and counted.

    Raises ModelError for a table of another shape or where nothing is left to ask for.
    """
    if test.shape != train.interactions.shape:
        raise ModelError(f"the test table is {test.shape}, but the graph is {train.interactions.shape}.")
    asked = test.astype(bool)
    both = asked.multiply(train.interactions > 0)
    asked = (asked > both).tocsr()
    left_out = f", {both.nnz} pairs that train holds too left out of test" if both.nnz else ""
    return Split(train, _checked(asked), f"as given{left_out}")


def without_pairs(snapshot: GraphSnapshot, users: npt.NDArray[np.int64], items: npt.NDArray[np.int64]) -> GraphSnapshot:
    """Return ``snapshot`` without interactions, of any type, of pairs that ``users`` (m,) and ``items`` (m,) are."""
    keys = users.astype(np.int64) * len(snapshot.items) + items
    kept = {name: _without(snapshot, name, keys) for name in snapshot.schema.by_role("interaction")}
    return snapshot.with_edges(**kept)


def _pairs_to_split(snapshot: GraphSnapshot) -> TimedPairs:
    """The pairs of ``snapshot``; raises ModelError before any work where splitting does not fit into memory."""
    count = snapshot.matrix_entries(ALL_INTERACTIONS)
    must_fit(f"splitting {count:,} interactions", BYTES_A_PAIR * count, None, "split a part of the graph")
    return timed_pairs(snapshot)


def _cut(snapshot: GraphSnapshot, pairs: TimedPairs, chosen: Mask, about: str) -> Split:
    shape = (len(snapshot.users), len(snapshot.items))
    ends = (pairs.user[chosen], pairs.item[chosen])
    test = sparse.csr_matrix((np.ones(len(ends[0]), dtype=bool), ends), shape=shape)
    return Split(without_pairs(snapshot, *ends), _checked(test), about)


def _checked(test: sparse.csr_matrix) -> sparse.csr_matrix:
    if not test.nnz:
        raise ModelError("this split leaves nothing to test on; take a larger share, another split or more data.")
    test.sort_indices()
    return test


def _without(snapshot: GraphSnapshot, name: str, keys: npt.NDArray[np.int64]) -> Edges:
    """The edges of one type that join none of the pairs ``user * n_items + item`` in ``keys``."""
    edges = snapshot.edges[name]
    hit = np.zeros(len(edges), dtype=bool)
    for user, item in _ends(snapshot, name):
        hit |= np.isin(user * len(snapshot.items) + item, keys)
    return edges.take(~hit)


def _ends(snapshot: GraphSnapshot, name: str) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """The (user, item) rows that edges of one type join, both ways round where they have no direction."""
    kind, edges = snapshot.schema.edges[name], snapshot.edges[name]
    ends = (edges.source.astype(np.int64), edges.target.astype(np.int64))
    along = kind.source == snapshot.schema.recommend_to
    return ([ends] if along else []) + ([ends[::-1]] if not along or not kind.directed else [])


def timed_pairs(snapshot: GraphSnapshot) -> TimedPairs:
    """Return the positive pairs in the order of ``snapshot.interactions``, MISSING_TIME where no edge has a time."""
    positive = snapshot.interactions.tocoo()
    user, item = positive.row.astype(np.int64), positive.col.astype(np.int64)
    keys, time = user * len(snapshot.items) + item, np.full(len(user), MISSING_TIME)
    for name in snapshot.schema.by_role("interaction"):
        of_edges = snapshot.edges[name].time
        if of_edges is not None:
            for mine, theirs in _ends(snapshot, name):
                _keep_latest(time, keys, mine * len(snapshot.items) + theirs, of_edges)
    return TimedPairs(user, item, time)


def _keep_latest(time: npt.NDArray, keys: npt.NDArray, edge_keys: npt.NDArray, edge_time: npt.NDArray) -> None:
    """Raise ``time`` at the sorted ``keys`` to the times of the edges that are among them, in place."""
    place = np.searchsorted(keys, edge_keys)
    known = place < len(keys)
    known[known] = keys[place[known]] == edge_keys[known]
    np.maximum.at(time, place[known], edge_time[known])


def _place_within(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, 2, ... within each run of equal values."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
