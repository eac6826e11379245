"""The numba kernels of random walks; import this module inside functions only, because numba is slow to import."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

NOWHERE = -1

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


class Streets(NamedTuple):
    """A weighted graph as walks go through it: node n has ``neighbours[pointers[n]:pointers[n + 1]]``, rising.

    ``sums`` are the edges' running weights, one more than there are edges, or nothing where all weigh the same.
    """

    pointers: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int32]
    sums: npt.NDArray[np.float64]


class Bias(NamedTuple):
    """node2vec's weights of going back (1 / p), staying near the node before (1) and going outward (1 / q)."""

    back: float
    outward: float


@numba.njit(cache=True, nogil=True, inline="always")
def _mixed(state: np.uint64) -> np.uint64:
    """The output of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) for a state."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@numba.njit(cache=True, nogil=True, inline="always")
def _share(state: np.uint64) -> float:
    """A number from 0 to under 1 with 53 random bits."""
    return (_mixed(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True, nogil=True, inline="always")
def _edge_at(streets: Streets, node: int, share: float) -> int:
    """The edge of ``node`` at a ``share`` of its weight."""
    first, last = streets.pointers[node], streets.pointers[node + 1] - 1
    if not len(streets.sums):
        return min(first + np.int64(share * (last + 1 - first)), last)
    wanted = streets.sums[first] + share * (streets.sums[last + 1] - streets.sums[first])
    while first < last:
        middle = (first + last) >> 1
        if streets.sums[middle + 1] > wanted:
            last = middle
        else:
            first = middle + 1
    return first


@numba.njit(cache=True, nogil=True, inline="always")
def _find(streets: Streets, node: int, neighbour: int) -> int:
    """The edge from ``node`` to ``neighbour``, or NOWHERE."""
    first, last = streets.pointers[node], streets.pointers[node + 1]
    while first < last:
        middle = (first + last) >> 1
        if streets.neighbours[middle] < neighbour:
            first = middle + 1
        else:
            last = middle
    found = first < streets.pointers[node + 1] and streets.neighbours[first] == neighbour
    return first if found else NOWHERE


@numba.njit(cache=True, nogil=True, inline="always")
def _chance(streets: Streets, node: int, edge: int) -> float:
    """The probability of ``edge`` among those of ``node``; 0 for NOWHERE."""
    first, end = streets.pointers[node], streets.pointers[node + 1]
    if edge == NOWHERE:
        return 0.0
    if not len(streets.sums):
        return 1.0 / (end - first)
    return (streets.sums[edge + 1] - streets.sums[edge]) / (streets.sums[end] - streets.sums[first])


@numba.njit(cache=True, nogil=True)
def walk_on(streets: Streets, starts: npt.NDArray, state: np.uint64, first: int, stop: int, walks: npt.NDArray) -> None:
    """Fill rows ``first`` to ``stop`` of ``walks`` (n, length); each row has random numbers of its own."""
    for row in range(first, stop):
        random, node = _mixed(state + np.uint64(row + 1) * _GOLDEN), starts[row]
        walks[row] = NOWHERE
        walks[row, 0] = node
        for step in range(1, walks.shape[1]):
            if streets.pointers[node] == streets.pointers[node + 1]:
                break
            random += _GOLDEN
            node = streets.neighbours[_edge_at(streets, node, _share(random))]
            walks[row, step] = node


@numba.njit(cache=True, nogil=True)
def _biased_step(streets: Streets, bias: Bias, before: int, node: int, random: np.uint64) -> tuple[int, np.uint64]:
    """The node after ``node``, reached from ``before``, and the state of the random numbers.

    A step that the weights propose is taken with a probability of its bias over the largest, ``top``. Going back is one
    edge, so its bias beyond all others is drawn apart, lest it lower that probability for them all; what is drawn under
    the smallest bias needs no look at the graph (Yang et al.: KnightKing, SOSP 2019, section 4).
    """
    top, low = max(1.0, bias.outward), min(1.0, bias.outward, bias.back)
    beyond = 0.0
    if bias.back > top:
        beyond = (bias.back - top) * _chance(streets, node, _find(streets, node, before))
    while True:
        random += _GOLDEN
        place = _share(random) * (top + beyond)
        if place >= top:
            return before, random
        following = streets.neighbours[_edge_at(streets, node, place / top)]
        random += _GOLDEN
        drawn = _share(random) * top
        if drawn < low:
            return following, random
        if following == before:
            weight = bias.back
        else:
            weight = 1.0 if _find(streets, before, following) != NOWHERE else bias.outward
        if drawn < weight:
            return following, random


@numba.njit(cache=True, nogil=True)
def walk_with_bias(
    streets: Streets,
    bias: Bias,
    starts: npt.NDArray,
    state: np.uint64,
    first: int,
    stop: int,
    walks: npt.NDArray,
) -> None:
    """As :func:`walk_on`, each step but the first biased by where it leads, seen from the node before."""
    for row in range(first, stop):
        random, node, before = _mixed(state + np.uint64(row + 1) * _GOLDEN), starts[row], NOWHERE
        walks[row] = NOWHERE
        walks[row, 0] = node
        for step in range(1, walks.shape[1]):
            ways = streets.pointers[node + 1] - streets.pointers[node]
            if ways == 0:
                break
            if before == NOWHERE or ways == 1:
                random += _GOLDEN
                following = streets.neighbours[_edge_at(streets, node, _share(random))]
            else:
                following, random = _biased_step(streets, bias, before, node, random)
            before, node = node, following
            walks[row, step] = node
