"""The numba kernels of meta-path walks; import this module inside functions only, because numba is slow to import.

Gustavson's row product (ACM TOMS 4(3), 1978) with a dense accumulator for each end of a step: a user's
probability mass is carried on step by step, so that nothing larger than one row is ever held. Sums are
64-bit; ranking is by the 32-bit score that is given out, so that mathematically equal scores tie. Totals
stand with the items that most walks end at first: those share cache lines, and early good scores make for a
quiet heap.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.walks.transitions import Chains, Floats, Int64s, Order, Transitions

Bools = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]
UInt32s = npt.NDArray[np.uint32]
Float32s = npt.NDArray[np.float32]

BLOCK = 64


@numba.njit(cache=True, nogil=True)
def reach(
    steps: Transitions, matrix: int, node: int, mass: float, masses: Floats, held: Bools, nodes: Int64s, count: int
) -> int:
    """Carry ``mass`` on from ``node``; append newly reached nodes to ``nodes[:count]`` and return their new count."""
    row, shift = steps.first_row[matrix] + node, steps.shift[matrix]
    alike = mass * steps.of_row[row]
    for edge in range(steps.pointers[row], steps.pointers[row + 1]):
        there = steps.columns[edge]
        if not held[there]:
            held[there] = True
            nodes[count] = there
            count += 1
        masses[there] += alike if shift < 0 else mass * steps.of_edge[edge - shift]
    return count


@numba.njit(cache=True, nogil=True)
def _pour(steps: Transitions, matrix: int, nodes: Int64s, masses: Floats, held: Bools, scores: Floats) -> None:
    """Carry the mass of all ``nodes`` along a last step into ``scores``, the loop that costs nearly all the time."""
    first_row, shift = steps.first_row[matrix], steps.shift[matrix]
    for node in nodes:
        row, mass = first_row + node, masses[node]
        masses[node], held[node] = 0.0, False
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
    """Add one user's scores along all chains to ``scores`` (n_items,), in the order of places.

    ``masses``, ``held``, ``nodes`` are two rows of scratch each, one for either end of a step, as long as the
    largest node type between the ends; they are all zeros before and after.
    """
    for chain in range(len(chains.start)):
        here, there = 0, 1
        count = reach(starts, chains.start[chain], user, chains.weight[chain], masses[0], held[0], nodes[0], 0)
        last = chains.first[chain + 1] - 1
        for position in range(chains.first[chain], last):
            reached = 0
            for node in nodes[here, :count]:
                mass = masses[here, node]
                masses[here, node], held[here, node] = 0.0, False
                reached = reach(
                    steps, chains.step[position], node, mass, masses[there], held[there], nodes[there], reached
                )
            here, there, count = there, here, reached
        _pour(steps, chains.step[last], nodes[here, :count], masses[here], held[here], scores)


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
def _round_off(totals: Floats, discount: Floats, rounded: Float32s) -> None:
    """Move ``totals`` into ``rounded``, discounted; plain loops, one thing each, which processors do by the dozen."""
    if len(discount):
        for place in range(len(totals)):
            rounded[place] = totals[place] * discount[place]
    else:
        for place in range(len(totals)):
            rounded[place] = totals[place]
    totals[:] = 0.0


@numba.njit(cache=True, nogil=True)
def _select(rounded: Float32s, item_at: Int32s, items: Int32s, scores: Float32s) -> None:
    """Write the best positive scores into one list (k,), best first and ties by row.

    A block without a score that reaches the list's worst is passed over by its peak; peaks are taken of the
    bits, by which floats that are not negative are ordered too, because whole numbers have quick maxima.
    """
    k, bits, worst = len(items), rounded.view(np.int32), scores.view(np.int32)
    for place in range(k):
        items[place], scores[place] = NO_ITEM, 0.0
    for first in range(0, len(rounded), BLOCK):
        last, peak = min(len(rounded), first + BLOCK), np.int32(0)
        for place in range(first, last):
            peak = max(peak, bits[place])
        if peak >= max(worst[0], 1):
            for place in range(first, last):
                if bits[place] > worst[0] or (bits[place] == worst[0] and item_at[place] < items[0]):
                    _sink(items, scores, 0, k, item_at[place], rounded[place])
    for size in range(k - 1, 0, -1):
        item, score = items[size], scores[size]
        items[size], scores[size] = items[0], scores[0]
        _sink(items, scores, 0, size, item, score)
    for place in range(k):
        if items[place] == NO_ITEM:
            scores[place] = -np.inf


@numba.njit(cache=True, nogil=True)
def top_k(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    order: Order,
    discount: Floats,
    users: Int64s,
    seen_pointers: Int64s,
    seen_items: UInt32s,
    items: Int32s,
    scores: Float32s,
) -> None:
    """Fill the lists ``items``, ``scores`` (m, k) of ``users`` (m,), without what each of them has seen.

    ``seen_pointers`` and ``seen_items`` are the CSR parts of a matrix of all users; ``discount`` (n_items,)
    multiplies the totals, unless it is empty. Only items that a walk reaches are listed.
    """
    masses, held = np.zeros((2, width)), np.zeros((2, width), dtype=np.bool_)
    nodes, totals = np.zeros((2, width), dtype=np.int64), np.zeros(len(order.item_at))
    rounded = np.zeros(len(totals), dtype=np.float32)
    for at in range(len(users)):
        user = users[at]
        _walk(starts, steps, chains, user, totals, masses, held, nodes)
        for position in range(seen_pointers[user], seen_pointers[user + 1]):
            totals[order.place_of[seen_items[position]]] = 0.0
        _round_off(totals, discount, rounded)
        _select(rounded, order.item_at, items[at], scores[at])


@numba.njit(cache=True, nogil=True)
def score_rows(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    order: Order,
    discount: Floats,
    users: Int64s,
    scores: Float32s,
) -> None:
    """Write the score of every item for each of ``users`` (m,) into ``scores`` (m, n_items)."""
    masses, held = np.zeros((2, width)), np.zeros((2, width), dtype=np.bool_)
    nodes, totals = np.zeros((2, width), dtype=np.int64), np.zeros(len(order.item_at))
    rounded = np.zeros(len(totals), dtype=np.float32)
    for at in range(len(users)):
        _walk(starts, steps, chains, users[at], totals, masses, held, nodes)
        _round_off(totals, discount, rounded)
        for place in range(len(rounded)):
            scores[at, order.item_at[place]] = rounded[place]
