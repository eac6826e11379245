"""Ties of items visited close to each other, against all pairs of visits and by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_graphs import communities, snapshot_of
from visits import DAY, HOUR, Visit, fitted, timed

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot


class TestCovisit(RecommenderContract):
    model = "covisit"


class TestCovisitOfTwoSteps(RecommenderContract):
    model = "covisit"
    settings: ClassVar[dict[str, Any]] = {"steps": 2, "decay": 0.3, "relatedness": "product", "least_count": 1}


class TestCovisitOfClusters(RecommenderContract):
    model = "covisit"
    settings: ClassVar[dict[str, Any]] = {"representatives": "clusters", "least_count": 1}


class TestCovisitWithTimes(RecommenderContract):
    """A fold-in has no times, so it agrees with the model less where recency counts."""

    model = "covisit"
    settings: ClassVar[dict[str, Any]] = {
        "window_hours": 48.0,
        "least_count": 1,
        "half_life_days": 30.0,
        "half_life_ranks": 3.0,
    }
    fold_in_overlap = 0.5

    @pytest.fixture(scope="class")
    @classmethod
    def graph(cls) -> GraphSnapshot:
        return timed_communities(24 * 6)


class TestCovisitOfCohorts(RecommenderContract):
    """Over half a year, with a window of a month."""

    model = "covisit"
    settings: ClassVar[dict[str, Any]] = {
        "window_hours": 24.0 * 30,
        "least_count": 1,
        "monthly_fade": 0.1,
        "newcomer_items": 1,
    }

    @pytest.fixture(scope="class")
    @classmethod
    def graph(cls) -> GraphSnapshot:
        return timed_communities(24 * 180)


def timed_communities(hours: int) -> GraphSnapshot:
    graph = communities()
    edges = graph.edges["INTERACTED"]
    time = np.random.default_rng(1).integers(0, hours, len(edges)).astype(np.int64) * HOUR
    return graph.with_edges(INTERACTED=Edges(edges.source, edges.target, None, time))


def close(one: int, other: int, window: int) -> bool:
    if MISSING_TIME in (one, other):
        return one == other
    return abs(one - other) <= window


def brute_force(visits: Sequence[Visit], items: int, window: int, half_life: float | None) -> tuple[np.ndarray, ...]:
    """All ordered pairs of visits: (counts, relatedness by root), (items, items) each."""
    known = [time for *_, time in visits if time != MISSING_TIME]
    weight = {}
    for user, item, time in visits:
        fades = half_life is not None and bool(known)
        age = (max(known) - time) / DAY if fades and time != MISSING_TIME else np.inf
        weight[user, item] = max(0.5 ** (age / half_life), 2**-20) if fades else 1.0
    counts, pairs, mass = np.zeros((items, items), dtype=int), np.zeros((items, items)), np.zeros(items)
    for user, item, _ in visits:
        mass[item] += weight[user, item]
    for (user, item, time), (other_user, other, other_time) in permutations(visits, 2):
        if user == other_user and close(time, other_time, window):
            counts[item, other] += 1
            pairs[item, other] += np.sqrt(weight[user, item] * weight[user, other])
    there = np.where(mass > 0, mass, 1)
    return counts, pairs / np.sqrt(np.outer(there, there))


moments = st.one_of(st.integers(-50, 50).map(lambda hours: hours * HOUR), st.just(int(MISSING_TIME)))
histories = st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 5)), moments, max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    found=histories,
    window=st.sampled_from([0, 5, 24]),
    half_life=st.sampled_from([None, 0.01, 3.0]),
    least=st.sampled_from([1, 2]),
)
def test_ties_and_counts_are_those_of_all_pairs(
    found: dict[tuple[int, int], int], window: int, half_life: float | None, least: int
) -> None:
    visits = [(user, item, time) for (user, item), time in found.items()]
    made = fitted(timed(4, 6, visits), window_hours=float(window), half_life_days=half_life, least_count=least)
    counts, related = brute_force(visits, 6, window * HOUR, half_life)
    np.testing.assert_allclose(made.graph.toarray(), np.where(counts >= least, related, 0), rtol=1e-5, atol=1e-12)
    neighbours = made.neighbours(50)
    for item, (near, times) in enumerate(zip(neighbours.top.items, neighbours.counts, strict=True)):
        for other, count in zip(near.tolist(), times.tolist(), strict=True):
            assert count == (0 if other == NO_ITEM else counts[item, other])


DIARY: list[Visit] = [
    (0, 0, 0),
    (0, 1, 20 * HOUR),
    (0, 2, 40 * HOUR),
    (1, 0, 0),
    (1, 1, 24 * HOUR),
    (1, 2, 24 * HOUR + 1),
    (2, 3, 0),
]


def test_a_window_of_a_day_by_hand() -> None:
    """0 and 1 meet twice, at the very end of the window once; 1 and 2 twice; 0 and 2 never."""
    made = fitted(timed(4, 5, DIARY), relatedness="product")
    expected = np.zeros((5, 5))
    expected[0, 1] = expected[1, 0] = expected[1, 2] = expected[2, 1] = 2 / (2 * 2)
    np.testing.assert_allclose(made.graph.toarray(), expected)
    assert made.neighbours(2).counts.tolist() == [[2, 0], [2, 2], [2, 0], [0, 0], [0, 0]]
    assert made.chosen_on == "nothing: settings as given"


def test_what_is_recent_counts_more_by_hand() -> None:
    """With ties of 1 from 0 to 1 and 2, and 1 to 2: user 2 has 1 as the latest, 0 one before."""
    visits = [(0, 0, 0), (0, 1, 0), (0, 2, 0), (1, 0, 0), (1, 1, 9 * DAY)]
    made = fitted(timed(2, 3, visits), half_life_ranks=1.0)
    related = made.graph.toarray()
    np.testing.assert_allclose(made.scores(np.array([1]))[0], related[0] / 2 + related[1], rtol=1e-6)
    np.testing.assert_allclose(made.scores(np.array([0]))[0], related.sum(axis=0), rtol=1e-6)
    latest = fitted(timed(2, 3, visits), representative_count=1)
    np.testing.assert_allclose(latest.scores(np.array([1]))[0], related[1], rtol=1e-6)
    assert [part.path for part in made.explain(1, 2).contributions] == [(("Item", 1),), (("Item", 0),)]
    assert [part.path for part in latest.explain(1, 2).contributions] == [(("Item", 1),)]


def test_a_second_step_reaches_what_is_related_to_the_related() -> None:
    """From 0 all goes to 1; from 1 half goes back, half on to 2. The tie of 0 and 1 is 2 / sqrt(2 * 2)."""
    made = fitted(timed(4, 5, [*DIARY, (3, 0, 0)]), steps=2, decay=0.3)
    tie = 2 / np.sqrt(3 * 2)
    back = tie / (tie + 1)
    np.testing.assert_allclose(
        made.scores(np.array([3]))[0], [tie * 0.3 * back, tie, tie * 0.3 * (1 - back), 0, 0], rtol=1e-6
    )


def test_old_pairs_fade_by_hand() -> None:
    """User 0's pair is one half-life older than user 1's: visits weigh 1/2 and 1, as do pairs."""
    visits = [(0, 0, 0), (0, 1, 0), (1, 0, 2 * DAY), (1, 2, 2 * DAY)]
    made = fitted(timed(2, 3, visits), half_life_days=2.0, relatedness="product").graph.toarray()
    assert made[0, 1] == pytest.approx((1 / 2) / (3 / 2 * 1 / 2))
    assert made[0, 2] == pytest.approx(1 / (3 / 2 * 1))


def test_cohorts_fade_by_hand() -> None:
    """January 1970 is one month older than February: visits weigh 9/10 and 1, as do pairs."""
    visits = [(0, 0, 30 * DAY), (0, 1, 30 * DAY), (1, 0, 31 * DAY), (1, 2, 31 * DAY)]
    made = fitted(timed(2, 3, visits), monthly_fade=0.1, relatedness="product").graph.toarray()
    assert made[0, 1] == pytest.approx((9 / 10) / (19 / 10 * 9 / 10))
    assert made[0, 2] == pytest.approx(1 / (19 / 10 * 1))


def test_without_times_a_history_is_one_session_and_all_of_it_is_recent() -> None:
    graph = communities()
    made = fitted(graph, neighbours=10**6, half_life_days=1.0, half_life_ranks=1.0, representative_count=1)
    alike = create("item-knn", neighbours=10**6, shrinkage=0.0).fit(graph)
    users = np.arange(len(graph.users))
    np.testing.assert_allclose(made.scores(users), alike.scores(users), rtol=1e-5, atol=1e-9)
    assert "no interaction has a time" in made.chosen_on


def test_only_the_most_related_items_are_kept() -> None:
    graph = communities()
    whole, few = fitted(graph, neighbours=10**6).graph.toarray(), fitted(graph, neighbours=3).graph
    for item, row in enumerate(whole):
        best = [other for other in np.argsort(-row, kind="stable") if row[other] > 0][:3]
        assert few[item].indices.tolist() == sorted(best)


def test_a_graph_without_interactions_gives_full_lists() -> None:
    model = fitted(snapshot_of(2, 3, []), steps=2)
    assert model.top_k(np.array([0, 1]), 9).items.tolist() == [[0, 1, 2]] * 2
    assert (model.neighbours(9).top.items == NO_ITEM).all()


def test_one_user_with_one_item_has_nothing_left_to_recommend() -> None:
    graph = timed(1, 1, [(0, 0, 5)])
    assert fitted(graph).top_k(np.array([0]), 5, graph.seen).items.tolist() == [[NO_ITEM]]


def test_an_item_that_nobody_touched_has_no_ties_and_comes_last_for_a_user_without_edges() -> None:
    model = fitted(timed(4, 5, DIARY))
    assert not model.graph[4].nnz
    assert not model.graph[:, 4].nnz
    assert model.top_k(np.array([3]), 9).items[0, -1] == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_hours": -1.0},
        {"window_hours": float("inf")},
        {"relatedness": "cosine"},
        {"least_count": 0},
        {"neighbours": 0},
        {"representative_count": 0},
        {"representatives": "random"},
        {"cluster_distance": -1.0},
        {"half_life_days": -1.0},
        {"monthly_fade": 0.0},
        {"monthly_fade": 1.0},
        {"monthly_fade": float("nan")},
        {"monthly_fade": 0.1, "half_life_days": 30.0},
        {"newcomer_items": 0},
        {"half_life_ranks": 0.0},
        {"half_life_ranks": float("nan")},
        {"steps": 3},
        {"decay": -0.1},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="covisit"):
        create("covisit", **wrong)
