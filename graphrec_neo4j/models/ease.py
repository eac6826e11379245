"""EASE: the best linear model between items, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.foresee import must_fit
from graphrec_neo4j.models.base import Rows, Scores, State
from graphrec_neo4j.models.linear_model import LinearModel
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.topk import top_k_of_blocks
from graphrec_neo4j.results import NO_ITEM, Neighbours
from graphrec_neo4j.snapshot import GraphSnapshot

BLOCK = 1024
ROOM_TO_WORK = 1.1
"""What the table and its blocks take, as a multiple of the table."""


@dataclass(frozen=True)
class EASESettings:
    """``l2``: the paper's lambda, in users: ties that fewer share are held to be chance.

    ``memory_gib``: how much memory the table may take, all that is free without.

    The paper takes 200 to 1,000 for graphs with more users an item. Of 30, 100, 200 and 500, 100 was best or within
    0.5 % of it in recall@20 on random validation parts of the training interactions with the 7,000 most liked items
    of Gowalla, Douban-Book and LastFM; 500 lost 2 to 8 %.
    """

    l2: float = 100.0
    memory_gib: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.l2 < np.inf:
            raise ModelError("ease needs an l2 above 0.")


class EASE(LinearModel):
    """``score(u) = x_u B`` with ``B = I - P diag(1 / diag P)``, ``P = (X'X + l2 I)^-1`` (equations 7 and 8).

    X (n_users, n_items) says who likes what. B minimises ``|X - XB|^2 + l2 |B|^2`` under a diagonal of 0. It is dense,
    4 bytes an entry, made in one table, and refused before any work where that does not fit.
    """

    name = "ease"
    line = "the best linear model between items, in closed form; memory grows with the square of the items"
    paper = "Steck: Embarrassingly shallow autoencoders for sparse data, WWW 2019"
    cost = "an inverse of items x items: twice as many items take eight times as long"
    lighter = "take slim or item-knn, whose ties are sparse"
    settings_class: ClassVar[type] = EASESettings

    table: Scores

    def neighbours(self, k: int) -> Neighbours:
        """Return the k largest positive weights from each item, and how many users like both its ends."""
        top = top_k_of_blocks(
            lambda rows: self.table[rows], np.arange(self.n_items), min(k, self.n_items), self.n_items
        )
        weak = ~(top.scores > 0)
        top.items[weak], top.scores[weak] = NO_ITEM, -np.inf
        counts = np.zeros(top.items.shape, dtype=np.int64)
        counts[~weak] = self.tastes.shared(np.nonzero(~weak)[0], top.items[~weak])
        return Neighbours(top, counts)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        return 4.0 * self.n_items**2 * ROOM_TO_WORK + 20.0 * pairs

    def _learn(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> None:
        n_items = liked.shape[1]
        what = f"ease's table between {n_items:,} items"
        instead = "take slim or item-knn, whose ties are sparse, or raise memory_gib if it is set"
        must_fit(what, 4.0 * n_items**2 * ROOM_TO_WORK, self.settings.memory_gib, instead)
        self.table = _gram(liked, self.settings.l2, progress)
        _invert(self.table, progress)
        self.table /= -self.table.diagonal().copy()
        np.fill_diagonal(self.table, 0.0)

    def _times(self, histories: sparse.csr_matrix) -> Scores:
        return histories @ self.table

    def _move(self, rows: npt.NDArray[np.int64]) -> None:
        kept = np.flatnonzero(rows >= 0)
        table = np.zeros((self.n_items, self.n_items), dtype=np.float32)
        table[np.ix_(rows[kept], rows[kept])] = self.table[np.ix_(kept, kept)]
        self.table = table

    def _between(self, mine: Rows, items: Rows) -> npt.NDArray[np.float64]:
        return self.table[np.ix_(mine, items)].T.astype(np.float64)

    def _state(self) -> State:
        return {**super()._state(), "table": self.table}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.table = cast(npt.NDArray, state["table"])


def _gram(liked: sparse.csr_matrix, l2: float, progress: Progress) -> Scores:
    """Return ``X'X + l2 I`` (n_items, n_items), block by block."""
    table = np.empty((liked.shape[1],) * 2, dtype=np.float32)
    turned = liked.T.tocsr()
    for start in range(0, len(table), BLOCK):
        rows = slice(start, start + BLOCK)
        (turned[rows] @ liked).toarray(out=table[rows])
        progress("comparing items", min(start + BLOCK, len(table)), len(table))
    table[np.diag_indices_from(table)] += l2
    return table


def _invert(table: Scores, progress: Progress) -> None:
    """Put the inverse of a positive definite ``table`` in its place, by Cholesky; raises ModelError if it is not."""
    from scipy.linalg.lapack import spotrf, spotri

    # LAPACK works by columns: seen so, a symmetric table of rows is itself, and its lower half the upper one of rows.
    columns = table.T
    progress("inverting", 0, 2)
    halves, failed = spotrf(columns, lower=1, clean=0, overwrite_a=1)
    if not failed:
        progress("inverting", 1, 2)
        _, failed = spotri(halves, lower=1, overwrite_c=1)
    if failed:
        raise ModelError("ease's table cannot be inverted in 32 bits; take a larger l2.")
    for start in range(0, len(table), BLOCK):
        rows = slice(start, start + BLOCK)
        inner = table[rows, rows]
        inner[:] = np.triu(inner) + np.triu(inner, 1).T
        table[start + BLOCK :, rows] = table[rows, start + BLOCK :].T
    progress("inverting", 2, 2)
