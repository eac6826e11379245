"""GF-CF, Turbo-CF and BSPM against their papers' formulas, written down in dense float64."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.results import NO_ITEM

USERS = np.arange(45)


class TestGFCF(RecommenderContract):
    model = "gf-cf"
    settings: ClassVar[dict[str, Any]] = {"dimensions": 8}


class TestGFCFWithExponents(RecommenderContract):
    model = "gf-cf"
    settings: ClassVar[dict[str, Any]] = {"dimensions": 8, "linear_exponent": 0.25, "softness": 0.5}


class TestTurboCF(RecommenderContract):
    model = "turbo-cf"


@pytest.mark.parametrize("polynomial", ["quadratic", "cubic"])
class TestPolynomialTurboCF(RecommenderContract):
    model = "turbo-cf"

    @pytest.fixture(autouse=True)
    def _polynomial(self, polynomial: str) -> None:
        self.settings = {"filter": polynomial}


@pytest.mark.parametrize("settings", [{"merge": "early"}, {"merge": "late"}, {"order": 1, "sharpen_time": 0.5}])
class TestBSPM(RecommenderContract):
    model = "bspm"

    @pytest.fixture(autouse=True)
    def _settings(self, settings: dict[str, Any]) -> None:
        self.settings = {"dimensions": 8, **settings}


def liked_of(graph: Any) -> np.ndarray:
    return (graph.interactions.toarray() > 0).astype(float)


def power(degrees: np.ndarray, exponent: float) -> np.ndarray:
    return np.where(degrees > 0, np.maximum(degrees, 1) ** exponent, 0.0)


def normalised(liked: np.ndarray, of_user: float, of_item: float) -> np.ndarray:
    return power(liked.sum(axis=1), -of_user)[:, None] * liked * power(liked.sum(axis=0), -of_item)


def low_pass(liked: np.ndarray, dimensions: int) -> np.ndarray:
    waves = np.linalg.svd(normalised(liked, 0.5, 0.5))[2][:dimensions]
    degrees = liked.sum(axis=0)
    return power(degrees, -0.5)[:, None] * (waves.T @ waves) * power(degrees, 0.5)


@pytest.mark.parametrize("dimensions", [3, 9])
def test_gf_cf_is_the_linear_filter_and_alpha_times_the_low_pass(dimensions: int) -> None:
    graph = communities()
    liked = liked_of(graph)
    factor = normalised(liked, 0.5, 0.5)
    expected = liked @ (factor.T @ factor + 0.7 * low_pass(liked, dimensions))
    model = create("gf-cf", dimensions=dimensions, alpha=0.7).fit(graph)
    np.testing.assert_allclose(model.scores(USERS), expected, atol=5e-5)
    vectors = model.vectors()
    assert vectors.dimensions == dimensions
    np.testing.assert_allclose(vectors.users @ vectors.items.T, 0.7 * liked @ low_pass(liked, dimensions), atol=5e-5)


def test_gf_cf_takes_degrees_out_and_puts_them_back_as_its_exponents_say() -> None:
    graph = communities()
    liked, degrees = liked_of(graph), liked_of(graph).sum(axis=0)
    values, waves = np.linalg.svd(normalised(liked, 0.3, 0.4), full_matrices=False)[1:]
    factor, shares = normalised(liked, 0.3, 0.4) / values[0], (values / values[0])[:3] ** 0.8
    linear = power(degrees, -0.1)[:, None] * (factor.T @ factor) * power(degrees, 0.1)
    low = power(degrees, -0.2)[:, None] * (waves[:3].T @ (shares[:, None] * waves[:3])) * power(degrees, 0.2)
    exponents = {"user_exponent": 0.3, "item_exponent": 0.4, "low_pass_exponent": 0.2, "linear_exponent": 0.1}
    model = create("gf-cf", dimensions=3, alpha=0.7, softness=0.8, **exponents).fit(graph)
    np.testing.assert_allclose(model.scores(USERS), liked @ (linear + 0.7 * low), atol=5e-5)


def test_a_varied_gf_cf_is_the_one_that_is_fitted_with_these_settings() -> None:
    graph = communities()
    wide = create("gf-cf", dimensions=9, alpha=0.3, softness=0.5).fit(graph)
    other = create("gf-cf", dimensions=3, alpha=0.9, softness=0.5)
    varied = wide.varied(other.settings)
    np.testing.assert_allclose(varied.scores(USERS), other.fit(graph).scores(USERS), atol=1e-5)
    assert wide.settings.dimensions == wide.vectors().dimensions == 9
    assert wide.varied(create("gf-cf", dimensions=3, softness=0.4).settings) is None
    assert wide.varied(create("gf-cf", dimensions=10, softness=0.5).settings) is None


def test_gf_cf_by_hand() -> None:
    # User 0 likes items 0 and 1, user 1 item 1, so R~ is [[1/sqrt(2), 1/2], [0, 1/sqrt(2)]].
    model = create("gf-cf", alpha=0.0, dimensions=1).fit(snapshot_of(2, 2, [(0, 0), (0, 1), (1, 1)]))
    side = 1 / (2 * np.sqrt(2))
    np.testing.assert_allclose(model.scores(np.arange(2)), [[1 / 2 + side, side + 3 / 4], [side, 3 / 4]], rtol=1e-6)


POLYNOMIALS = {
    "linear": lambda p: p,
    "quadratic": lambda p: 2 * p - p @ p,
    "cubic": lambda p: p + 0.01 * (-p @ p @ p + 10 * p @ p - 29 * p),
}


@pytest.mark.parametrize("polynomial", list(POLYNOMIALS))
@pytest.mark.parametrize(("alpha", "exponent"), [(0.5, 1.0), (0.6, 0.7), (0.2, 1.4)])
def test_turbo_cf_is_its_polynomial_of_the_powered_graph(polynomial: str, alpha: float, exponent: float) -> None:
    graph = communities()
    liked = liked_of(graph)
    factor = normalised(liked, alpha, 1 - alpha)
    expected = liked @ POLYNOMIALS[polynomial]((factor.T @ factor) ** exponent)
    model = create("turbo-cf", alpha=alpha, power=exponent, filter=polynomial).fit(graph)
    np.testing.assert_allclose(model.scores(USERS), expected, rtol=2e-5, atol=2e-5)


def test_turbo_cf_keeps_the_best_ties_where_not_all_fit_and_says_so() -> None:
    graph = communities()
    whole = create("turbo-cf").fit(graph)
    # 30 bytes a tie, 36 items: room for 5 ties of each and a half.
    limited = create("turbo-cf", memory_gib=5.5 * 36 * 30 / 2**30).fit(graph)
    assert limited.chosen_on == "nothing: settings as given; only the best 5 ties of each item fit into memory"
    assert whole.chosen_on == "nothing: settings as given"
    table = whole.filter.steps[0].toarray()
    np.fill_diagonal(table, 0)
    kept = limited.filter.steps[0].toarray()
    for row, mine in zip(table, kept, strict=True):
        best = [item for item in np.argsort(-row, kind="stable") if row[item] > 0][:5]
        assert np.flatnonzero(mine).tolist() == sorted(best)
        np.testing.assert_allclose(mine[best], row[best], rtol=1e-6)


@pytest.mark.parametrize(("polynomial", "room"), [("quadratic", 5.5), ("linear", 0.5)])
def test_turbo_cf_refuses_what_does_not_fit_before_any_work(polynomial: str, room: float) -> None:
    stages: list[str] = []
    model = create("turbo-cf", filter=polynomial, memory_gib=room * 36 * 30 / 2**30)
    with pytest.raises(ModelError, match=r"turbo-cf's graph between 36 items needs about .* GiB of memory"):
        model.fit(communities(), progress=lambda stage, done, total: stages.append(stage))
    assert stages == []


def test_turbo_cfs_neighbours_are_its_heaviest_ties() -> None:
    graph = communities()
    model = create("turbo-cf").fit(graph)
    table = model.filter.steps[0].toarray()
    np.fill_diagonal(table, 0)
    found = model.neighbours(4)
    shared = liked_of(graph).T @ liked_of(graph)
    for item, row in enumerate(table):
        best = [other for other in np.argsort(-row, kind="stable").tolist() if row[other] > 0][:4]
        assert [other for other in found.top.items[item].tolist() if other != NO_ITEM] == best
        assert found.counts[item, : len(best)].tolist() == shared[item, best].tolist()


def solved(liked: np.ndarray, settings: dict[str, Any]) -> np.ndarray:
    """BSPM step by step, each step a step of its solver (Euler, or Runge and Kutta of order 4)."""
    factor = normalised(liked, 0.5, 0.5)
    table, low = factor.T @ factor, low_pass(liked, settings["dimensions"])
    blurred = liked
    for _ in range(settings["blur_steps"]):
        blurred = blurred + settings["blur_time"] / settings["blur_steps"] * (blurred @ table - blurred)
    early = settings["merge"] == "early"
    state = blurred + settings["beta"] * liked @ low if early else blurred
    step = settings["sharpen_time"] / settings["sharpen_steps"]
    for _ in range(settings["sharpen_steps"]):
        slope = -state @ table
        if settings["order"] == 1:
            state = state + step * slope
            continue
        second = -(state + step / 2 * slope) @ table
        third = -(state + step / 2 * second) @ table
        fourth = -(state + step * third) @ table
        state = state + step / 6 * (slope + 2 * second + 2 * third + fourth)
    return state if early else state + settings["beta"] * liked @ low


@pytest.mark.parametrize("merge", ["early", "late"])
@pytest.mark.parametrize("order", [1, 4])
@pytest.mark.parametrize(
    ("blur_steps", "blur_time", "sharpen_steps", "sharpen_time"),
    [(1, 1.0, 1, 2.5), (2, 1.5, 1, 0.6), (1, 1.0, 2, 1.2), (1, 1.0, 1, 0.0)],
)
def test_bspm_is_what_its_solvers_find(
    merge: str, order: int, blur_steps: int, blur_time: float, sharpen_steps: int, sharpen_time: float
) -> None:
    graph = communities()
    settings = {
        "dimensions": 5,
        "beta": 0.3,
        "merge": merge,
        "order": order,
        "blur_steps": blur_steps,
        "blur_time": blur_time,
        "sharpen_steps": sharpen_steps,
        "sharpen_time": sharpen_time,
    }
    model = create("bspm", **settings).fit(graph)
    expected = solved(liked_of(graph), settings)
    np.testing.assert_allclose(model.scores(USERS), expected, atol=1e-4)
    vectors = model.vectors()
    without = solved(liked_of(graph), settings | {"beta": 0.0})
    np.testing.assert_allclose(vectors.users @ vectors.items.T, expected - without, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("gf-cf", {"dimensions": 4}),
        ("turbo-cf", {}),
        ("turbo-cf", {"filter": "cubic"}),
        ("bspm", {"dimensions": 4, "blur_steps": 2, "sharpen_steps": 2}),
        ("bspm", {"dimensions": 4, "merge": "late"}),
    ],
)
def test_contributions_are_what_the_score_of_a_history_of_one_would_be(name: str, settings: dict[str, Any]) -> None:
    graph = communities()
    model = create(name, **settings).fit(graph)
    history, item = graph.interactions[1].indices, 3
    alone = np.zeros((len(history), 36))
    alone[np.arange(len(history)), history] = 1
    terms = model.fold_in(type(graph.interactions)(alone))[:, item].astype(float)
    why = model.explain(1, item, limit=100)
    assert [part.score for part in why.contributions] == pytest.approx(sorted(terms[terms > 0], reverse=True), abs=1e-5)
    assert why.other == pytest.approx(terms[terms < 0].sum(), abs=1e-5)
    assert why.exact


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("gf-cf", {"dimensions": 0}),
        ("gf-cf", {"alpha": -0.1}),
        ("turbo-cf", {"alpha": 1.1}),
        ("turbo-cf", {"power": 0.0}),
        ("turbo-cf", {"filter": "round"}),
        ("bspm", {"blur_time": 0.0}),
        ("bspm", {"sharpen_steps": 0}),
        ("bspm", {"order": 5}),
        ("bspm", {"merge": "never"}),
    ],
)
def test_settings_out_of_range_are_refused(name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=name):
        create(name, **wrong)
