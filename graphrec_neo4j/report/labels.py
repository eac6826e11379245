"""Where labels go so that they do not lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

CHARACTER = 6.4
"""The mean width of a character at 12 pixels, in pixels; a little too much, so that labels keep apart."""


class Box(NamedTuple):
    """A rectangle by its edges."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Return the common area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)

    def outside(self, frame: Box) -> float:
        """Return the area that lies outside ``frame``."""
        return (self.right - self.left) * (self.bottom - self.top) - self.overlap(frame)


def width_of(text: str) -> float:
    """Return about how many pixels ``text`` is wide at 12 pixels."""
    return CHARACTER * len(text)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places within low..high, at least ``gap`` apart, in the order of ``wanted`` and as near as can be.

    Least squares: what is ``gap`` apart once sorted is, less ``i * gap``, in ascending order, so it is isotonic
    regression (pool adjacent violators). Where there is no room the gap shrinks.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    pools: list[tuple[float, int]] = []
    for rank, i in enumerate(order):
        pools.append((wanted[i] - rank * gap, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, n), (other, m) = pools[-2:]
            pools[-2:] = [((one * n + other * m) / (n + m), n + m)]
    flat = [value for value, count in pools for _ in range(count)]
    room = high - (len(wanted) - 1) * gap
    found = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        found[i] = min(max(flat[rank], low), room) + rank * gap
    return found


def beside_points(points: Sequence[tuple[float, float]], texts: Sequence[str], frame: Box) -> list[Box]:
    """Return a box for the label of each point: of the places around it, the one that covers least.

    Greedy, in the order given, so the first labels have the best places.
    """
    marks = [Box(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    placed: list[Box] = []
    for (x, y), text in zip(points, texts, strict=True):
        candidates = _around(x, y, width_of(text))
        costs = [
            sum(box.overlap(other) for other in (*placed, *marks)) + 4 * box.outside(frame) + rank
            for rank, box in enumerate(candidates)
        ]
        placed.append(candidates[costs.index(min(costs))])
    return placed


def _around(x: float, y: float, width: float) -> list[Box]:
    """Right, left, above and below, then the same ever further away."""
    found = []
    for far in range(0, 64, 8):
        for dx, dy in ((9, 0), (-9 - width, 0), (-width / 2, -15), (-width / 2, 15), (9, -13), (9, 13)):
            away_x = far * (dx > 0) - far * (dx < -width / 2) if dy == 0 else 0
            away_y = far * (dy > 0) - far * (dy < 0)
            left, middle = x + dx + away_x, y + dy + away_y
            found.append(Box(left, middle - 7, left + width, middle + 7))
        for sign_x, sign_y in ((1, -1), (1, 1), (-1, -1), (-1, 1)) if far else ():
            left, middle = x + sign_x * (9 + far / 2) - (width if sign_x < 0 else 0), y + sign_y * (13 + far)
            found.append(Box(left, middle - 7, left + width, middle + 7))
    return found
