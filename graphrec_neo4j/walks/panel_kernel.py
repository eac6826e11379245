"""The numba kernels of walks in blocks of users; import this module inside functions only, numba is slow to import.

A panel (nodes, b) holds the mass of b users, side by side; a step is one pass over its edges, each of which moves all
b masses at once in vector registers. Sums have 64 bits, as those of row products.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from graphrec_neo4j.walks.kernels import Scratch, Totals, advance, carry, reach, scratch_of, walk
from graphrec_neo4j.walks.panel_sums import weighted_rows
from graphrec_neo4j.walks.panel_walk import Backward
from graphrec_neo4j.walks.places import Order
from graphrec_neo4j.walks.selection_kernel import Float32s, Int32s, UInt32s, best, round_off
from graphrec_neo4j.walks.transitions import Chains, Counting, Floats, Int64s, Transitions

TILE = 64


class Panels(NamedTuple):
    """Chains that are walked ``by_rows`` to their ends, and those ``by_panels``, in rows before the steps ``at``."""

    by_rows: Chains
    by_panels: Chains
    at: Int64s
    backward: Backward


class Room(NamedTuple):
    """Two ``panels`` (width, b) for either end of a step, a ``tile`` (TILE, b) of totals, and room for a row."""

    panels: tuple[Floats, Floats]
    tile: Floats
    scratch: Scratch


@numba.njit(cache=True, nogil=True)
def edges_walked(
    starts: Transitions, steps: Transitions, chains: Chains, width: int, users: Int64s, edges: Int64s, nodes: Int64s
) -> None:
    """Count the ``edges`` (m, p) that row products of ``users`` (m,) go through at each position of the chains.

    ``nodes`` (m, p) become the number of nodes where these edges start.
    """
    scratch = scratch_of(width)
    masses, held, reached = scratch.masses, scratch.held, scratch.nodes
    for at in range(len(users)):
        for chain in range(len(chains.start)):
            here, last = 0, chains.first[chain + 1] - 1
            count = reach(starts, chains.start[chain], users[at], 1.0, masses[0], held[0], reached[0], 0)
            for position in range(chains.first[chain], last + 1):
                matrix, nodes[at, position] = chains.step[position], count
                for node in reached[here, :count]:
                    row = steps.first_row[matrix] + node
                    edges[at, position] += steps.pointers[row + 1] - steps.pointers[row]
                if position < last:
                    count = advance(steps, matrix, here, count, scratch)
                    here = 1 - here
            for node in reached[here, :count]:
                masses[here, node], held[here, node] = 0.0, False


@numba.njit(cache=True, nogil=True)
def _fill(
    starts: Transitions, steps: Transitions, panels: Panels, chain: int, users: Int64s, scratch: Scratch, panel: Floats
) -> None:
    """Walk ``users`` by rows to where the panels of a chain begin, each into a column."""
    masses, held = scratch.masses, scratch.held
    panel[: panels.backward.sources[panels.by_panels.step[panels.at[chain]]]] = 0.0
    for column in range(len(users)):
        here, count = carry(starts, steps, panels.by_panels, chain, panels.at[chain], users[column], scratch)
        for node in scratch.nodes[here, :count]:
            panel[node, column] = masses[here, node]
            masses[here, node], held[here, node] = 0.0, False


@numba.njit(cache=True, nogil=True)
def _cross(backward: Backward, matrix: int, other: Floats, own: Floats, lanes: tuple[int, ...]) -> None:
    """Carry a panel across a step: ``own`` (targets, b) becomes its product with ``other`` (sources, b)."""
    first = backward.first_row[matrix]
    pointers = backward.pointers[first : backward.first_row[matrix + 1]]
    for node in range(len(pointers) - 1):
        weighted_rows(
            backward.neighbours, backward.weights, pointers[node], pointers[node + 1], other, lanes, own[node]
        )


@numba.njit(cache=True, nogil=True)
def _arrive(
    backward: Backward, matrix: int, other: Floats, tile: Floats, lanes: tuple[int, ...], totals: Floats
) -> None:
    """Carry a panel across a last step and add it to ``totals`` (b, n_items), which hold a user a row."""
    first, size = backward.first_row[matrix], totals.shape[1]
    for begin in range(0, size, TILE):
        stop = min(begin + TILE, size)
        for place in range(begin, stop):
            start, end = backward.pointers[first + place], backward.pointers[first + place + 1]
            weighted_rows(backward.neighbours, backward.weights, start, end, other, lanes, tile[place - begin])
        for column in range(len(totals)):
            for place in range(begin, stop):
                totals[column, place] += tile[place - begin, column]


@numba.njit(cache=True, nogil=True)
def _room_of(width: int, lanes: tuple[int, ...]) -> Room:
    panels = np.empty((width, len(lanes))), np.empty((width, len(lanes)))
    return Room(panels, np.empty((TILE, len(lanes))), scratch_of(width))


@numba.njit(cache=True, nogil=True)
def _walk_block(
    starts: Transitions,
    steps: Transitions,
    panels: Panels,
    users: Int64s,
    lanes: tuple[int, ...],
    room: Room,
    totals: Floats,
) -> None:
    """Add the scores of at most b ``users`` along all chains to the first rows of ``totals`` (b, n_items)."""
    chains, backward, none = panels.by_panels, panels.backward, np.empty(0, dtype=np.uint32)
    for chain in range(len(chains.start)):
        here, last = 0, chains.first[chain + 1] - 1
        _fill(starts, steps, panels, chain, users, room.scratch, room.panels[0])
        for position in range(panels.at[chain], last):
            _cross(backward, chains.step[position], room.panels[here], room.panels[1 - here], lanes)
            here = 1 - here
        _arrive(backward, chains.step[last], room.panels[here], room.tile, lanes, totals)
    for column in range(len(users)):
        own = Totals(totals[column], steps.pointers[1:], none)
        walk(starts, steps, panels.by_rows, users[column], own, room.scratch)


@numba.njit(cache=True, nogil=True)
def _drop_few(
    counting: Counting,
    panels: Panels,
    users: Int64s,
    lanes: tuple[int, ...],
    room: Room,
    counts: Floats,
    totals: Floats,
) -> None:
    """Clear the ``totals`` of places to which too few walks lead; ``counts`` are all zeros, before and after."""
    if counting.least > 1:
        _walk_block(counting.starts, counting.steps, panels, users, lanes, room, counts)
        for column in range(len(users)):
            for place in range(totals.shape[1]):
                if counts[column, place] < counting.least:
                    totals[column, place] = 0.0
        counts[:] = 0.0


@numba.njit(cache=True, nogil=True)
def _totals_of(counting: Counting, n_items: int, lanes: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Accumulators of scores and of path counts, the latter empty where nobody counts."""
    return np.zeros((len(lanes), n_items)), np.zeros((len(lanes), n_items if counting.least > 1 else 0))


