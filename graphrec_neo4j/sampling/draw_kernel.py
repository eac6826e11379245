"""The numba kernels that draw the neighbours of a frontier.

Every function works on places: positions in the columns of one :class:`Adjacency`. A place that is left out (a
target edge, which must not leak) is stepped over, never drawn and thrown away, so that probabilities stay exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from graphrec_neo4j.sampling.graph import Adjacency, Floats, Int64s


class Frontier(NamedTuple):
    """The m nodes whose neighbours are drawn: row, which seed's subgraph, and the time that edges must lie before.

    ``node``, ``batch`` and ``before`` (m,); ``before`` is empty where time plays no part.
    """

    node: Int64s
    batch: Int64s
    before: Int64s


class LeftOut(NamedTuple):
    """Places not to be drawn: ``places[pointers[g]:pointers[g + 1]]``, ascending, where g is ``group[batch]``."""

    pointers: Int64s
    places: Int64s
    group: Int64s


class Span(NamedTuple):
    """What may be drawn for one node: places ``start`` to ``stop`` without ``left_out[low:high]``."""

    start: int
    stop: int
    low: int
    high: int


@numba.njit(cache=True, nogil=True)
def _span(adjacency: Adjacency, frontier: Frontier, left_out: LeftOut, row: int) -> Span:
    node = frontier.node[row]
    start, stop = adjacency.pointers[node], adjacency.pointers[node + 1]
    if len(adjacency.time) and len(frontier.before):
        stop = start + np.searchsorted(adjacency.time[start:stop], frontier.before[row])
    if len(left_out.places) == 0:
        return Span(start, stop, 0, 0)
    group = left_out.group[frontier.batch[row]]
    first, last = left_out.pointers[group], left_out.pointers[group + 1]
    places = left_out.places[first:last]
    return Span(start, stop, first + np.searchsorted(places, start), first + np.searchsorted(places, stop))


@numba.njit(cache=True, nogil=True)
def _nth(span: Span, left_out: Int64s, rank: int) -> int:
    """The place of ``rank`` (from 0) among those of the span that are not left out."""
    place = span.start + rank
    for at in range(span.low, span.high):
        if left_out[at] > place:
            break
        place += 1
    return place


@numba.njit(cache=True, nogil=True)
def _distinct(available: int, drawn: Int64s, rng: np.random.Generator) -> None:
    """Fill ``drawn`` (k,) with a uniform subset of ``range(available)``, k <= available.

    Floyd's algorithm (Bentley, CACM 30(9), 1987) where comparing all pairs is cheaper than passing over all that is
    available, else selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S).
    """
    count = len(drawn)
    if count * count < available:
        for filled in range(count):
            last = available - count + filled
            rank = int(rng.random() * (last + 1))
            for other in range(filled):
                if drawn[other] == rank:
                    rank = last
                    break
            drawn[filled] = rank
        return
    filled = 0
    for rank in range(available):
        if rng.random() * (available - rank) < count - filled:
            drawn[filled] = rank
            filled += 1


@numba.njit(cache=True, nogil=True)
def _draw_alike(span: Span, left_out: Int64s, replace: bool, drawn: Int64s, rng: np.random.Generator) -> int:
    available = span.stop - span.start - (span.high - span.low)
    if not replace and len(drawn) < available:
        _distinct(available, drawn, rng)
    else:
        for at in range(len(drawn)):
            drawn[at] = int(rng.random() * available) if replace else at
    for at in range(len(drawn)):
        drawn[at] = _nth(span, left_out, drawn[at])
    return len(drawn)


@numba.njit(cache=True, nogil=True)
def _with_replacement(places: Int64s, sums: Floats, drawn: Int64s, rng: np.random.Generator) -> int:
    for at in range(len(drawn)):
        chosen = np.searchsorted(sums, rng.random() * sums[-1], side="right")
        drawn[at] = places[min(chosen, len(places) - 1)]
    return len(drawn)


@numba.njit(cache=True, nogil=True)
def _without_replacement(places: Int64s, weight: Floats, drawn: Int64s, rng: np.random.Generator) -> int:
    """Keep the k places with the smallest exponential clocks, of rate ``weight``: one after another by weight.

    Efraimidis and Spirakis, Information Processing Letters 97(5), 2006.
    """
    clocks = np.full(len(drawn), np.inf)
    worst = 0
    for place in places:
        clock = -np.log1p(-rng.random()) / weight[place]
        if clock < clocks[worst]:
            clocks[worst], drawn[worst] = clock, place
            worst = int(np.argmax(clocks))
    return len(drawn)


@numba.njit(cache=True, nogil=True)
def _draw_weighted(
    weight: Floats, span: Span, left_out: Int64s, replace: bool, drawn: Int64s, rng: np.random.Generator
) -> int:
    """Draw by weight; what weighs nothing is never drawn, so that fewer than asked for may come back."""
    places, sums = np.empty(span.stop - span.start, np.int64), np.empty(span.stop - span.start)
    count, total, low = 0, 0.0, span.low
    for place in range(span.start, span.stop):
        if low < span.high and left_out[low] == place:
            low += 1
        elif weight[place] > 0:
            total += weight[place]
            places[count], sums[count] = place, total
            count += 1
    places, sums = places[:count], sums[:count]
    if count == 0:
        return 0
    if replace:
        return _with_replacement(places, sums, drawn, rng)
    if count <= len(drawn):
        drawn[:count] = places
        return count
    return _without_replacement(places, weight, drawn, rng)


@numba.njit(cache=True, nogil=True)
def draw(
    adjacency: Adjacency,
    frontier: Frontier,
    left_out: LeftOut,
    count: int,
    replace: bool,
    rng: np.random.Generator,
) -> tuple[Int64s, Int64s]:
    """Draw up to ``count`` edges into each node of the frontier, or all if -1: their places and frontier rows, (k,).

    Without replacement no place comes twice for one node; with it ``count`` come wherever one can be drawn.
    """
    room = np.zeros(len(frontier.node) + 1, np.int64)
    for row in range(len(frontier.node)):
        span = _span(adjacency, frontier, left_out, row)
        available = span.stop - span.start - (span.high - span.low)
        repeated = count if available > 0 else 0
        wanted = available if count < 0 else repeated if replace else min(count, available)
        room[row + 1] = room[row] + wanted
    places, rows = np.empty(room[-1], np.int64), np.empty(room[-1], np.int64)
    filled = 0
    for row in range(len(frontier.node)):
        drawn = places[filled : filled + room[row + 1] - room[row]]
        if len(drawn) == 0:
            continue
        span = _span(adjacency, frontier, left_out, row)
        again = replace and count >= 0
        if len(adjacency.weight):
            got = _draw_weighted(adjacency.weight, span, left_out.places, again, drawn, rng)
        else:
            got = _draw_alike(span, left_out.places, again, drawn, rng)
        rows[filled : filled + got] = row
        filled += got
    return places[:filled], rows[:filled]


@numba.njit(cache=True, nogil=True)
def places_between(adjacency: Adjacency, source: Int64s, target: Int64s) -> tuple[Int64s, Int64s]:
    """All edges that join the pairs ``source[i] -> target[i]``, parallel ones too: (pair number, place), (k,) each."""
    pairs, places = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    for pair in range(len(source)):
        for place in range(adjacency.pointers[target[pair]], adjacency.pointers[target[pair] + 1]):
            if adjacency.source[place] == source[pair]:
                pairs.append(np.int64(pair))
                places.append(np.int64(place))
    return np.array(pairs, dtype=np.int64), np.array(places, dtype=np.int64)
