"""From numbers to places in a drawing: linear and logarithmic scales with round ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Maps ``low``..``high`` onto ``start``..``end``, by logarithms where ``log``."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of ``value``; the middle where all values are the same."""
        low, high, at = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        share = (at - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)


def linear(values: Sequence[float], start: float, end: float, *, wanted: int = 5) -> tuple[Scale, list[float]]:
    """Return a scale that begins and ends on ticks around ``values``, and its ticks."""
    found = ticks(min(values), max(values), wanted)
    return Scale(found[0], found[-1], start, end), found


def logarithmic(values: Sequence[float], start: float, end: float) -> tuple[Scale, list[float]]:
    """Return a scale over the powers of ten around positive ``values``, and these as ticks."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    found = [10.0**power for power in range(low, max(high, low + 1) + 1)]
    return Scale(found[0], found[-1], start, end, log=True), found


def decimals(marks: Sequence[float]) -> int:
    """Return how many decimal places tell evenly spaced ``marks`` apart."""
    return max(0, -math.floor(math.log10(marks[1] - marks[0]) + 1e-9))


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return about ``wanted`` round numbers, 1, 2 or 5 times a power of ten apart, that enclose low..high."""
    span = high - low if high > low else abs(high) or 1.0
    rough = span / max(1, wanted - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]
