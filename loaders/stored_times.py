"""Times as a graph stores them, to and from int64 UTC milliseconds.

The stored forms (``time_unit`` of an edge type) are ``s`` and ``ms`` (numbers since 1970, also as text), ``date``,
``datetime`` (temporal values; one without a zone is UTC) and ``text`` (ISO 8601 and its common variants).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from types import NoneType
from typing import Any

import numpy as np

from graphrec_neo4j.errors import SnapshotError
from graphrec_neo4j.schema import TimeUnit
from graphrec_neo4j.snapshot import MISSING_TIME, IntArray
from loaders.times import parse_time

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)
_DAY = 86_400_000
_FACTORS: dict[TimeUnit, int] = {"s": 1000, "ms": 1}
_STEPS: dict[TimeUnit, int] = {"s": 1000, "date": _DAY}
_LARGEST = int(np.iinfo(np.int64).max)
_FIRST_YEAR = (datetime.datetime(1, 1, 1, tzinfo=datetime.UTC) - _EPOCH) // _MILLISECOND
_LAST_YEAR = (datetime.datetime(9999, 12, 31, 23, 59, 59, 999_000, datetime.UTC) - _EPOCH) // _MILLISECOND


def from_stored(values: Sequence[Any], unit: TimeUnit) -> tuple[IntArray, dict[int, str], int]:
    """Return stored times as milliseconds (n,), with None as MISSING_TIME.

    Also returns why those that are no times are none, by position (they count as missing), and how many
    temporal values were finer than a millisecond and were cut.
    """
    if unit in _FACTORS and set(map(type, values)) <= {int, NoneType}:
        missing = int(MISSING_TIME)
        plain = np.array([missing if value is None else value for value in values], dtype=np.int64)
        there = plain[plain != MISSING_TIME]
        if not len(there) or max(-int(there.min()), int(there.max())) <= _LARGEST // _FACTORS[unit]:
            return np.where(plain == MISSING_TIME, plain, plain * _FACTORS[unit]), {}, 0
    made = np.full(len(values), MISSING_TIME, dtype=np.int64)
    bad: dict[int, str] = {}
    cut = 0
    for position, value in enumerate(values):
        if value is None:
            continue
        try:
            made[position], exact = _milliseconds(value, unit)
            cut += not exact
        except (ValueError, OverflowError) as error:
            bad[position] = str(error)
    return made, bad, cut


def earliest(stored: Iterable[tuple[Sequence[Any], TimeUnit]]) -> str | None:
    """Return the first of columns of stored times, each in its form, as ISO 8601 in UTC; None where none is a time."""
    columns = [from_stored(values, unit)[0] for values, unit in stored]
    times = np.concatenate([column[column != MISSING_TIME] for column in columns])
    return str(to_stored(times.min(keepdims=True), "text")[0]) if len(times) else None


def to_stored(times: IntArray, unit: TimeUnit) -> list[Any]:
    """Return milliseconds (n,) that :func:`check_fits` has passed in the stored form, None where missing."""
    there = times != MISSING_TIME
    stored = list(_in_unit(times[there], unit))
    if there.all():
        return stored
    following = iter(stored)
    return [next(following) if present else None for present in there.tolist()]


def check_fits(times: IntArray, unit: TimeUnit, what: str) -> None:
    """Raise SnapshotError where the stored form would round milliseconds (n,); ``what`` names the edge type."""
    given = times[times != MISSING_TIME]
    finer = given[given % _STEPS.get(unit, 1) != 0]
    if len(finer):
        raise SnapshotError(
            f"{what} has {len(finer)} times that time_unit = {unit!r} would round, the first {finer[0]} ms; "
            "set time_unit = 'ms' in graphrec.toml."
        )
    if unit not in _FACTORS and len(given) and (given.min() < _FIRST_YEAR or given.max() > _LAST_YEAR):
        raise SnapshotError(
            f"{what} has times outside the years 1 to 9999, which time_unit = {unit!r} cannot hold; "
            "set time_unit = 'ms' in graphrec.toml."
        )


def _in_unit(given: IntArray, unit: TimeUnit) -> Iterable[Any]:
    moments = given.view(np.dtype("datetime64[ms]"))
    if unit == "date":
        return moments.astype("datetime64[D]").tolist()
    if unit == "datetime":
        return (moment.replace(tzinfo=datetime.UTC) for moment in moments.tolist())
    if unit == "text":
        texts = np.datetime_as_string(moments, "ms" if (given % 1000).any() else "s")
        return (f"{text}Z" for text in texts.tolist())
    return (given // _FACTORS[unit]).tolist()


def _milliseconds(value: object, unit: TimeUnit) -> tuple[int, bool]:
    if isinstance(value, str):
        return parse_time(value, unit)[0], True
    if unit in _FACTORS:
        return _from_number(value, _FACTORS[unit])
    return _from_temporal(value)


def _from_number(value: object, factor: int) -> tuple[int, bool]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number of {'seconds' if factor == 1000 else 'milliseconds'}")
    scaled = value * factor
    whole = round(scaled)
    if abs(whole) > _LARGEST:
        raise ValueError(f"{value!r} is out of 64 bits")
    # A double holds today's seconds to a quarter of a microsecond, so that much is its noise, not its meaning.
    return whole, abs(scaled - whole) < 1e-3


def _from_temporal(value: Any) -> tuple[int, bool]:
    """Milliseconds of a date or date-time of Python or the driver, which are told apart by what they can do."""
    exact = getattr(value, "nanosecond", 0) % 1_000_000 == 0
    native = value.to_native() if hasattr(value, "to_native") else value
    if isinstance(native, datetime.datetime):
        aware = native if native.tzinfo else native.replace(tzinfo=datetime.UTC)
        return (aware - _EPOCH) // _MILLISECOND, exact and native.microsecond % 1000 == 0
    if isinstance(native, datetime.date):
        return (native.toordinal() - _EPOCH.toordinal()) * _DAY, True
    raise ValueError(f"{value!r} is no date or datetime")
