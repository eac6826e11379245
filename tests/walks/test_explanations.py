"""Contributions against an enumeration of every walk, one by one, in plain Python."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from random_graphs import (
    CATEGORY,
    FRIEND,
    LONG,
    PATHS,
    SCHEMA,
    SIZES,
    TASTE,
    WANTED,
    snapshot_of,
    step_probabilities,
    strengths,
    walked,
)

from graphrec_neo4j.results import NO_ITEM, Explanation
from graphrec_neo4j.walks.explanations import Grouping, as_arrays, explanations, from_arrays
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk

USERS = np.arange(SIZES["User"])
ALL_ITEMS = np.tile(np.arange(SIZES["Item"]), (SIZES["User"], 1))


def explained(dense: dict[str, np.ndarray], *paths: str, limit: int = 50, **options: object) -> list[list[Explanation]]:
    parsed = [SCHEMA.meta_path(path) for path in paths]
    walk, groupings = MetaPathWalk.along(snapshot_of(dense), parsed, **options), _groupings(paths)
    shares = walk.shares(USERS, ALL_ITEMS, [grouping.level for grouping in groupings], limit)
    return explanations(shares, ALL_ITEMS, [grouping.telling for grouping in groupings])


def _groupings(paths: tuple[str, ...]) -> list[Grouping]:
    return [Grouping.of(SCHEMA.meta_path(path), SCHEMA) for path in paths]


def every_walk(steps: list[np.ndarray], user: int, item: int) -> list[tuple[float, list[int]]]:
    """(probability, nodes between the ends) of each walk from ``user`` to ``item``."""
    found = [(1.0, [user])]
    for matrix in steps:
        found = [
            (mass * matrix[nodes[-1], after], [*nodes, int(after)])
            for mass, nodes in found
            for after in np.flatnonzero(matrix[nodes[-1]])
        ]
    return [(mass, nodes[1:-1]) for mass, nodes in found if nodes[-1] == item]


@pytest.mark.parametrize(
    ("path", "kind", "level", "counted"),
    [(TASTE, "taste", 0, 1), (CATEGORY, "category", 1, 0), (WANTED, "category", 0, None), (FRIEND, "tie", 0, None)],
)
@given(dense=strengths())
@settings(max_examples=15, deadline=None)
def test_contributions_are_the_walks_through_a_node(
    path: str, kind: str, level: int, counted: int | None, dense: dict[str, np.ndarray]
) -> None:
    steps, told = step_probabilities(dense, path), explained(dense, path)
    node_type = SCHEMA.meta_path(path).steps[level].target
    for user in (0, 3):
        for item in range(SIZES["Item"]):
            masses: dict[int, float] = defaultdict(float)
            middle: dict[int, set[int]] = defaultdict(set)
            for mass, nodes in every_walk(steps, user, item):
                masses[nodes[level]] += mass
                middle[nodes[level]].add(0 if counted is None else nodes[counted])
            parts = told[user][item].contributions
            assert {part.path[0][1]: part.score for part in parts} == pytest.approx(masses)
            assert {part.path[0][1]: part.count for part in parts} == {node: len(n) for node, n in middle.items()}
            assert {(part.kind, part.path[0][0]) for part in parts} <= {(kind, node_type)}


@given(dense=strengths())
@settings(max_examples=15, deadline=None)
def test_the_longest_path_is_grouped_by_its_category(dense: dict[str, np.ndarray]) -> None:
    steps, told = step_probabilities(dense, LONG), explained(dense, LONG)
    for item in (0, 6):
        masses: dict[int, float] = defaultdict(float)
        for mass, nodes in every_walk(steps, 1, item):
            masses[nodes[2]] += mass
        parts = told[1][item].contributions
        assert {part.path for part in parts} == {(("Category", node),) for node in masses}
        assert {part.path[0][1]: part.score for part in parts} == pytest.approx(masses)


@given(dense=strengths())
@settings(max_examples=15, deadline=None)
def test_contributions_and_the_rest_add_up_to_the_weighted_discounted_score(dense: dict[str, np.ndarray]) -> None:
    weights, discount = (0.5, 2.0, 1.0, 0.25, 3.0), np.linspace(0.2, 1.0, SIZES["Item"])
    expected = sum(w * walked(dense, path) for w, path in zip(weights, PATHS, strict=True)) * discount
    told = explained(dense, *PATHS, limit=3, weights=weights, discount=discount)
    for user in USERS:
        for item, why in enumerate(told[user]):
            assert why.score == pytest.approx(expected[user, item], rel=1e-9)
            assert why.other + sum(part.score for part in why.contributions) == pytest.approx(why.score, rel=1e-9)
            assert len(why.contributions) <= 3
            assert why.other >= -1e-12


@given(dense=strengths())
@settings(max_examples=10, deadline=None)
def test_fewer_contributions_are_the_largest_ones(dense: dict[str, np.ndarray]) -> None:
    full, short = explained(dense, TASTE, CATEGORY, limit=50), explained(dense, TASTE, CATEGORY, limit=2)
    for user in USERS:
        for most, few in zip(full[user], short[user], strict=True):
            assert few.contributions == most.contributions[:2]
            sizes = [part.score for part in most.contributions]
            assert sizes == sorted(sizes, reverse=True)


def test_places_without_an_item_are_not_explained() -> None:
    dense = {name: np.ones((SIZES[source], SIZES[target])) for name, (source, target) in _ends().items()}
    walk = MetaPathWalk.along(snapshot_of(dense), [SCHEMA.meta_path(TASTE)])
    items = np.array([[2, NO_ITEM]])
    told = explanations(walk.shares(np.array([0]), items, [0], 1), items, [_groupings((TASTE,))[0].telling])
    assert told[0][0] is not None
    assert told[0][1] is None


def test_a_limit_of_nothing_leaves_everything_to_the_rest() -> None:
    dense = {name: np.ones((SIZES[source], SIZES[target])) for name, (source, target) in _ends().items()}
    why = explained(dense, TASTE, limit=0)[0][0]
    assert why.contributions == ()
    assert why.other == pytest.approx(1 / 7)


def test_edges_and_folding_in_follow_from_the_path() -> None:
    taste, category, wanted, friend, _ = _groupings(PATHS)
    assert taste.telling.edges == ("LIKES", "LIKES", "LIKES")
    assert [grouping.folds_in for grouping in (taste, category, wanted, friend)] == [True, True, False, False]


def test_arrays_give_equal_groupings_back() -> None:
    assert from_arrays(as_arrays(_groupings(PATHS))) == _groupings(PATHS)


def _ends() -> dict[str, tuple[str, str]]:
    return {name: (edge.source, edge.target) for name, edge in SCHEMA.edges.items()}
