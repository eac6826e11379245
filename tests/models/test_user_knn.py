from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from scipy.spatial.distance import cdist
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender


class TestUserKNN(RecommenderContract):
    model = "user-knn"


class TestUserKNNByJaccardOfFew(RecommenderContract):
    model = "user-knn"
    settings: ClassVar[dict[str, Any]] = {"similarity": "jaccard", "neighbours": 12, "shrinkage": 1.0}


def expected_scores(likes: np.ndarray, distance: str, neighbours: int) -> np.ndarray:
    """Of the likest users by scipy's distance, ties to the lower row as 32-bit numbers tie."""
    likeness = 1 - cdist(likes, likes, distance)
    likeness[np.isnan(likeness) | (likeness < 1e-12)] = 0
    np.fill_diagonal(likeness, 0)
    for row in likeness:
        row[np.argsort(-row.astype(np.float32), kind="stable")[neighbours:]] = 0
    return likeness @ likes


@pytest.mark.parametrize("distance", ["cosine", "jaccard"])
@pytest.mark.parametrize("neighbours", [3, 10**6])
def test_scores_are_sums_over_the_likest_users_by_scipys_distance(distance: str, neighbours: int) -> None:
    graph = communities()
    likes = graph.interactions.toarray() > 0
    made = create("user-knn", similarity=distance, neighbours=neighbours).fit(graph)
    expected = expected_scores(likes, distance, neighbours)
    np.testing.assert_allclose(made.scores(np.arange(len(likes))), expected, rtol=1e-5, atol=1e-9)


def trio() -> Recommender:
    """Ann (0) likes 0, 1; Ben (1) 0, 1, 2; Cyd (2) 1, 2, 3; nobody item 4; user 3 nothing."""
    liked = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3)]
    return create("user-knn", similarity="jaccard").fit(snapshot_of(4, 5, liked))


def test_reasons_by_hand() -> None:
    """Ann is like Ben by 2/3, through two items, and like Cyd by 1/4, through one."""
    model = trio()
    np.testing.assert_allclose(
        model.scores(np.array([0])), [[2 / 3, 2 / 3 + 1 / 4, 2 / 3 + 1 / 4, 1 / 4, 0]], rtol=1e-6
    )
    why = model.explain(0, 2)
    assert why.exact
    assert [(part.kind, part.path, part.count) for part in why.contributions] == [
        ("taste", (("Item", 1),), 2),
        ("taste", (("Item", 0),), 1),
    ]
    np.testing.assert_allclose([part.score for part in why.contributions], [1 / 3 + 1 / 4, 1 / 3], rtol=1e-6)


def test_no_other_user_is_named_in_a_reason() -> None:
    graph = communities()
    model = create("user-knn").fit(graph)
    top = model.top_k(np.array([0]), 5, graph.seen).items[0].tolist()
    assert {node for item in top for part in model.explain(0, item).contributions for node, _ in part.path} == {"Item"}


def test_fold_in_of_a_new_history_by_hand() -> None:
    """Items 2 and 3 are two of Ben's and Cyd's: 1 of 4 and 2 of 3."""
    model = trio()
    history = model.tastes.history[3:].tolil()
    history[0, [2, 3]] = 5.0
    folded = model.fold_in(history.tocsr())
    np.testing.assert_allclose(folded, [[1 / 4, 1 / 4 + 2 / 3, 1 / 4 + 2 / 3, 2 / 3, 0]], rtol=1e-6)


def test_a_user_without_edges_gets_the_most_popular_items() -> None:
    """Items 1, 2, 0, 3 have 3, 2, 2, 1 users."""
    model = trio()
    assert model.top_k(np.array([3]), 9).items.tolist() == [[1, 0, 2, 3, 4]]
    assert model.explain(3, 1).contributions == ()


def test_a_graph_without_interactions_gives_full_lists() -> None:
    model = create("user-knn").fit(snapshot_of(2, 3, []))
    assert model.top_k(np.array([0, 1]), 9).items.tolist() == [[0, 1, 2]] * 2


def test_one_user_with_one_item_has_no_neighbour() -> None:
    graph = snapshot_of(1, 1, [(0, 0)])
    model = create("user-knn").fit(graph)
    assert model.scores(np.array([0])).tolist() == [[0]]
    assert model.top_k(np.array([0]), 5, graph.seen).items.tolist() == [[-1]]


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"shrinkage": -1.0}, {"similarity": "bm25"}])
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="user-knn"):
        create("user-knn", **wrong)
