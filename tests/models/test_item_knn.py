from __future__ import annotations

import numpy as np
import pytest
from contract import RecommenderContract
from scipy.spatial.distance import cdist
from toy_graphs import communities

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.results import NO_ITEM


class TestItemKNN(RecommenderContract):
    model = "item-knn"


@pytest.mark.parametrize("similarity", ["jaccard", "tf-idf", "bm25"])
class TestOtherSimilarities(RecommenderContract):
    model = "item-knn"

    @pytest.fixture(autouse=True)
    def _similarity(self, similarity: str) -> None:
        self.settings = {"similarity": similarity}


@pytest.mark.parametrize(("similarity", "distance"), [("cosine", "cosine"), ("jaccard", "jaccard")])
def test_ties_are_one_less_scipys_distance(similarity: str, distance: str) -> None:
    graph = communities()
    liked = graph.interactions.toarray() > 0
    expected = 1 - cdist(liked.T, liked.T, distance)
    np.fill_diagonal(expected, 0)
    expected[np.isnan(expected)] = 0
    made = create("item-knn", neighbours=10**6, similarity=similarity, shrinkage=0.0).fit(graph).graph.toarray()
    np.testing.assert_allclose(made, np.where(expected < 1e-12, 0, expected), rtol=1e-6, atol=1e-9)


def test_only_the_likest_items_are_kept_and_given_as_neighbours() -> None:
    graph = communities()
    whole = create("item-knn", neighbours=10**6).fit(graph)
    few = create("item-knn", neighbours=3).fit(graph)
    found = few.neighbours(5)
    assert found is not None
    liked = (graph.interactions.toarray() > 0).astype(int)
    shared = liked.T @ liked
    for item, row in enumerate(whole.graph.toarray()):
        best = [other for other in np.argsort(-row, kind="stable") if row[other] > 0][:3]
        assert set(few.graph[:, [item]].nonzero()[0].tolist()) == set(best)
        assert [other for other in found.top.items[item].tolist() if other != NO_ITEM] == best
        assert found.counts[item, : len(best)].tolist() == shared[item, best].tolist()
        assert not found.counts[item, len(best) :].any()


def test_shrinkage_lowers_likeness_on_few_users() -> None:
    graph = communities()
    plain, shrunk = (create("item-knn", neighbours=10**6, shrinkage=by).fit(graph).graph for by in (0.0, 5.0))
    users = np.asarray((graph.interactions > 0).sum(axis=0)).ravel()
    rows, columns = plain.nonzero()
    factor = np.sqrt(users[rows] * users[columns])
    expected = np.asarray(plain[rows, columns]).ravel() * factor / (factor + 5.0)
    np.testing.assert_allclose(np.asarray(shrunk[rows, columns]).ravel(), expected, rtol=1e-6)


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"shrinkage": -1.0}, {"similarity": "euclid"}])
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="item-knn"):
        create("item-knn", **wrong)
