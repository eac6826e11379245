"""Bad input and tiny graphs, by name, for the closed-form models: each has a defined result."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from toy_graphs import snapshot_of

from graphrec_neo4j.models import create, model_class
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.snapshot import GraphSnapshot


@pytest.fixture(params=["ease", "gf-cf", "turbo-cf", "bspm", "ials"])
def model(request: pytest.FixtureRequest) -> Recommender:
    missing = [name for name in model_class(request.param).needs if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{request.param} needs {missing}")
    return create(request.param)


def lists(model: Recommender, graph: GraphSnapshot, k: int) -> list[list[int]]:
    return model.fit(graph).top_k(np.arange(len(graph.users)), k, graph.seen).items.tolist()


def test_no_interactions_score_0_and_rank_by_row(model: Recommender) -> None:
    graph = snapshot_of(2, 3, [])
    assert lists(model, graph, 3) == [[0, 1, 2], [0, 1, 2]]
    assert model.scores(np.arange(2)).tolist() == [[0.0] * 3] * 2
    why = model.explain(0, 1)
    assert (why.score, why.contributions, why.other) == (0, (), 0)


def test_one_user_gets_what_is_left(model: Recommender) -> None:
    assert lists(model, snapshot_of(1, 3, [(0, 0), (0, 2)]), 3) == [[1, NO_ITEM, NO_ITEM]]


def test_one_item_is_only_for_who_has_not_got_it(model: Recommender) -> None:
    assert lists(model, snapshot_of(2, 1, [(0, 0)]), 5) == [[NO_ITEM], [0]]


def test_an_item_nobody_touched_scores_0_and_comes_last(model: Recommender) -> None:
    graph = snapshot_of(3, 4, [(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 2)])
    model.fit(graph)
    assert np.abs(model.scores(np.arange(3))[:, 3]).max() < 1e-6
    assert lists(model, graph, 2) == [[2, 3], [0, 3], [1, 3]]
    assert model.explain(0, 3).contributions == ()


def test_a_user_without_edges_gets_the_most_popular(model: Recommender) -> None:
    assert lists(model, snapshot_of(4, 3, [(0, 2), (1, 2), (2, 1)]), 2)[3] == [2, 1]


def test_a_weight_does_not_count_as_more_than_a_like(model: Recommender) -> None:
    graph = snapshot_of(3, 4, [(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 2)])
    plain = model.fit(graph).fold_in(graph.interactions)
    np.testing.assert_array_equal(model.fold_in(graph.interactions * 7), plain)
