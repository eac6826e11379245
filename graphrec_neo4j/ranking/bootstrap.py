"""How far a mean over users may be chance: users drawn anew, the same ones for every column (Efron 1979)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ROUNDS = 1000
LEVEL = 0.95
_BLOCK_BYTES = 32 * 2**20


def resampled_means(values: Floats, seed: int = 0, rounds: int = ROUNDS) -> Floats:
    """Return the column means (rounds, c) of ``values`` (n, c) over n rows drawn with replacement, ``rounds`` times.

    Each round draws once for all columns, so columns stay paired. How often each row was drawn times the values
    is one matrix product a block of rounds; the block bounds the memory, whatever n is.
    """
    n = len(values)
    means = np.full((rounds, values.shape[1]), np.nan)
    if not n:
        return means
    random = np.random.default_rng(seed)
    step = max(1, _BLOCK_BYTES // (8 * n))
    for start in range(0, rounds, step):
        stop = min(start + step, rounds)
        drawn = np.stack([np.bincount(random.integers(0, n, n), minlength=n) for _ in range(start, stop)])
        means[start:stop] = drawn.astype(np.float64) @ values / n
    return means


def percentile_interval(means: Floats) -> tuple[Floats, Floats]:
    """Return the ends (c,) and (c,) of the 95 % percentile interval of each column of ``means`` (rounds, c)."""
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high
