"""The numba kernels of meta-path walks; import this module inside functions only, because numba is slow to import.

Gustavson's row product (ACM TOMS 4(3), 1978) with a dense accumulator for each end of a step: a user's
probability mass is carried on step by step, so that nothing larger than one row is ever held. Sums are
64-bit. Totals stand with the items that most walks end at first: those share cache lines. Of the others, the
tail, only what a user reaches is looked at, so that a list costs what its walk does, however many items there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.walks.places import Head, Order
from graphrec_neo4j.walks.selection_kernel import Float32s, Int32s, UInt32s, best, round_off
from graphrec_neo4j.walks.transitions import Chains, Columns, Counting, Floats, Int64s, Transitions

Bools = npt.NDArray[np.bool_]


class Scratch(NamedTuple):
    """Two rows each, for either end of a step: mass, whether there is any, and which nodes; zeros between users.

    ``masses`` and ``held`` (2, width) are as long as the largest node type between the ends, ``nodes`` one longer.
    """

    masses: Floats
    held: Bools
    nodes: Int64s


class Totals(NamedTuple):
    """Scores in the order of places, all zeros between users, and ``tail``, which lists the tail places reached.

    ``splits`` are those of :class:`Head`. Once a row might not fit into ``tail``, nothing more is listed.
    """

    scores: Floats
    splits: Int64s
    tail: UInt32s


@numba.njit(cache=True, nogil=True)
def reach(
    steps: Transitions, matrix: int, node: int, mass: float, masses: Floats, held: Bools, nodes: Int64s, count: int
) -> int:
    """Carry ``mass`` on from ``node``; append newly reached nodes to ``nodes[:count]`` and return their new count.

    ``nodes`` is one longer than ``masses``: every node is written and only a new one counted, without a branch.
    """
    row, shift = steps.first_row[matrix] + node, steps.shift[matrix]
    alike = mass * steps.of_row[row]
    for edge in range(steps.pointers[row], steps.pointers[row + 1]):
        there = steps.columns[edge]
        nodes[count] = there
        count += not held[there]
        held[there] = True
        masses[there] += alike if shift < 0 else mass * steps.of_edge[edge - shift]
    return count


@numba.njit(cache=True, nogil=True)
def _pour_tail(steps: Transitions, first: int, last: int, shift: int, mass: float, totals: Totals, listed: int) -> int:
    """Add edges of one row to the totals, and list the places where there was nothing."""
    for edge in range(first, last):
        there = steps.columns[edge]
        before = totals.scores[there]
        totals.tail[listed] = there
        listed += before == 0.0
        totals.scores[there] = before + (mass if shift < 0 else mass * steps.of_edge[edge - shift])
    return listed


@numba.njit(cache=True, nogil=True)
def _pour(
    steps: Transitions, matrix: int, nodes: Int64s, masses: Floats, held: Bools, totals: Totals, listed: int
) -> int:
    """Carry the mass of all ``nodes`` along a last step into ``totals``, the loop that costs nearly all the time.

    Returns how many tail places are listed; more than there is room for means that they are not known.
    """
    first_row, shift, scores = steps.first_row[matrix], steps.shift[matrix], totals.scores
    for node in nodes:
        row, mass = first_row + node, masses[node]
        masses[node], held[node] = 0.0, False
        first, split, last = steps.pointers[row], totals.splits[row], steps.pointers[row + 1]
        if listed + last - split > len(totals.tail):
            listed, split = len(totals.tail) + 1, last
        if shift < 0:
            mass *= steps.of_row[row]
            for edge in range(first, split):
                scores[steps.columns[edge]] += mass
        else:
            for edge in range(first, split):
                scores[steps.columns[edge]] += mass * steps.of_edge[edge - shift]
        if split < last:
            listed = _pour_tail(steps, split, last, shift, mass, totals, listed)
    return listed


@numba.njit(cache=True, nogil=True)
def advance(steps: Transitions, matrix: int, here: int, count: int, scratch: Scratch) -> int:
    """Carry the mass of the ``count`` nodes of row ``here`` of the scratch to the other row; return their new count."""
    masses, held, nodes, there, reached = scratch.masses, scratch.held, scratch.nodes, 1 - here, 0
    for node in nodes[here, :count]:
        mass = masses[here, node]
        masses[here, node], held[here, node] = 0.0, False
        reached = reach(steps, matrix, node, mass, masses[there], held[there], nodes[there], reached)
    return reached


@numba.njit(cache=True, nogil=True)
def carry(
    starts: Transitions, steps: Transitions, chains: Chains, chain: int, last: int, user: int, scratch: Scratch
) -> tuple[int, int]:
    """Carry one user's mass to where the step at position ``last`` of a chain begins.

    Returns the row of the scratch that holds it, and of how many nodes.
    """
    here, masses, held, nodes = 0, scratch.masses, scratch.held, scratch.nodes
    count = reach(starts, chains.start[chain], user, chains.weight[chain], masses[0], held[0], nodes[0], 0)
    for position in range(chains.first[chain], last):
        count = advance(steps, chains.step[position], here, count, scratch)
        here = 1 - here
    return here, count


@numba.njit(cache=True, nogil=True)
def walk(starts: Transitions, steps: Transitions, chains: Chains, user: int, totals: Totals, scratch: Scratch) -> int:
    """Add one user's scores along all chains to ``totals``; return how many tail places are listed."""
    masses, held, nodes, listed = scratch.masses, scratch.held, scratch.nodes, 0
    for chain in range(len(chains.start)):
        last = chains.first[chain + 1] - 1
        here, count = carry(starts, steps, chains, chain, last, user, scratch)
        listed = _pour(steps, chains.step[last], nodes[here, :count], masses[here], held[here], totals, listed)
    return listed


