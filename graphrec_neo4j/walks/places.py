"""Where nodes stand while they are walked: near to those that the same walks pass, so that caches are of use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.meta_path import Step
from graphrec_neo4j.walks.transitions import Int64s, Transitions

HEAD = 2**16
TAIL = 2**15


class Order(NamedTuple):
    """The order in which nodes of one type stand in an accumulator: ``item_at`` (n,) each place's row, ``place_of``
    (n,) each row's place.
    """

    item_at: npt.NDArray[np.int32]
    place_of: npt.NDArray[np.int32]


class Head(NamedTuple):
    """The first ``length`` places, which are swept for every user; of the others, the tail, a list is kept.

    The columns of row r of a last step are in the head before position ``splits[r]``. The list has ``room`` for
    so many places; a user who might reach more has the tail swept too.
    """

    length: int
    splits: Int64s
    room: int


def head_of(steps: Transitions, n_items: int) -> Head:
    """Head and tail of ``steps``, whose columns are sorted; half a megabyte of totals stays in the cache."""
    if n_items <= HEAD:
        return Head(n_items, steps.pointers[1:], 0)
    from graphrec_neo4j.walks.kernels import split_rows

    splits = np.empty(len(steps.pointers) - 1, dtype=np.int64)
    split_rows(steps.pointers, steps.columns, HEAD, splits)
    return Head(HEAD, splits, TAIL)


def _order(item_at: npt.NDArray[np.integer]) -> Order:
    place_of = np.empty(len(item_at), dtype=np.int32)
    place_of[item_at] = np.arange(len(item_at), dtype=np.int32)
    return Order(item_at.astype(np.int32), place_of)


def as_given(n: int) -> Order:
    """The n nodes of a type in the order of their rows."""
    return _order(np.arange(n))


def by_neighbours(step: sparse.csr_matrix) -> Order:
    """Sources of ``step`` in the order of their first target, then of their second, those without any last.

    Where targets stand by degree, sources with the same popular target come together: about as good a locality
    as that of reverse Cuthill-McKee, for one sort.
    """
    first = np.full((2, step.shape[0]), step.shape[1])
    for rank in range(2):
        rows = np.flatnonzero(np.diff(step.indptr) > rank)
        first[rank, rows] = step.indices[step.indptr[rows] + rank]
    return _order(np.lexsort((first[1], first[0])))


def with_tail_by_source(order: Order, last_step: sparse.csr_matrix) -> Order:
    """The same head, and in the tail items by the first row of ``last_step`` that leads to them.

    Where neighbouring rows are alike, a walk then reaches places of the tail that share cache lines.
    """
    if len(order.item_at) <= HEAD:
        return order
    columns = last_step.tocsc().sorted_indices()
    first = np.full(len(order.item_at), last_step.shape[0])
    reached = np.flatnonzero(np.diff(columns.indptr))
    first[reached] = columns.indices[columns.indptr[reached]]
    tail = order.item_at[HEAD:]
    return _order(np.concatenate((order.item_at[:HEAD], tail[np.argsort(first[tail], kind="stable")])))


def places(last: Sequence[Step], matrices: Sequence[sparse.csr_matrix], user: str) -> tuple[Order, Order]:
    """The orders of items and of nodes of type ``user``, given the last steps and their matrices.

    Users who like the same popular items stand side by side, if a last step starts from users; else they stay.
    """
    order = by_degree(matrices)
    for step, matrix in zip(last, matrices, strict=True):
        if step.source == user:
            users = by_neighbours(renumbered(matrix, None, order))
            return with_tail_by_source(order, renumbered(matrix, users, None)), users
    return order, as_given(0)


def settled(
    taken: Sequence[Step],
    matrices: Sequence[sparse.csr_matrix],
    begin: int,
    end: int,
    orders: tuple[str, Order, Order],
) -> list[sparse.csr_matrix]:
    """The matrices of the steps ``taken`` in the orders of ``(type of users, items, users)``.

    Rows of the steps before ``begin``, which are first, stay; columns of those from ``end``, which are last, are items.
    """
    user, items, placed = orders
    users = placed if len(placed.item_at) else None
    made = []
    for at, (step, matrix) in enumerate(zip(taken, matrices, strict=True)):
        rows = users if at >= begin and step.source == user else None
        made.append(renumbered(matrix, rows, items if at >= end else users if step.target == user else None))
    return made


def renumbered(matrix: sparse.csr_matrix, rows: Order | None, columns: Order | None) -> sparse.csr_matrix:
    """The matrix with its rows and columns in these orders, None leaving them; columns are sorted."""
    moved = matrix if rows is None else matrix[rows.item_at]
    return (moved if columns is None else moved[:, columns.item_at]).sorted_indices()


def by_degree(last_steps: Sequence[sparse.csr_matrix]) -> Order:
    """Items in the order of how many edges of ``last_steps`` lead to them, most first, ties by row."""
    degrees = sum(np.bincount(matrix.indices, minlength=matrix.shape[1]) for matrix in last_steps)
    return _order(np.argsort(-np.asarray(degrees), kind="stable"))