@numba.njit(cache=True, nogil=True)
def top_k_in_panels(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    order: Order,
    discount: Floats,
    counting: Counting,
    panels: tuple[Panels, Panels],
    lanes: tuple[int, ...],
    users: Int64s,
    asked: Int64s,
    seen_pointers: Int64s,
    seen_items: UInt32s,
    items: Int32s,
    scores: Float32s,
) -> None:
    """As :func:`graphrec_neo4j.walks.kernels.top_k`, with ``panels`` of scores and of path counts."""
    n_items, size, room, none = len(order.item_at), len(lanes), _room_of(width, lanes), np.empty(0, dtype=np.uint32)
    (totals, counts), rounded = _totals_of(counting, n_items, lanes), np.zeros(n_items, dtype=np.float32)
    for first in range(0, len(asked), size):
        block = asked[first : first + size]
        _walk_block(starts, steps, panels[0], users[block], lanes, room, totals)
        _drop_few(counting, panels[1], users[block], lanes, room, counts, totals)
        for column in range(len(block)):
            at, own = block[column], totals[column]
            for position in range(seen_pointers[users[at]], seen_pointers[users[at] + 1]):
                own[order.place_of[seen_items[position]]] = 0.0
            best(own, n_items, none, discount, rounded, order.item_at, items[at], scores[at])


@numba.njit(cache=True, nogil=True)
def score_rows_in_panels(
    starts: Transitions,
    steps: Transitions,
    chains: Chains,
    width: int,
    order: Order,
    discount: Floats,
    counting: Counting,
    panels: tuple[Panels, Panels],
    lanes: tuple[int, ...],
    users: Int64s,
    scores: Float32s,
) -> None:
    """As :func:`graphrec_neo4j.walks.kernels.score_rows`, with ``panels`` of scores and of path counts."""
    n_items, size, room = len(order.item_at), len(lanes), _room_of(width, lanes)
    (totals, counts), rounded = _totals_of(counting, n_items, lanes), np.zeros(n_items, dtype=np.float32)
    for first in range(0, len(users), size):
        block = users[first : first + size]
        _walk_block(starts, steps, panels[0], block, lanes, room, totals)
        _drop_few(counting, panels[1], block, lanes, room, counts, totals)
        for column in range(len(block)):
            round_off(totals[column], discount, rounded)
            for place in range(n_items):
                scores[first + column, order.item_at[place]] = rounded[place]