@numba.njit(cache=True, nogil=True)
def split_rows(pointers: Int64s, columns: Columns, length: int, splits: Int64s) -> None:
    """Write where the columns of each row reach ``length`` into ``splits`` (rows,)."""
    for row in range(len(splits)):
        splits[row] = pointers[row]
        while splits[row] < pointers[row + 1] and columns[splits[row]] < length:
            splits[row] += 1


@numba.njit(cache=True, nogil=True)
def scratch_of(width: int) -> Scratch:
    """Scratch for node types of at most ``width`` nodes between the ends."""
    return Scratch(np.zeros((2, width)), np.zeros((2, width), dtype=np.bool_), np.zeros((2, width + 1), dtype=np.int64))


@numba.njit(cache=True, nogil=True)
def counts_of(counting: Counting, n_items: int) -> Totals:
    """An accumulator of path counts, empty where one path is enough, because then nobody counts."""
    size = n_items if counting.least > 1 else 0
    return Totals(np.zeros(size), counting.steps.pointers[1:], np.empty(0, dtype=np.uint32))


@numba.njit(cache=True, nogil=True)
def _drop_few(counting: Counting, user: int, counts: Totals, scratch: Scratch, scores: Floats) -> None:
    """Clear the ``scores`` of places to which too few walks lead."""
    if counting.least > 1:
        walk(counting.starts, counting.steps, counting.chains, user, counts, scratch)
        for place in range(len(scores)):
            if counts.scores[place] < counting.least:
                scores[place] = 0.0
        counts.scores[:] = 0.0


@numba.njit(cache=True, nogil=True)
def top_k(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    order: Order,
    discount: Floats,
    counting: Counting,
    head: Head,
    users: Int64s,
    asked: Int64s,
    seen_pointers: Int64s,
    seen_items: UInt32s,
    items: Int32s,
    scores: Float32s,
) -> None:
    """Fill the lists ``items``, ``scores`` (m, k) of ``users`` (m,) at the places ``asked``, without what they saw.

    ``seen_pointers`` and ``seen_items`` are the CSR parts of a matrix of all users; ``discount`` (n_items,)
    multiplies the totals, unless it is empty. Only items that a walk reaches are listed.
    """
    scratch, n_items = scratch_of(width), len(order.item_at)
    totals = Totals(np.zeros(n_items), head.splits, np.empty(head.room, dtype=np.uint32))
    rounded, counts = np.zeros(n_items, dtype=np.float32), counts_of(counting, n_items)
    for at in asked:
        user = users[at]
        listed = walk(starts, steps, chains, user, totals, scratch)
        _drop_few(counting, user, counts, scratch, totals.scores)
        for position in range(seen_pointers[user], seen_pointers[user + 1]):
            totals.scores[order.place_of[seen_items[position]]] = 0.0
        known = listed <= head.room
        swept, tail = head.length if known else n_items, totals.tail[: listed if known else 0]
        best(totals.scores, swept, tail, discount, rounded, order.item_at, items[at], scores[at])


@numba.njit(cache=True, nogil=True)
def score_rows(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    order: Order,
    discount: Floats,
    counting: Counting,
    users: Int64s,
    scores: Float32s,
) -> None:
    """Write the score of every item for each of ``users`` (m,) into ``scores`` (m, n_items)."""
    scratch = scratch_of(width)
    totals = Totals(np.zeros(len(order.item_at)), steps.pointers[1:], np.empty(0, dtype=np.uint32))
    rounded, counts = np.zeros(len(totals.scores), dtype=np.float32), counts_of(counting, len(totals.scores))
    for at in range(len(users)):
        walk(starts, steps, chains, users[at], totals, scratch)
        _drop_few(counting, users[at], counts, scratch, totals.scores)
        round_off(totals.scores, discount, rounded)
        for place in range(len(rounded)):
            scores[at, order.item_at[place]] = rounded[place]
