"""Two independent oracles: scipy's own bootstrap, and the normal law for many users."""

import numpy as np
import pytest
from scipy import stats

from graphrec_neo4j.ranking import bootstrap
from graphrec_neo4j.ranking.bootstrap import percentile_interval, resampled_means


def interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    low, high = percentile_interval(resampled_means(values[:, None], seed))
    return float(low[0]), float(high[0])


def test_the_interval_is_that_of_scipy() -> None:
    gains = np.random.default_rng(0).exponential(0.1, 300) - 0.08
    theirs = stats.bootstrap((gains,), np.mean, n_resamples=20_000, method="percentile", rng=1).confidence_interval
    width = theirs.high - theirs.low
    assert interval(gains) == pytest.approx((theirs.low, theirs.high), abs=0.06 * width)


def test_the_interval_is_that_of_the_normal_law_for_many_users() -> None:
    gains = np.random.default_rng(0).normal(0.1, 1.0, 4000)
    error = gains.std() / np.sqrt(4000)
    expected = (gains.mean() - 1.96 * error, gains.mean() + 1.96 * error)
    assert interval(gains, seed=1) == pytest.approx(expected, abs=0.2 * error)


def test_a_constant_gain_is_certain() -> None:
    assert interval(np.full(7, 0.5)) == (0.5, 0.5)


def test_columns_are_drawn_together() -> None:
    values = np.random.default_rng(0).random((40, 1))
    means = resampled_means(np.hstack([values, 2 * values + 1]), seed=3)
    np.testing.assert_allclose(means[:, 1], 2 * means[:, 0] + 1)


def test_the_same_seed_gives_the_same_means_and_another_seed_others() -> None:
    values = np.random.default_rng(0).random((50, 2))
    np.testing.assert_array_equal(resampled_means(values, seed=3), resampled_means(values, seed=3))
    assert not np.array_equal(resampled_means(values, seed=3), resampled_means(values, seed=4))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((50, 2))
    whole = resampled_means(values, seed=3, rounds=30)
    monkeypatch.setattr(bootstrap, "_BLOCK_BYTES", 8 * 50 * 7)
    np.testing.assert_allclose(resampled_means(values, seed=3, rounds=30), whole, rtol=1e-12)


def test_no_users_have_no_interval() -> None:
    assert np.isnan(interval(np.zeros(0))).all()
