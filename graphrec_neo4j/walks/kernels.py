"""The numba kernels of meta-path walks; import this module inside functions only, because numba is slow to import.

Gustavson's row product (ACM TOMS 4(3), 1978) with a dense accumulator for each end of a step: a user's
probability mass is carried on step by step, so that nothing larger than one row is ever held. Sums are
64-bit; ranking is by the 32-bit score that is given out, so that mathematically equal scores tie.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.walks.transitions import Chains, Floats, Int64s, Transitions

Bools = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]
Float32s = npt.NDArray[np.float32]


@numba.njit(cache=True, nogil=True)
def reach(
    steps: Transitions, matrix: int, node: int, mass: float, masses: Floats, held: Bools, nodes: Int64s, count: int
) -> int:
    """Carry ``mass`` on from ``node``; append newly reached nodes to ``nodes[:count]`` and return their new count."""
    row, shift = steps.first_row[matrix] + node, steps.shift[matrix]
    for edge in range(steps.pointers[row], steps.pointers[row + 1]):
        there = steps.columns[edge]
        if not held[there]:
            held[there] = True
            nodes[count] = there
            count += 1
        masses[there] += mass * (steps.of_row[row] if shift < 0 else steps.of_edge[edge - shift])
    return count


@numba.njit(cache=True, nogil=True)
def _pour(steps: Transitions, matrix: int, node: int, mass: float, scores: Floats) -> None:
    """Carry ``mass`` from ``node`` along a last step into ``scores``: the loop that costs nearly all the time."""
    row, shift = steps.first_row[matrix] + node, steps.shift[matrix]
    first, last = steps.pointers[row], steps.pointers[row + 1]
    if shift < 0:
        mass *= steps.of_row[row]
        for edge in range(first, last):
            scores[steps.columns[edge]] += mass
    else:
        for edge in range(first, last):
            scores[steps.columns[edge]] += mass * steps.of_edge[edge - shift]


@numba.njit(cache=True, nogil=True)
def _walk(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    user: int,
    scores: Floats,
    masses: Floats,
    held: Bools,
    nodes: Int64s,
) -> None:
    """Add one user's scores along all chains to ``scores`` (n_items,).

    ``masses``, ``held``, ``nodes`` are two rows of scratch each, one for either end of a step, as long as the
    largest node type between the ends; they are all zeros before and after.
    """
    for chain in range(len(chains.start)):
        here, there = 0, 1
        count = reach(starts, chains.start[chain], user, chains.weight[chain], masses[0], held[0], nodes[0], 0)
        last = chains.first[chain + 1] - 1
        for position in range(chains.first[chain], last + 1):
            matrix, reached = chains.step[position], 0
            for at in range(count):
                node = nodes[here, at]
                mass = masses[here, node]
                masses[here, node], held[here, node] = 0.0, False
                if position == last:
                    _pour(steps, matrix, node, mass, scores)
                else:
                    reached = reach(steps, matrix, node, mass, masses[there], held[there], nodes[there], reached)
            here, there, count = there, here, reached


@numba.njit(cache=True, nogil=True)
def _sink(items: Int32s, scores: Float32s, place: int, size: int, item: int, score: np.float32) -> None:
    """Put an item at ``place`` of a heap whose root is the worst: lowest score, among equals the highest row."""
    child = 2 * place + 1
    while child < size:
        beside = child + 1
        if beside < size and (
            scores[beside] < scores[child] or (scores[beside] == scores[child] and items[beside] > items[child])
        ):
            child = beside
        if scores[child] > score or (scores[child] == score and items[child] < item):
            break
        items[place], scores[place] = items[child], scores[child]
        place, child = child, 2 * child + 1
    items[place], scores[place] = item, score


@numba.njit(cache=True, nogil=True)
def _select(totals: Floats, discount: Floats, items: Int32s, scores: Float32s) -> None:
    """Move the best positive totals into one list (k,), best first and ties by row; leave ``totals`` all zeros."""
    k, discounted = len(items), len(discount) > 0
    for place in range(k):
        items[place], scores[place] = NO_ITEM, 0.0
    for item in range(len(totals)):
        score = np.float32(totals[item] * discount[item] if discounted else totals[item])
        totals[item] = 0.0
        if score > scores[0]:
            _sink(items, scores, 0, k, item, score)
    for size in range(k - 1, 0, -1):
        last, its_score = items[size], scores[size]
        items[size], scores[size] = items[0], scores[0]
        _sink(items, scores, 0, size, last, its_score)
    for place in range(k):
        if items[place] == NO_ITEM:
            scores[place] = -np.inf


@numba.njit(cache=True, nogil=True)
def top_k(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    discount: Floats,
    users: Int64s,
    seen_pointers: Int32s,
    seen_items: Int32s,
    n_items: int,
    items: Int32s,
    scores: Float32s,
) -> None:
    """Fill the lists ``items``, ``scores`` (m, k) of ``users`` (m,), without what each of them has seen.

    ``seen_pointers`` and ``seen_items`` are the CSR parts of a matrix of all users; ``discount`` (n_items,)
    multiplies the scores, unless it is empty. Only items that a walk reaches are listed.
    """
    masses, held = np.zeros((2, width)), np.zeros((2, width), dtype=np.bool_)
    nodes, totals = np.zeros((2, width), dtype=np.int64), np.zeros(n_items)
    for at in range(len(users)):
        user = users[at]
        _walk(starts, steps, chains, user, totals, masses, held, nodes)
        for position in range(seen_pointers[user], seen_pointers[user + 1]):
            totals[seen_items[position]] = 0.0
        _select(totals, discount, items[at], scores[at])


@numba.njit(cache=True, nogil=True)
def score_rows(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    discount: Floats,
    users: Int64s,
    scores: Float32s,
) -> None:
    """Write the score of every item for each of ``users`` (m,) into ``scores`` (m, n_items)."""
    masses, held = np.zeros((2, width)), np.zeros((2, width), dtype=np.bool_)
    nodes, totals = np.zeros((2, width), dtype=np.int64), np.zeros(scores.shape[1])
    for at in range(len(users)):
        _walk(starts, steps, chains, users[at], totals, masses, held, nodes)
        for item in range(len(totals)):
            scores[at, item] = totals[item] * discount[item] if len(discount) else totals[item]
        totals[:] = 0.0
