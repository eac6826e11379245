"""When edges happened: int64 milliseconds since 1970 in UTC, and how what is old fades."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

MISSING_TIME = np.iinfo(np.int64).min
DAY = 86_400_000
LEAST_WEIGHT = 2.0**-20


def fading(time: Times, half_life_days: float | None, newest: int | None = None) -> Floats:
    """``max(2 ** (-age / half_life), 2 ** -20)`` (m,), the age being that before ``newest``.

    Without ``newest`` it is the latest of ``time``. What has no time counts 2 ** -20; all count 1 where nothing has a
    time, or nothing fades.
    """

    def left(times: Times, latest: int) -> Floats:
        assert half_life_days is not None
        return np.exp2((times.astype(np.float64) - float(latest)) / DAY / half_life_days)

    return np.ones(len(time)) if half_life_days is None else _weighed(time, newest, left)


def cohort_fading(time: Times, monthly_fade: float | None, newest: int | None = None) -> Floats:
    """``max((1 - monthly_fade) ** months, 2 ** -20)`` (m,), by how many calendar months ``newest`` is later, in UTC.

    All of one month are a cohort and count alike: 31 January is one month older than 1 February. Without ``newest``
    it is the latest of ``time``; missing times and missing fades are treated as in :func:`fading`.
    """

    def left(times: Times, latest: int) -> Floats:
        assert monthly_fade is not None
        months = _month_of(np.array(latest)) - _month_of(times)
        return (1.0 - monthly_fade) ** months.astype(np.float64)

    return np.ones(len(time)) if monthly_fade is None else _weighed(time, newest, left)


def _weighed(time: Times, newest: int | None, left: Callable[[Times, int], Floats]) -> Floats:
    """What is ``left`` of all that has a time, and at least 2 ** -20 of everything; 1 where nothing has a time."""
    timed = time != MISSING_TIME
    if not timed.any():
        return np.ones(len(time))
    weights = np.full(len(time), LEAST_WEIGHT)
    latest = int(time.max()) if newest is None else newest
    weights[timed] = np.maximum(left(time[timed], latest), LEAST_WEIGHT)
    return weights


def _month_of(time: Times) -> Times:
    return time.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
