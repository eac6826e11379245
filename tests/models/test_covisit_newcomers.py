"""What the covisit model recommends to newcomers: what others took first."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visits import DAY, HOUR, Visit, fitted, timed

from graphrec_neo4j.models import create
from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.snapshot import MISSING_TIME

BEGINNINGS: list[Visit] = [
    (0, 0, 0),
    (0, 1, HOUR),
    (1, 0, DAY),
    (1, 2, 2 * DAY),
    (2, 3, 2 * DAY),
    (2, 4, 2 * DAY),
    (2, 0, 3 * DAY),
]


def test_what_newcomers_take_first_by_hand() -> None:
    """Users 0 and 1 begin with item 0; user 2 with 3 and 4 at one moment, which share her one place."""
    model = fitted(timed(5, 6, BEGINNINGS), newcomer_items=1)
    expected = [2 / 3, 0, 0, 1 / 6, 1 / 6, 0]
    np.testing.assert_allclose(model.scores(np.array([3]))[0], expected, rtol=1e-6)
    np.testing.assert_allclose(model.fold_in(timed(1, 6, []).interactions)[0], expected, rtol=1e-6)
    top = model.top_k(np.array([4, 0, 3]), 6)
    # 1 and 2, which nobody began with, come by popularity behind those, and item 5, which nobody has, last.
    assert top.items[[0, 2]].tolist() == [[0, 3, 4, 1, 2, 5]] * 2
    np.testing.assert_allclose(top.scores[0], [2 / 3, 1 / 6, 1 / 6, 0, 0, 0], rtol=1e-6)


def test_two_places_for_newcomers_by_hand() -> None:
    """User 2's second place goes to the moment that has her first one."""
    model = fitted(timed(4, 6, BEGINNINGS), newcomer_items=2)
    np.testing.assert_allclose(model.scores(np.array([3]))[0], np.array([2, 1, 1, 1, 1, 0]) / 3, rtol=1e-6)


@pytest.mark.parametrize("setting", [{"half_life_days": 2.0}, {"monthly_fade": 0.5}])
def test_newcomers_fade_by_hand(setting: dict[str, float]) -> None:
    """User 0 began with 0 one half-life, or one month, before the newest interaction, user 1 with 1 at its time."""
    visits = [(0, 0, 30 * DAY), (0, 1, 32 * DAY), (1, 1, 32 * DAY)]
    model = fitted(timed(3, 2, visits), newcomer_items=1, **setting)
    np.testing.assert_allclose(model.scores(np.array([2]))[0], [1 / 3, 2 / 3], rtol=1e-6)


def test_who_has_a_visit_without_a_time_teaches_nothing_about_newcomers() -> None:
    missing = int(MISSING_TIME)
    model = fitted(timed(3, 3, [(0, 0, missing), (0, 1, DAY), (1, 2, DAY)]))
    np.testing.assert_allclose(model.scores(np.array([2]))[0], [0, 0, 1])


def test_without_times_newcomers_get_what_is_popular() -> None:
    missing = int(MISSING_TIME)
    model = fitted(timed(3, 3, [(0, 0, missing), (0, 1, missing), (1, 1, missing)]))
    assert not model.scores(np.array([2])).any()
    assert not model.fold_in(timed(1, 3, []).interactions).any()
    assert model.top_k(np.array([2]), 3).items.tolist() == [[1, 0, 2]]
    assert model.explain(2, 1).contributions == ()


def test_what_newcomers_get_leaves_out_what_they_have_seen() -> None:
    model = fitted(timed(4, 6, BEGINNINGS), newcomer_items=1)
    seen = timed(4, 6, [(3, 0, 0), (3, 2, 0)]).interactions
    assert model.top_k(np.array([3]), 9, seen).items.tolist() == [[3, 4, 1, 5, NO_ITEM, NO_ITEM]]


def test_a_newcomers_reasons_are_those_who_began_so(tmp_path: Path) -> None:
    model = fitted(timed(4, 6, BEGINNINGS), newcomer_items=1)
    model.save(tmp_path)
    for made in (model, create("covisit", least_count=1, newcomer_items=1).restore(tmp_path)):
        why = made.explain(3, 0)
        assert [(part.kind, part.count, part.path) for part in why.contributions] == [("start", 2, ())]
        assert (why.score, why.other, why.exact) == (pytest.approx(2 / 3), 0.0, True)
        assert why.contributions[0].score == why.score
        assert made.explain(3, 0, limit=0).other == pytest.approx(2 / 3)
        assert made.explain(3, 5).contributions == ()
        many = made.explain_many(np.array([3, 0]), np.array([[4, NO_ITEM], [2, 3]]))
        assert many[0] == [made.explain(3, 4), None]
        assert many[1] == [made.explain(0, 2), made.explain(0, 3)]


def in_any_order(moments: list[int], first: int) -> list[float]:
    """How often each visit is among the first, in all orders of the visits that time allows."""
    orders = [
        order for order in permutations(range(len(moments))) if sorted(order, key=moments.__getitem__) == [*order]
    ]
    return [sum(visit in order[:first] for order in orders) / len(orders) for visit in range(len(moments))]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), max_size=5), min_size=1, max_size=4), st.integers(1, 6))
def test_a_newcomers_chances_are_those_of_all_orders(users: list[list[int]], first: int) -> None:
    pairs = [(user, item, time * HOUR) for user, times in enumerate(users) for item, time in enumerate(times)]
    expected = np.zeros(5)
    for times in users:
        expected[: len(times)] += in_any_order(times, first)
    made = fitted(timed(len(users) + 1, 5, pairs), newcomer_items=first)
    newcomers = max(1, sum(bool(times) for times in users))
    np.testing.assert_allclose(made.scores(np.array([len(users)]))[0], expected / newcomers, rtol=1e-5)
