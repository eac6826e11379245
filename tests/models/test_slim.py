from __future__ import annotations

import numpy as np
import pytest
from contract import RecommenderContract
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.optimize import minimize, nnls
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.slim import SLIM
from graphrec_neo4j.snapshot import GraphSnapshot

EXACT = {"tolerance": 1e-12, "sweeps": 10_000}


class TestSLIM(RecommenderContract):
    model = "slim"


def fitted(graph: GraphSnapshot, **changed: float) -> SLIM:
    model = create("slim", **{**EXACT, **changed}).fit(graph)
    assert isinstance(model, SLIM)
    return model


def graph_of(table: np.ndarray) -> GraphSnapshot:
    return snapshot_of(*table.shape, list(zip(*(part.tolist() for part in np.nonzero(table)), strict=True)))


@settings(max_examples=40, deadline=None)
@given(
    table=arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7)),
    l1=st.sampled_from([0.0, 0.3, 1.0]),
    l2=st.sampled_from([0.1, 1.0, 20.0]),
)
def test_weights_meet_the_conditions_of_karush_kuhn_and_tucker(table: np.ndarray, l1: float, l2: float) -> None:
    """At a minimum the slope is 0 where a weight is positive, and not negative where it is 0."""
    made = fitted(graph_of(table), neighbours=10**6, l1=l1, l2=l2).graph.toarray().astype(float)
    likes = table.astype(float)
    gram = likes.T @ likes
    slope = gram @ made - gram + l2 * made + l1
    np.fill_diagonal(slope, 0)
    assert (made >= 0).all()
    assert not made.diagonal().any()
    assert np.abs(slope[made > 0]).max(initial=0) < 1e-5
    # Only items that share a user are neighbours: elsewhere the slope at 0 is positive in any case.
    assert slope.min(initial=0) > -1e-5


def test_without_l1_each_column_is_a_least_squares_solution_of_scipy() -> None:
    graph = communities()
    likes = (graph.interactions.toarray() > 0).astype(float)
    made = fitted(graph, neighbours=10**6, l1=0.0, l2=2.0).graph.toarray()
    for item in range(likes.shape[1]):
        others = likes.copy()
        others[:, item] = 0
        stacked = np.vstack([others, np.sqrt(2.0) * np.eye(likes.shape[1])])
        expected, _ = nnls(stacked, np.concatenate([likes[:, item], np.zeros(likes.shape[1])]))
        np.testing.assert_allclose(made[:, item], expected, atol=1e-6)


def test_with_l1_each_column_is_a_minimum_of_scipy_over_its_neighbours() -> None:
    graph = communities()
    likes = (graph.interactions.toarray() > 0).astype(float)
    made = fitted(graph, neighbours=6, l1=0.5, l2=1.0).graph.toarray()
    near = create("item-knn", neighbours=6, shrinkage=0.0).fit(graph).graph.T.tocsr()
    for item in range(likes.shape[1] - 1):
        mine = near[item].indices

        def loss(weights: np.ndarray, mine: np.ndarray = mine, item: int = item) -> tuple[float, np.ndarray]:
            left = likes[:, mine] @ weights - likes[:, item]
            value = left @ left / 2 + weights @ weights / 2 + 0.5 * weights.sum()
            return value, likes[:, mine].T @ left + weights + 0.5

        found = minimize(loss, np.zeros(len(mine)), jac=True, bounds=[(0, None)] * len(mine), tol=1e-14)
        np.testing.assert_allclose(made[mine, item], found.x, atol=1e-5)
        assert set(np.flatnonzero(made[:, item])) <= set(mine.tolist())


def test_two_items_that_two_users_share_by_hand() -> None:
    """G = [[2, 2], [2, 3]]: w_01 = (2 - 1) / (2 + 2), w_10 = (2 - 1) / (3 + 2)."""
    made = fitted(snapshot_of(3, 2, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1)]), l1=1.0, l2=2.0).graph
    np.testing.assert_allclose(made.toarray(), [[0, 1 / 4], [1 / 5, 0]], rtol=1e-6)


def test_a_graph_without_interactions_gives_no_weights_and_full_lists() -> None:
    model = fitted(snapshot_of(2, 3, []))
    assert model.graph.nnz == 0
    assert model.top_k(np.array([0, 1]), 9).items.tolist() == [[0, 1, 2]] * 2


def test_one_user_with_one_item_has_nothing_left_to_recommend() -> None:
    graph = snapshot_of(1, 1, [(0, 0)])
    assert fitted(graph).top_k(np.array([0]), 5, graph.seen).items.tolist() == [[-1]]


def test_an_item_that_nobody_touched_has_no_weights_and_comes_last() -> None:
    graph = snapshot_of(3, 4, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2), (0, 2)])
    model = fitted(graph, l1=0.1, l2=1.0)
    assert not model.graph[3].nnz
    assert not model.graph[:, 3].nnz
    assert model.top_k(np.array([1]), 4).items[0, -1] == 3


def test_tables_that_do_not_fit_into_memory_are_refused_before_they_are_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their size is known once the ties are found; what is foreseen before is taken to fit."""
    monkeypatch.setattr("graphrec_neo4j.models.slim.SLIM._foresee", lambda model, graph: None)
    monkeypatch.setattr("graphrec_neo4j.foresee.available_bytes", lambda: 8 * 5**2 - 1.0)
    with pytest.raises(ModelError, match=r"slim with 5 neighbours.*fewer neighbours"):
        create("slim", neighbours=5).fit(communities())


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"l1": -1.0}, {"l2": float("nan")}, {"sweeps": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ModelError, match="slim"):
        create("slim", **wrong)
