"""The numba kernels of PageRank; import this module inside functions only, because numba is slow to import."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.walks.panel_sums import weighted_rows, weighted_sum
from graphrec_neo4j.walks.two_sides import Side

Floats = npt.NDArray[np.float64]
Panel = npt.NDArray[np.floating]

TILE = 64


class Sources(NamedTuple):
    """What restarts on a side: (position, column, probability) by rising position."""

    positions: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    values: Floats


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _cross(
    side: Side,
    sources: Sources,
    damping: float,
    omega: float,
    other: Panel,
    own: Panel,
    lanes: tuple[int, ...],
    total: Panel,
    changes: Panel,
) -> None:
    """Move ``own`` (m, b) by ``omega`` of the way to what the equation asks of it, given ``other``.

    ``changes`` (b,) become the L1 norms of the whole way, in units of probability. ``total`` (b,) is room for
    a sum; both have the precision that sums shall have.
    """
    real, source, flat = total.dtype.type, 0, other.reshape(-1)
    following = sources.positions[0] if len(sources.positions) else -1
    part = real(omega)
    changes[:] = 0.0
    for node in range(len(side.degrees)):
        start, stop, degree = side.pointers[node], side.pointers[node + 1], side.degrees[node]
        if len(lanes) == 1:
            total[0] = weighted_sum(side.neighbours, side.weights, start, stop, flat)
        else:
            weighted_rows(side.neighbours, side.weights, start, stop, other, lanes, total)
        while node == following:
            total[sources.columns[source]] += real(sources.values[source] / damping)
            source += 1
            following = sources.positions[source] if source < len(sources.positions) else -1
        rate, scale = real(damping / degree), real(degree)
        for column in range(len(lanes)):
            change = rate * total[column] - own[node, column]
            changes[column] += scale * abs(change)
            own[node, column] += part * change


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _set_out(
    sides: tuple[Side, Side], sources: tuple[Sources, Sources], damping: float, panels: tuple[Panel, Panel]
) -> None:
    """The first crossing, from the few nodes where walks start: left becomes its sources, right solves for it."""
    for to in range(2):
        start = sources[to]
        for source in range(len(start.positions)):
            node, column = start.positions[source], start.columns[source]
            panels[to][node, column] += start.values[source] / sides[to].degrees[node]
    for source in range(len(sources[0].positions)):
        node, column = sources[0].positions[source], sources[0].columns[source]
        share = damping * sources[0].values[source] / sides[0].degrees[node]
        for edge in range(sides[0].pointers[node], sides[0].pointers[node + 1]):
            neighbour = sides[0].neighbours[edge]
            panels[1][neighbour, column] += sides[0].weights[edge] * share / sides[1].degrees[neighbour]


@numba.njit(cache=True, nogil=True)
def _missing(
    sides: tuple[Side, Side],
    sources: tuple[Sources, Sources],
    damping: float,
    panels: tuple[Panel, Panel],
    lanes: tuple[int, ...],
) -> float:
    """The largest L1 norm of what a column fails its equation by, as the panels stand, with 64-bit sums."""
    wide, left, right = np.empty(len(lanes)), np.empty(len(lanes)), np.empty(len(lanes))
    _cross(sides[0], sources[0], damping, 0.0, panels[1], panels[0], lanes, wide, left)
    _cross(sides[1], sources[1], damping, 0.0, panels[0], panels[1], lanes, wide, right)
    return (left + right).max()


@numba.njit(cache=True, nogil=True)
def solve(
    sides: tuple[Side, Side],
    sources: tuple[Sources, Sources],
    restart: float,
    tolerance: float,
    crossings: int,
    panels: tuple[Panel, Panel],
    lanes: tuple[int, ...],
    total: Panel,
) -> bool:
    """Solve p = (1 - restart) P' p + s for b sources s to an L1 error of ``tolerance`` each, over both sides.

    ``panels`` (m, b), one a side, are zeros and become p / degrees. False if the error was not reached within
    ``crossings`` steps, which is only a question of how the panels round.

    In that scale the walk's matrix is the same forwards and backwards, and similar to a symmetric one with
    spectrum in [-1, 1], so that Chebyshev's semi-iteration applies (Golub and Varga, Numerische Mathematik 3,
    1961), one side at a time: some 31 crossings for an error of 1e-6, each of half the edges. The error is
    never more than the residual over ``restart``, whatever the iteration, because the L1 norm of the inverse
    is 1 / restart. A side's residual after its step is |1 - omega| of the way it was asked to go, and the other
    side's grows by no more than (1 - restart) omega of it: that is a bound but for the rounding of 32 bits, which
    is measured.
    """
    damping = 1.0 - restart
    omega = 2.0 / (2.0 - damping**2)
    _set_out(sides, sources, damping, panels)
    precise = total.itemsize == 8 and panels[0].itemsize == 8
    changes, carried = np.zeros_like(total), np.zeros_like(total)
    for crossing in range(1, crossings):
        to = (crossing + 1) % 2
        _cross(sides[to], sources[to], damping, omega, panels[1 - to], panels[to], lanes, total, changes)
        left_over = abs(1.0 - omega)
        if precise:
            done = ((left_over + damping * omega) * changes + carried).max() <= restart * tolerance
        else:
            done = (changes + carried).max() <= restart * tolerance
            done = done and _missing(sides, sources, damping, panels, lanes) <= restart * tolerance
        if done:
            return True
        carried[:] = left_over * changes
        omega = 1.0 / (1.0 - 0.25 * damping**2 * omega)
    return False


@numba.njit(cache=True, nogil=True)
def spread(
    degrees: Floats,
    positions: npt.NDArray[np.int64],
    panels: tuple[Panel, Panel],
    scales: Floats,
    answer: npt.NDArray[np.floating],
) -> None:
    """Write p (b, n) of n nodes into ``answer``: their mean over the sides they stand on, times ``scales`` (b,).

    ``degrees`` (n,) and ``positions`` (2, n), -1 where a node does not stand on a side. Tiles keep the panels' rows
    in the cache while each answer is written in long runs.
    """
    for first in range(0, len(degrees), TILE):
        for column in range(len(scales)):
            for node in range(first, min(first + TILE, len(degrees))):
                left, right = positions[0, node], positions[1, node]
                share = 0.0
                if left >= 0:
                    share += panels[0][left, column]
                if right >= 0:
                    share += panels[1][right, column]
                if left >= 0 and right >= 0:
                    share *= 0.5
                answer[column, node] = share * degrees[node] * scales[column]
