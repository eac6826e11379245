"""When edges happened: int64 milliseconds since 1970 in UTC, and how what is old fades."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MISSING_TIME = np.iinfo(np.int64).min
DAY = 86_400_000
LEAST_WEIGHT = 2.0**-20


def fading(
    time: npt.NDArray[np.int64], half_life_days: float | None, newest: int | None = None
) -> npt.NDArray[np.float64]:
    """``max(2 ** (-age / half_life), 2 ** -20)`` (m,), the age being that before ``newest``.

    Without ``newest`` it is the latest of ``time``. What has no time counts 2 ** -20; all count 1 where nothing has a
    time, or nothing fades.
    """
    timed = time != MISSING_TIME
    weights = np.ones(len(time))
    if half_life_days is not None and timed.any():
        latest = float(time.max()) if newest is None else float(newest)
        age = (latest - time[timed].astype(np.float64)) / DAY
        weights[timed] = np.maximum(np.exp2(-age / half_life_days), LEAST_WEIGHT)
        weights[~timed] = LEAST_WEIGHT
    return weights
