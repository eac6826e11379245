"""``LinearFilter``: a polynomial of an item graph beside a low pass, never held as a table between items."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.base import Rows, Scores, State
from graphrec_neo4j.models.linear_model import LinearModel
from graphrec_neo4j.models.placing import matrix_moved, rows_moved
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Filter:
    """``F = S^-1 (q_0 I + q_1 P + q_2 P^2 + ...) S + read answer'``, where P is the product of ``steps``.

    ``steps`` are sparse, with sorted rows, and nowhere negative; backwards and turned they are the same again, so that
    P (n_items, n_items) is symmetric. ``coefficients`` are (q_0, q_1, ...), ``read`` and ``answer`` (n_items, d); S is
    the diagonal of ``scale`` (n_items,), above 0.
    """

    steps: tuple[sparse.csr_matrix, ...]
    coefficients: Floats
    read: Scores
    answer: Scores
    scale: Scores

    def moved(self, rows: npt.NDArray[np.int64], n_items: int) -> Filter:
        """Return F with items at later ``rows``, -1 for gone; the nodes between two steps are those it was made of."""
        first, last = self.steps[0], self.steps[-1]
        if len(self.steps) == 1:
            steps: tuple[sparse.csr_matrix, ...] = (matrix_moved(first, rows, rows, (n_items, n_items)),)
        else:
            into = matrix_moved(first, rows, None, (n_items, first.shape[1]))
            steps = (into, *self.steps[1:-1], matrix_moved(last, None, rows, (last.shape[0], n_items)))
        scale = np.ones(n_items, dtype=self.scale.dtype)
        scale[rows[rows >= 0]] = self.scale[rows >= 0]
        read, answer = rows_moved(self.read, rows, n_items), rows_moved(self.answer, rows, n_items)
        return Filter(steps, self.coefficients, read, answer, scale)

    def carry(self, columns: Scores) -> Scores:
        """Return ``P @ columns`` (n_items, m)."""
        for step in reversed(self.steps):
            columns = step @ columns
        return columns

    def between(self, mine: Rows, items: Rows) -> Floats:
        """Return F at ``mine`` (h,) and ``items`` (k,), as (k, h)."""
        parts = self.answer[items].astype(np.float64) @ self.read[mine].astype(np.float64).T
        scale = self.scale[items].astype(np.float64)[:, None] / self.scale[mine]
        for power, coefficient in enumerate(self.coefficients):
            if coefficient:
                parts += coefficient * scale * self._after(power * len(self.steps), mine, items)
        return parts

    def _after(self, way: int, mine: Rows, items: Rows) -> Floats:
        """The product of the first ``way`` steps at ``mine`` and ``items``; both ends of a long one go half of it."""
        from graphrec_neo4j.models.between_kernel import entries_between, products_between

        first = self.steps[0]
        table = (first.indptr, first.indices, first.data)
        if way == 0:
            return (items[:, None] == mine).astype(np.float64)
        if way == 1:
            return entries_between(*table, mine, items)
        if way == 2:
            return products_between(*table, mine, items, first.shape[1])
        near, far = self._carried(mine, way - way // 2), self._carried(items, way // 2)
        return np.asarray((far @ near.T).toarray())

    def _carried(self, rows: Rows, way: int) -> sparse.csr_matrix:
        """``rows`` of the product of the first ``way`` steps."""
        unit = (np.ones(len(rows)), rows, np.arange(len(rows) + 1))
        carried = sparse.csr_matrix(unit, shape=(len(rows), self.steps[0].shape[0]))
        for number in range(way):
            carried = carried @ self.steps[number % len(self.steps)]
        return carried


class LinearFilter(LinearModel):
    """A model whose F is a :class:`Filter`, made by ``_filter``."""

    filter: Filter
    walk: MetaPathWalk

    @abstractmethod
    def _filter(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> Filter:
        """Return F for the pattern ``liked`` (n_users, n_items)."""

    def _learn(self, liked: sparse.csr_matrix, seed: int, progress: Progress) -> None:
        self._take(self._filter(liked, seed, progress))

    def _take(self, made: Filter) -> None:
        for step in made.steps:
            step.sort_indices()
        self.filter = made
        self.walk = MetaPathWalk.over(sparse.csr_matrix((1, made.steps[0].shape[0])), *made.steps)

    def _times(self, histories: sparse.csr_matrix) -> Scores:
        made = self.filter
        scaled = histories.copy()
        scaled.data = histories.data / made.scale[histories.indices]
        walk = self.walk.from_histories(scaled, [0], None)
        scores = self._polynomial(walk.scores(np.arange(histories.shape[0])))
        if made.coefficients[0]:
            scores += scaled.toarray() * np.float32(made.coefficients[0])
        scores *= made.scale
        if made.read.size:
            scores += (histories @ made.read) @ made.answer.T
        return scores

    def _polynomial(self, smoothed: Scores) -> Scores:
        """Return ``smoothed @ (q_1 + q_2 P + ...)`` (m, n_items), by Horner's rule."""
        coefficients = self.filter.coefficients.astype(np.float32)
        found = smoothed * coefficients[-1]
        for coefficient in coefficients[-2:0:-1]:
            found = self.filter.carry(np.ascontiguousarray(found.T)).T + smoothed * coefficient
        return found

    def _move(self, rows: npt.NDArray[np.int64]) -> None:
        self._take(self.filter.moved(rows, self.n_items))

    def _between(self, mine: Rows, items: Rows) -> Floats:
        return self.filter.between(mine, items)

    def _state(self) -> State:
        made = self.filter
        steps = {f"step {number}": step for number, step in enumerate(made.steps)}
        low_pass = {"read": made.read, "answer": made.answer}
        return {**super()._state(), **steps, **low_pass, "q": made.coefficients, "scale": made.scale}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        steps = tuple(cast(sparse.csr_matrix, state[name]) for name in sorted(state) if name.startswith("step "))
        q, *parts = (cast(npt.NDArray, state[name]) for name in ("q", "read", "answer", "scale"))
        self._take(Filter(steps, q, *parts))


def unscaled(n_items: int) -> Scores:
    """Return the scale of a filter that has none."""
    return np.ones(n_items, dtype=np.float32)


def normalised(liked: sparse.csr_matrix, user_exponent: float, item_exponent: float) -> sparse.csr_matrix:
    """Return ``D_u^-a R D_i^-b`` for a pattern R, where D counts the items of a user and the users of an item."""
    of_user, of_item = np.diff(liked.indptr), np.asarray(liked.sum(axis=0)).ravel()
    left, right = (np.maximum(d, 1.0) ** -e for d, e in ((of_user, user_exponent), (of_item, item_exponent)))
    return (sparse.diags(left) @ liked @ sparse.diags(right)).tocsr().astype(np.float32)
