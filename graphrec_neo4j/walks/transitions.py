"""Transition probabilities of many steps, packed into flat arrays that a kernel can walk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.meta_path import Step

Int64s = npt.NDArray[np.int64]
Columns = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]
_Power = tuple[Step, float]


class Transitions(NamedTuple):
    """Several row-normalised CSR matrices one after the other.

    Row r of matrix m is row ``first_row[m] + r`` of ``pointers``, which holds positions in ``columns``. Where
    all probabilities of each row are alike, which is the rule for edges without weights, ``shift[m]`` is -1
    and the probability of a row stands in ``of_row``; otherwise that of position p is
    ``of_edge[p - shift[m]]``. Columns are unsigned so that numba need not look for negative indices, and of 16
    bits where that is enough, which makes walks a fifth faster.
    """

    first_row: Int64s
    pointers: Int64s
    columns: Columns
    of_row: Floats
    of_edge: Floats
    shift: Int64s

    def matrix(self, number: int, n_columns: int) -> sparse.csr_matrix:
        """Matrix ``number``, which has ``n_columns`` columns, unpacked."""
        rows = slice(self.first_row[number], self.first_row[number] + self.rows[number])
        pointers = self.pointers[rows.start : rows.stop + 1]
        edges, shift = slice(pointers[0], pointers[-1]), self.shift[number]
        alike = np.repeat(self.of_row[rows], np.diff(pointers))
        values = alike if shift < 0 else self.of_edge[edges.start - shift : edges.stop - shift]
        columns = self.columns[edges].astype(np.int32)
        return sparse.csr_matrix((values, columns, pointers - edges.start), shape=(self.rows[number], n_columns))

    @property
    def rows(self) -> Int64s:
        """How many rows each matrix has."""
        return np.diff(np.append(self.first_row, len(self.pointers))) - 1

    @property
    def edges(self) -> Int64s:
        """How many edges each matrix has."""
        return np.diff(np.append(self.pointers[self.first_row], len(self.columns)))


class Chains(NamedTuple):
    """Meta-paths as numbers: chain c begins with matrix ``start[c]`` of the first steps and goes on with the
    matrices ``step[first[c]:first[c + 1]]`` of the others; its scores count ``weight[c]`` times.
    """

    start: Int64s
    step: Int64s
    first: Int64s
    weight: Floats

    def some(self, chains: Sequence[int] | Int64s) -> Chains:
        """These of the chains, in this order."""
        steps = [self.step[self.first[chain] : self.first[chain + 1]] for chain in chains]
        lengths = np.array([0] + [len(part) for part in steps], dtype=np.int64)
        kept = np.array(chains, dtype=np.int64)
        return Chains(self.start[kept], np.concatenate([self.step[:0], *steps]), lengths.cumsum(), self.weight[kept])

    def targets(self, steps: Transitions, n_items: int) -> Int64s:
        """To how many nodes each matrix of ``steps`` leads, last ones to ``n_items``; 0 where no chain takes it."""
        targets = np.zeros(len(steps.first_row), dtype=np.int64)
        targets[self.step[:-1]] = steps.rows[self.step[1:]]
        targets[self.step[self.first[1:] - 1]] = n_items
        return targets


class Counting(NamedTuple):
    """The same walks, each of which counts one; an item to which fewer than ``least`` lead has no score."""

    starts: Transitions
    steps: Transitions
    chains: Chains
    least: int

    @classmethod
    def of(cls, starts: Transitions, steps: Transitions, chains: Chains, least: int) -> Counting:
        """Count the walks of ``chains``."""
        one = chains._replace(weight=np.ones_like(chains.weight))
        return cls(_of_one(starts), _of_one(steps), one, least)


def _of_one(steps: Transitions) -> Transitions:
    return steps._replace(of_row=np.ones_like(steps.of_row), shift=np.full_like(steps.shift, -1))


def kinds_of(raised: list[list[_Power]]) -> tuple[list[_Power], list[_Power], list[_Power]]:
    """The different first, middle and last steps of all walks."""
    firsts = (steps[0] for steps in raised)
    between = (step for steps in raised for step in steps[1:-1])
    return list(dict.fromkeys(firsts)), list(dict.fromkeys(between)), list(dict.fromkeys(s[-1] for s in raised))


def chains_of(raised: list[list[_Power]], kinds: tuple[list[_Power], ...], weights: Sequence[float]) -> Chains:
    """The walks ``raised`` in numbers of their first, middle and last ``kinds`` of steps."""
    starts, middle, last = kinds
    return Chains(
        np.array([starts.index(steps[0]) for steps in raised], dtype=np.int64),
        np.array([number for steps in raised for number in _numbers(steps, middle, last)], dtype=np.int64),
        np.cumsum([0] + [len(steps) - 1 for steps in raised], dtype=np.int64),
        np.array(weights, dtype=np.float64),
    )


def _numbers(steps: list[_Power], middle: list[_Power], last: list[_Power]) -> list[int]:
    """The matrices of the steps after the first, last steps being numbered after all middle ones."""
    return [*(middle.index(step) for step in steps[1:-1]), len(middle) + last.index(steps[-1])]


def pack(strengths: Sequence[sparse.csr_matrix], powers: Sequence[float | None]) -> Transitions:
    """Normalise the rows of each of ``strengths`` (non-negative), raise its probabilities to its power, and pack.

    A power other than 1 is P3alpha's (Cooper et al., 2014); its scores are no probabilities any more. None takes
    the values as they are.
    """
    pairs = zip(strengths, powers, strict=True)
    of_row, of_edge = zip(*(_probabilities(matrix, power) for matrix, power in pairs), strict=True)
    edges_before = _starts([matrix.nnz for matrix in strengths])
    weights_before = _starts([len(part) for part in of_edge])
    plain = np.array([len(part) == 0 for part in of_edge])
    narrow = all(matrix.shape[1] <= 2**16 for matrix in strengths)
    return Transitions(
        _starts([matrix.shape[0] + 1 for matrix in strengths]),
        np.concatenate([m.indptr.astype(np.int64) + at for m, at in zip(strengths, edges_before, strict=True)]),
        np.concatenate([matrix.indices.astype(np.uint16 if narrow else np.uint32) for matrix in strengths]),
        np.concatenate([np.append(part, 0.0) for part in of_row]),
        np.concatenate(of_edge),
        np.where(plain, -1, edges_before - weights_before),
    )


def _probabilities(matrix: sparse.csr_matrix, power: float | None) -> tuple[Floats, Floats]:
    """(probability of each row's edges, nothing) if they are alike in every row, else (zeros, each edge's)."""
    degrees = np.diff(matrix.indptr)
    alike = not matrix.nnz or bool((matrix.data == matrix.data[0]).all())
    if power is None:
        first = float(matrix.data[0]) if matrix.nnz else 0.0
        return (np.full(len(degrees), first), np.zeros(0)) if alike else (np.zeros(len(degrees)), matrix.data * 1.0)
    if not alike:
        sums = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
        return np.zeros(len(degrees)), (matrix.data / np.repeat(sums, degrees)) ** power
    with np.errstate(divide="ignore"):
        return np.where(degrees > 0, 1.0 / degrees, 0.0) ** power, np.zeros(0)


def _starts(lengths: list[int]) -> Int64s:
    return np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.int64)
