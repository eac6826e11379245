"""The numba kernel that splits walk scores into contributions; import this module inside functions only.

The score of an item is split by the node that a walk passes at one level: the mass that arrives at the node,
times the probability of getting from there to the item, which is carried back from the items step by step.
Both are exact, so the contributions of all nodes add up to the score.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from graphrec_neo4j.results import NO_ITEM, Shares
from graphrec_neo4j.walks.kernels import Bools, Int32s, Scratch, Totals, counts_of, reach, scratch_of, walk
from graphrec_neo4j.walks.places import Order
from graphrec_neo4j.walks.transitions import Chains, Counting, Floats, Int64s, Transitions


class _Scratch(NamedTuple):
    """Per level between the ends (levels, width): mass, whether there is any, which nodes; all zeros between users.

    ``nodes`` is one wider, as :func:`reach` asks. ``counts`` (levels,) says how many nodes are held, ``place``
    (width,) where a node stands in its level's list, ``slot`` (n_items,) which of a user's items stands at a
    place of the accumulator's order, or -1.
    """

    masses: Floats
    held: Bools
    nodes: Int64s
    counts: Int64s
    place: Int64s
    slot: Int64s


@numba.njit(cache=True, nogil=True)
def _forward(starts: Transitions, steps: Transitions, chains: Chains, chain: int, user: int, scratch: _Scratch) -> None:
    """Carry one user's mass to the nodes of every level; level 0 is where the first step leads."""
    masses, held, nodes, counts = scratch.masses, scratch.held, scratch.nodes, scratch.counts
    first, last = chains.first[chain], chains.first[chain + 1] - 1
    counts[0] = reach(starts, chains.start[chain], user, chains.weight[chain], masses[0], held[0], nodes[0], 0)
    for level in range(last - first):
        reached, matrix, after = 0, chains.step[first + level], level + 1
        for at in range(counts[level]):
            node = nodes[level, at]
            reached = reach(steps, matrix, node, masses[level, node], masses[after], held[after], nodes[after], reached)
        counts[after] = reached


@numba.njit(cache=True, nogil=True)
def _last_step(steps: Transitions, matrix: int, nodes: Int64s, slot: Int64s, k: int) -> Floats:
    """The probability (len(nodes), k) of a step from each of ``nodes`` to each of the user's items."""
    arrivals, shift = np.zeros((len(nodes), k)), steps.shift[matrix]
    for at in range(len(nodes)):
        row = steps.first_row[matrix] + nodes[at]
        for edge in range(steps.pointers[row], steps.pointers[row + 1]):
            item = slot[steps.columns[edge]]
            if item >= 0:
                arrivals[at, item] = steps.of_row[row] if shift < 0 else steps.of_edge[edge - shift]
    return arrivals


@numba.njit(cache=True, nogil=True)
def _step_before(steps: Transitions, matrix: int, nodes: Int64s, place: Int64s, later: Floats, ways: Int32s) -> Floats:
    """The arrivals one level earlier than ``later``; ``ways`` counts the later nodes that each of ``nodes`` uses."""
    arrivals, shift = np.zeros((len(nodes), later.shape[1])), steps.shift[matrix]
    for at in range(len(nodes)):
        row = steps.first_row[matrix] + nodes[at]
        for edge in range(steps.pointers[row], steps.pointers[row + 1]):
            there = place[steps.columns[edge]]
            probability = steps.of_row[row] if shift < 0 else steps.of_edge[edge - shift]
            for item in range(later.shape[1]):
                arrivals[at, item] += probability * later[there, item]
                ways[at, item] += later[there, item] > 0.0
    return arrivals


@numba.njit(cache=True, nogil=True)
def _count_ways_in(steps: Transitions, matrix: int, before: Int64s, place: Int64s, ways: Int32s) -> None:
    """Count into ``ways`` the nodes of the level ``before`` that lead to each node of a level."""
    ways[:] = 0
    for node in before:
        row = steps.first_row[matrix] + node
        for edge in range(steps.pointers[row], steps.pointers[row + 1]):
            ways[place[steps.columns[edge]]] += 1


@numba.njit(cache=True, nogil=True)
def _backward(
    steps: Transitions, chains: Chains, chain: int, group: int, k: int, scratch: _Scratch
) -> tuple[Floats, Int32s]:
    """The probability of getting from each node of level ``group`` to each item, and the ways of each."""
    nodes, counts, place, first = scratch.nodes, scratch.counts, scratch.place, chains.first[chain]
    level = chains.first[chain + 1] - first - 1
    arrivals = _last_step(steps, chains.step[first + level], nodes[level, : counts[level]], scratch.slot, k)
    ways = np.ones((counts[level], k), dtype=np.int32)
    while level > group:
        place[nodes[level, : counts[level]]] = np.arange(counts[level])
        level -= 1
        ways = np.zeros((counts[level], k), dtype=np.int32)
        arrivals = _step_before(steps, chains.step[first + level], nodes[level, : counts[level]], place, arrivals, ways)
    if level > 0:
        place[nodes[level, : counts[level]]] = np.arange(counts[level])
        before = nodes[level - 1, : counts[level - 1]]
        _count_ways_in(steps, chains.step[first + level - 1], before, place, ways)
    return arrivals, ways


