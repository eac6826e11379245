from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create, ease
from graphrec_neo4j.results import NO_ITEM


class TestEASE(RecommenderContract):
    model = "ease"
    settings: ClassVar[dict[str, Any]] = {"l2": 5.0}


def dense_weights(liked: np.ndarray, l2: float) -> np.ndarray:
    """B of the paper by its definition, not by its closed form: each column is a ridge regression on the others."""
    n_items = liked.shape[1]
    weights = np.zeros((n_items, n_items))
    for item in range(n_items):
        others = np.arange(n_items) != item
        x = liked[:, others]
        weights[others, item] = np.linalg.solve(x.T @ x + l2 * np.eye(n_items - 1), x.T @ liked[:, item])
    return weights


@pytest.mark.parametrize("l2", [1.0, 50.0])
@pytest.mark.parametrize("block", [5, 1024])
def test_weights_are_ridge_regressions_of_each_item_on_the_others(
    l2: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ease, "BLOCK", block)
    graph = communities()
    liked = (graph.interactions.toarray() > 0).astype(float)
    expected = dense_weights(liked, l2)
    model = create("ease", l2=l2).fit(graph)
    np.testing.assert_allclose(model.table, expected, atol=2e-6)
    np.testing.assert_allclose(model.scores(np.arange(45)), liked @ expected, atol=1e-5)


def test_two_items_by_hand() -> None:
    # X'X = [[2, 1], [1, 1]] and l2 = 1: P = [[2, -1], [-1, 3]] / 5, so B_01 = 1/3 and B_10 = 1/2.
    model = create("ease", l2=1.0).fit(snapshot_of(2, 2, [(0, 0), (0, 1), (1, 0)]))
    np.testing.assert_allclose(model.table, [[0, 1 / 3], [1 / 2, 0]], rtol=1e-6)
    np.testing.assert_allclose(model.scores(np.array([1])), [[0, 1 / 3]], rtol=1e-6)


def test_contributions_are_the_weights_from_the_history() -> None:
    graph = communities()
    model = create("ease", l2=5.0).fit(graph)
    why = model.explain(1, 3, limit=100)
    weights = model.table[graph.interactions[1].indices, 3].astype(float)
    assert [part.score for part in why.contributions] == pytest.approx(sorted(weights[weights > 0], reverse=True))
    assert why.other == pytest.approx(weights[weights < 0].sum())


def test_neighbours_are_the_largest_positive_weights() -> None:
    graph = communities()
    model = create("ease", l2=5.0).fit(graph)
    found = model.neighbours(50)
    liked = (graph.interactions.toarray() > 0).astype(int)
    for item, row in enumerate(model.table):
        best = [other for other in np.argsort(-row, kind="stable").tolist() if row[other] > 0]
        assert [other for other in found.top.items[item].tolist() if other != NO_ITEM] == best
        assert found.counts[item, : len(best)].tolist() == (liked[:, [item]] * liked)[:, best].sum(axis=0).tolist()


def test_too_large_a_table_is_refused_before_any_work() -> None:
    stages: list[str] = []
    model = create("ease", memory_gib=1e-6)
    with pytest.raises(ModelError, match=r"ease's table between 36 items needs about .* GiB of memory, but there is"):
        model.fit(communities(), progress=lambda stage, done, total: stages.append(stage))
    assert stages == []


@pytest.mark.parametrize("l2", [0.0, -1.0, float("nan")])
def test_a_penalty_that_is_not_positive_is_refused(l2: float) -> None:
    with pytest.raises(ModelError, match="l2"):
        create("ease", l2=l2)
