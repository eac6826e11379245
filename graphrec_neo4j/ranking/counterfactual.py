"""What would change a list: without which of her own interactions an item leaves it, and with which it comes in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.results import Explanation

Floats = npt.NDArray[np.float64]

PAIRS_AMONG = 20
"""Of so many of the largest contributions all pairs are tried."""
TRIED = 200
"""So many items, those whose people like the wanted one most, are tried for bringing it in."""
_BLOCK = 64


class FoldsIn(Protocol):
    """What scores a history that it was not fitted on."""

    def explain(self, user: int, item: int, limit: int = 5) -> Explanation:
        """Say why ``item`` has its score for ``user``."""

    def fold_in(self, histories: sparse.csr_matrix) -> npt.NDArray[np.float32]:
        """Return scores (m, n_items) from histories (m, n_items) alone."""


@dataclass(frozen=True)
class Change:
    """Interactions with ``items`` that change whether an item is in a list; ``smallest`` if no fewer can do it."""

    items: tuple[int, ...]
    smallest: bool


@dataclass(frozen=True, eq=False)
class Listed:
    """Whether ``item`` is among the best ``k`` of ``user``, were her history another than in ``histories``.

    Everything else stays: what others did, what was learnt, and which items she is never offered (``seen``), so that an
    item does not leave its place to one that is only a candidate because it was taken away.
    """

    model: FoldsIn
    histories: sparse.csr_matrix
    seen: sparse.csr_matrix
    user: int
    item: int
    k: int

    @property
    def history(self) -> npt.NDArray[np.int64]:
        """The items that she has interacted with."""
        return self.histories[[self.user]].indices.astype(np.int64)

    def now(self) -> bool:
        """Whether the item is in the list that her history as it is makes."""
        return bool(self._places([self.histories[[self.user]]])[0] < self.k)

    def without(self, sets: Sequence[tuple[int, ...]]) -> npt.NDArray[np.bool_]:
        """Whether it is in the list after each of ``sets`` of items is taken from the history."""
        mine = self.histories[[self.user]]
        left = []
        for gone in sets:
            kept = ~np.isin(mine.indices, gone)
            parts = (mine.data[kept], mine.indices[kept], [0, int(kept.sum())])
            left.append(sparse.csr_matrix(parts, shape=mine.shape))
        return self._places(left) < self.k

    def having(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether it is in the list after one of ``items`` joins the history, as strong as the others on average."""
        mine = self.histories[[self.user]]
        strength = mine.data.mean() if mine.nnz else 1.0
        ends = (np.arange(len(items)), items)
        more = sparse.csr_matrix((np.full(len(items), strength), ends), shape=(len(items), mine.shape[1]))
        return self._places([mine + more[[row]] for row in range(len(items))]) < self.k

    def _places(self, histories: Sequence[sparse.csr_matrix]) -> npt.NDArray[np.int64]:
        """How many candidates come before the item, by each history; ties go to the lower row, as in every list."""
        others = np.ones(self.histories.shape[1], dtype=bool)
        others[self.seen[[self.user]].indices] = False
        others[self.item] = False
        rows = np.flatnonzero(others)
        places = []
        for start in range(0, len(histories), _BLOCK):
            scores = self.model.fold_in(sparse.vstack(histories[start : start + _BLOCK]).tocsr())
            own = scores[:, [self.item]]
            ahead = (scores[:, rows] > own) | ((scores[:, rows] == own) & (rows < self.item))
            places.append(ahead.sum(axis=1))
        return np.concatenate(places) if places else np.zeros(0, dtype=np.int64)


def leaves_without(listed: Listed) -> Change | None:
    """Return the interactions without which the item leaves the list, None if it is not in it or nothing helps.

    All single ones are tried, then all pairs among the PAIRS_AMONG of the largest contributions. Where neither do, the
    largest go one after another until the item is out, and then each comes back that is not needed: what is left
    cannot lose a member, but another set may be smaller.
    """
    if not listed.now():
        return None
    ordered = _by_contribution(listed)
    for size, among in ((1, ordered), (2, ordered[:PAIRS_AMONG])):
        sets = list(itertools.combinations(among, size))
        out = np.flatnonzero(~listed.without(sets))
        if len(out):
            return Change(sets[int(out[0])], size == 1 or len(among) == len(ordered))
    growing = [tuple(ordered[:size]) for size in range(3, len(ordered) + 1)]
    out = np.flatnonzero(~listed.without(growing))
    if not len(out):
        return None
    return Change(_needed(listed, growing[int(out[0])]), False)


def comes_with(listed: Listed) -> Change | None:
    """Return one more interaction that would bring the item into the list; None if it is there or none of TRIED does.

    Of those that do it is the one whose people like the item most, by cosine: the likeliest of them.
    """
    if listed.now():
        return None
    nearest = _nearest(listed)
    for start in range(0, len(nearest), _BLOCK):
        block = nearest[start : start + _BLOCK]
        found = np.flatnonzero(listed.having(np.array(block)))
        if len(found):
            return Change((block[int(found[0])],), smallest=True)
    return None


def _by_contribution(listed: Listed) -> list[int]:
    """The items of the history, those that the largest parts of the score go through first."""
    parts = dict.fromkeys(listed.history.tolist(), 0.0)
    for part in listed.model.explain(listed.user, listed.item, len(parts)).contributions:
        if part.kind == "taste" and part.path and part.path[0][1] in parts:
            parts[part.path[0][1]] += part.score
    return sorted(parts, key=lambda item: -parts[item])


def _needed(listed: Listed, gone: tuple[int, ...]) -> tuple[int, ...]:
    """Put back what need not go, the smallest contributions first."""
    for item in reversed(gone):
        fewer = tuple(other for other in gone if other != item)
        if not listed.without([fewer])[0]:
            gone = fewer
    return gone


def _nearest(listed: Listed) -> list[int]:
    """The items with most people in common with the item, by cosine, that she does not have."""
    liked = (listed.histories > 0).astype(np.float64).tocsc()
    common = np.asarray((liked.T @ liked[:, [listed.item]]).todense()).ravel()
    degrees = np.maximum(np.diff(liked.indptr), 1)
    cosines = common / np.sqrt(degrees * degrees[listed.item])
    cosines[listed.item] = 0
    cosines[listed.seen[[listed.user]].indices] = 0
    return [int(item) for item in np.argsort(-cosines, kind="stable")[:TRIED] if cosines[item] > 0]
