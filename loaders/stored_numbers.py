"""Numbers as a graph stores them, some of them as text, to float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import NoneType
from typing import Any

import numpy as np

from graphrec_neo4j.snapshot import FloatArray


def from_stored(values: Sequence[Any]) -> tuple[FloatArray, dict[int, str], int]:
    """Return stored numbers (n,), NaN where a value is None; true and false are 1 and 0.

    Also returns why those that are no numbers are none, by position (they are NaN), and how many were text.
    """
    if set(map(type, values)) <= {float, int, bool, NoneType}:
        return np.array(values, dtype=np.float64), {}, 0
    made = np.full(len(values), np.nan)
    bad: dict[int, str] = {}
    from_text = 0
    for position, value in enumerate(values):
        if value is None:
            continue
        try:
            made[position] = _number(value)
            from_text += isinstance(value, str)
        except ValueError:
            bad[position] = f"{value!r} is no number"
    return made, bad, from_text


def _number(value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    # Python reads 1_000, nan and infinity as numbers; a graph that says so in a text means something else.
    if not isinstance(value, str) or "_" in value or not math.isfinite(float(value)):
        raise ValueError(value)
    return float(value)
