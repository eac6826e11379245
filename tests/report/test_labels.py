"""Labels keep apart; scales end on round numbers. The oracle for spreading is scipy's own optimiser."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from graphrec_neo4j.report.labels import Box, beside_points, spread, width_of
from graphrec_neo4j.report.scales import Scale, decimals, linear, logarithmic, ticks

FRAME = Box(0, 0, 400, 300)


def test_labels_with_room_stay_where_they_are_wanted() -> None:
    assert spread([10, 200, 50], 15, 0, 300) == [10, 200, 50]


def test_two_labels_at_one_place_move_apart_by_the_same() -> None:
    assert spread([100, 100], 20, 0, 300) == [90, 110]


def test_labels_at_the_edge_stay_inside() -> None:
    assert spread([300, 300, 299], 10, 0, 300) == [290, 300, 280]


def test_without_room_the_gap_shrinks() -> None:
    assert spread([5, 5, 5], 20, 0, 10) == [0, 5, 10]


def test_no_labels_have_no_places() -> None:
    assert spread([], 10, 0, 1) == []


@given(st.lists(st.integers(0, 300), min_size=2, max_size=8))
def test_spreading_moves_labels_as_little_as_can_be(wanted: list[int]) -> None:
    found = np.sort(spread(wanted, 20, 0, 300))
    aims = np.sort(wanted).astype(float)
    rules = [{"type": "ineq", "fun": lambda x: np.diff(x) - 20}]
    best = optimize.minimize(
        lambda x: ((x - aims) ** 2).sum(),
        np.linspace(0, 300, len(aims)),
        bounds=[(0, 300)] * len(aims),
        constraints=rules,
    )
    assert (np.diff(found) >= 20 - 1e-9).all()
    assert ((found - aims) ** 2).sum() <= best.fun + 0.1


def test_the_label_of_a_lone_point_is_to_its_right() -> None:
    [box] = beside_points([(100, 100)], ["p3"], FRAME)
    assert (box.left, box.right - box.left) == (109, pytest.approx(width_of("p3")))


def test_a_point_at_the_right_edge_has_its_label_to_its_left() -> None:
    [box] = beside_points([(395, 100)], ["popularity"], FRAME)
    assert box.right < 395


def test_labels_of_neighbours_lie_neither_on_each_other_nor_on_points() -> None:
    points = [(100.0 + 4 * number, 100.0 + 3 * (number % 3)) for number in range(8)]
    boxes = beside_points(points, ["a model"] * 8, FRAME)
    assert all(one.overlap(other) == 0 for one, other in itertools.combinations(boxes, 2))
    assert all(box.outside(FRAME) == 0 for box in boxes)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.5, 1]),
        (0.02, 0.19, [0, 0.05, 0.1, 0.15, 0.2]),
        (-0.15, 0.04, [-0.15, -0.1, -0.05, 0, 0.05]),
        (3, 3, [3, 4]),
        (0, 0, [0, 0.5]),
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("marks", "places"), [([0, 0.05], 2), ([0, 0.1], 1), ([0, 0.002], 3), ([0, 1], 0), ([0, 20], 0)]
)
def test_decimals_tell_ticks_apart(marks: list[float], places: int) -> None:
    assert decimals(marks) == places


def test_scales_map_ends_to_ends() -> None:
    scale, marks = linear([0.02, 0.19], 300, 0)
    assert (scale(marks[0]), scale(marks[-1]), scale(0.1)) == pytest.approx((300, 0, 150))
    scale, marks = logarithmic([0.3, 40], 0, 300)
    assert marks == [0.1, 1, 10, 100]
    assert scale(1) == pytest.approx(100)
    assert Scale(5, 5, 0, 10)(5) == 5
    assert logarithmic([1], 0, 1)[1] == [1, 10]
