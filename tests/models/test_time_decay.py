"""How edges fade, against the definition spelled out, and what that does to a walk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_graphs import snapshot_of

from graphrec_neo4j.edge_times import DAY, LEAST_WEIGHT, MISSING_TIME, cohort_fading, fading
from graphrec_neo4j.errors import SnapshotError
from graphrec_neo4j.models import create
from graphrec_neo4j.snapshot import GraphSnapshot

TASTE = "User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item"
FRIEND = "User-FOLLOWS->User-INTERACTED->Item"
moments = st.one_of(st.just(int(MISSING_TIME)), st.integers(-(10**13), 10**13))


def aged(time: int, newest: int, half_life: float) -> float:
    return LEAST_WEIGHT if time == MISSING_TIME else max(2 ** (-((newest - time) / DAY) / half_life), LEAST_WEIGHT)


@given(st.lists(moments, min_size=1, max_size=20), st.floats(0.01, 1e5))
def test_a_weight_halves_with_every_half_life(times: list[int], half_life: float) -> None:
    if all(time == MISSING_TIME for time in times):
        expected = [1.0] * len(times)
    else:
        expected = [aged(time, max(times), half_life) for time in times]
    np.testing.assert_allclose(fading(np.array(times), half_life), expected, rtol=1e-9)
    np.testing.assert_array_equal(fading(np.array(times), None), 1.0)


def months(time: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)
    return 12 * moment.year + moment.month


@given(st.lists(moments, min_size=1, max_size=20), st.floats(0.01, 0.99))
def test_a_cohort_loses_its_part_with_every_calendar_month(times: list[int], fade: float) -> None:
    known = [time for time in times if time != MISSING_TIME]
    newest = months(max(known)) if known else 0
    expected = [
        1.0 if not known else LEAST_WEIGHT if time == MISSING_TIME else (1 - fade) ** (newest - months(time))
        for time in times
    ]
    np.testing.assert_allclose(cohort_fading(np.array(times), fade), np.maximum(expected, LEAST_WEIGHT), rtol=1e-9)
    np.testing.assert_array_equal(cohort_fading(np.array(times), None), 1.0)


def test_a_month_ends_at_midnight_in_utc() -> None:
    """From the last millisecond of January 2024 to the first of February; a leap year's February is one month."""
    february = int(datetime(2024, 2, 1, tzinfo=UTC).timestamp()) * 1000
    times = np.array([february, february - 1, february - 31 * DAY, february - 31 * DAY - 1, february + 28 * DAY])
    np.testing.assert_allclose(cohort_fading(times, 0.1), [1, 0.9, 0.9, 0.9**2, 1])
    np.testing.assert_allclose(
        cohort_fading(times, 0.1, newest=february + 29 * DAY), [0.9, 0.9**2, 0.9**2, 0.9**3, 0.9]
    )


def timed_graph() -> GraphSnapshot:
    draw = np.random.default_rng(5)
    liked = [(user, item) for user in range(12) for item in range(9) if draw.random() < 0.4]
    friends = [(user, (user + step) % 12) for user in range(12) for step in (1, 4)]
    time = draw.integers(0, 90 * DAY, len(liked))
    time[::7] = MISSING_TIME
    plain = snapshot_of(12, 9, liked, friends)
    return plain.with_edges(INTERACTED=replace(plain.edges["INTERACTED"], time=time))


def rows(matrix: np.ndarray) -> np.ndarray:
    sums = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, sums, out=np.zeros_like(matrix), where=sums > 0)


def test_a_walk_with_a_half_life_steps_by_faded_strengths() -> None:
    graph = timed_graph()
    edges = graph.edges["INTERACTED"]
    assert edges.time is not None
    likes = np.zeros((12, 9))
    newest = int(edges.time.max())
    for user, item, time in zip(edges.source, edges.target, edges.time.tolist(), strict=True):
        likes[user, item] = aged(time, newest, 30.0)
    ties = np.zeros((12, 12))
    ties[graph.edges["FOLLOWS"].source, graph.edges["FOLLOWS"].target] = 1
    steps = rows(likes), rows(likes.T), rows(likes)
    expected = 0.7 * steps[0] @ steps[1] @ steps[2] + 0.3 * rows(ties) @ rows(likes)
    model = create("p3", meta_paths=(TASTE, FRIEND), weights=(0.7, 0.3), half_life_days=30.0).fit(graph)
    np.testing.assert_allclose(model.scores(np.arange(12)), expected, rtol=1e-5, atol=1e-12)
    plain = create("p3", meta_paths=(TASTE, FRIEND), weights=(0.7, 0.3)).fit(graph)
    assert not np.allclose(plain.scores(np.arange(12)), expected, rtol=0.1)


def test_fading_leaves_the_graph_itself_as_it_was() -> None:
    graph = timed_graph()
    faded = graph.faded(3.0)
    assert faded == graph
    assert faded.digest == graph.digest
    assert (faded.interactions != graph.interactions).nnz == graph.interactions.nnz - 1
    assert (graph.faded(None).interactions != graph.interactions).nnz == 0


@pytest.mark.parametrize("half_life", [0.0, -1.0, float("nan")])
def test_a_half_life_that_is_not_positive_is_refused(half_life: float) -> None:
    with pytest.raises(SnapshotError, match="positive number of days"):
        create("rp3beta", half_life_days=half_life).fit(timed_graph())
