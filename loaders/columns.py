"""Columns of text as numbers and times: all at once where they are clean, one by one where not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.schema import TimeUnit
from graphrec_neo4j.snapshot import MISSING_TIME, FloatArray, IntArray
from loaders.times import BadTimeError, parse_time

Problems = dict[int, str]
"""What is wrong with a row, by its number in the column."""


def numbers(column: Sequence[str], name: str) -> tuple[FloatArray, Problems]:
    """Return the numbers (n,) of a column, NaN where a field is empty, and what is no finite number."""
    values = _all_at_once(column, float, np.float64)
    if values is not None and np.isfinite(values).all():
        return values, {}
    values, problems = np.full(len(column), np.nan), {}
    for row, text in enumerate(column):
        if not text.strip():
            continue
        try:
            values[row] = float(text) if "_" not in text else _refuse(text)
        except ValueError:
            problems[row] = f"{name} {text!r} is no number"
            continue
        if not np.isfinite(values[row]):
            problems[row] = f"{name} is {text!r}, which is not finite"
    return values, problems


def times(column: Sequence[str], unit: TimeUnit, name: str) -> tuple[IntArray, Problems, bool]:
    """Return the times (n,) of a column in UTC milliseconds, MISSING_TIME where a field is empty.

    Also what cannot be read, and whether a missing offset was taken as UTC anywhere.
    """
    values = _all_at_once(column, int, np.int64) if unit in ("s", "ms") else None
    factor = 1000 if unit == "s" else 1
    if values is not None and len(values) and max(-int(values.min()), int(values.max())) < 2**62 // factor:
        return values * factor, {}, False
    values, problems, assumed = np.full(len(column), MISSING_TIME, dtype=np.int64), {}, False
    for row, text in enumerate(column):
        if not text.strip():
            continue
        try:
            values[row], naive = parse_time(text, unit)
        except BadTimeError as error:
            problems[row] = f"{name} {error}"
        else:
            assumed |= naive
    return values, problems, assumed


def texts(column: Sequence[str]) -> list[str | None]:
    """Return the fields of a column, None where one is empty."""
    return [text or None for text in column]


def _all_at_once(column: Sequence[str], read: Callable[[str], Any], dtype: type) -> npt.NDArray | None:
    """Return the column as an array, or None where a field needs a closer look."""
    # Python reads 1_000 as a number; a file that says so means something else.
    if "_" in "".join(column):
        return None
    try:
        return np.fromiter(map(read, column), dtype=dtype, count=len(column))
    except (ValueError, OverflowError):
        return None


def _refuse(text: str) -> float:
    raise ValueError(text)