@numba.njit(cache=True, nogil=True)
def _keep(shares: Shares, at: int, item: int, part: float, chain: int, node: int, ways: int) -> None:
    """Put a contribution into its descending list, equals by chain, then row; the smallest falls out."""
    parts, chains, nodes = shares.parts[at, item], shares.chains[at, item], shares.nodes[at, item]
    counted, place = shares.ways[at, item], len(parts)
    while place > 0:
        other = place - 1
        if parts[other] > part or (
            parts[other] == part and (chains[other] < chain or (chains[other] == chain and nodes[other] < node))
        ):
            break
        if place < len(parts):
            parts[place], chains[place] = parts[other], chains[other]
            nodes[place], counted[place] = nodes[other], counted[other]
        place = other
    if place < len(parts):
        parts[place], chains[place], nodes[place], counted[place] = part, chain, node, ways


@numba.njit(cache=True, nogil=True)
def _gather(
    chain: int,
    group: int,
    arrivals: Floats,
    ways: Int32s,
    discount: Floats,
    places: Int64s,
    row_at: Int32s,
    scratch: _Scratch,
    shares: Shares,
    at: int,
) -> None:
    """Add the contributions of one user's walks along one chain to her ``shares``.

    ``row_at`` are the rows of the nodes, unless it is empty and they are numbered by row.
    """
    for position in range(len(arrivals)):
        node = scratch.nodes[group, position]
        row = row_at[node] if len(row_at) else node
        for item in range(len(places)):
            part = scratch.masses[group, node] * arrivals[position, item]
            if part > 0.0:
                if len(discount):
                    part *= discount[places[item]]
                shares.totals[at, item] += part
                _keep(shares, at, item, part, chain, row, ways[position, item])


@numba.njit(cache=True, nogil=True)
def _clear(scratch: _Scratch, levels: int) -> None:
    for level in range(levels):
        for node in scratch.nodes[level, : scratch.counts[level]]:
            scratch.masses[level, node], scratch.held[level, node] = 0.0, False


@numba.njit(cache=True, nogil=True)
def _scratch(levels: int, width: int, n_items: int) -> _Scratch:
    return _Scratch(
        np.zeros((levels, width)),
        np.zeros((levels, width), dtype=np.bool_),
        np.zeros((levels, width + 1), dtype=np.int64),
        np.zeros(levels, dtype=np.int64),
        np.zeros(width, dtype=np.int64),
        np.full(n_items, -1, dtype=np.int64),
    )


@numba.njit(cache=True, nogil=True)
def _pass_over_few(counting: Counting, user: int, counts: Totals, scratch: Scratch, places: Int64s) -> None:
    """Make -1 of those ``places`` (k,) to which too few walks lead, since they have no score to split."""
    if counting.least > 1:
        walk(counting.starts, counting.steps, counting.chains, user, counts, scratch)
        for item in range(len(places)):
            if places[item] >= 0 and counts.scores[places[item]] < counting.least:
                places[item] = -1
        counts.scores[:] = 0.0


@numba.njit(cache=True, nogil=True)
def explain_rows(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    order: Order,
    discount: Floats,
    counting: Counting,
    numbering: Order,
    from_users: Bools,
    groups: Int64s,
    users: Int64s,
    items: Int32s,
    shares: Shares,
) -> None:
    """Split the scores of ``items`` (m, k; distinct, or NO_ITEM) for ``users`` (m,) into ``shares``.

    Walks of a chain are grouped by their node at level ``groups[chain]``; ``width`` is the size of the largest
    node type between the ends; ``numbering`` is that of users there, for the ``steps`` that start ``from_users``.
    ``shares`` come empty; their ways are how many nodes lead from a node of the first level to the item, or to a node
    of a later level.
    """
    k = items.shape[1]
    scratch = _scratch(int(np.diff(chains.first).max()), width, len(order.item_at))
    places, counts, spare = np.empty(k, dtype=np.int64), counts_of(counting, len(order.item_at)), scratch_of(width)
    for at in range(len(users)):
        for item, asked in enumerate(items[at]):
            places[item] = order.place_of[asked] if asked != NO_ITEM else -1
        _pass_over_few(counting, users[at], counts, spare, places)
        there = np.flatnonzero(places >= 0)
        scratch.slot[places[there]] = there
        for chain in range(len(chains.start)):
            _forward(starts, steps, chains, chain, users[at], scratch)
            group = groups[chain]
            arrivals, ways = _backward(steps, chains, chain, group, k, scratch)
            row_at = (
                numbering.item_at if from_users[chains.step[chains.first[chain] + group]] else numbering.item_at[:0]
            )
            _gather(chain, group, arrivals, ways, discount, places, row_at, scratch, shares, at)
            _clear(scratch, chains.first[chain + 1] - chains.first[chain])
        scratch.slot[places[there]] = -1
