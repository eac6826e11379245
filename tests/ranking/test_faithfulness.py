"""Scores without the edges that reasons name: against sums that are known, and reasons that are false."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.faithfulness import Removals, faithfulness
from graphrec_neo4j.results import Contribution, Explanation, TopK
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.from_generator import generate


@pytest.fixture(scope="module")
def train() -> GraphSnapshot:
    return generate(users=300, items=80, interactions_per_user=14, seed=1).snapshot


class Additive:
    """``score(h, i) = sum of W[j, i] over the history h``; reasons are its terms, or told ``upside_down``."""

    name = "additive"

    def __init__(self, histories: sparse.csr_matrix, upside_down: bool = False) -> None:
        self.histories, self.upside_down = (histories > 0).astype(np.float64).tocsr(), upside_down
        self.weights = np.random.default_rng(0).random((histories.shape[1], histories.shape[1]))

    def scores(self, users: np.ndarray) -> np.ndarray:
        return self.histories[users] @ self.weights

    def fold_in(self, histories: sparse.csr_matrix) -> np.ndarray:
        return (histories > 0) @ self.weights

    def top_k(self, users: np.ndarray, k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        scores = self.scores(users) - (1e9 * (seen[users].toarray() > 0) if seen is not None else 0)
        best = np.argsort(-scores, axis=1)[:, :k].astype(np.int32)
        return TopK(best, np.take_along_axis(scores, best, axis=1).astype(np.float32))

    def explain(self, user: int, item: int, limit: int = 5) -> Explanation:
        mine = self.histories[[user]].indices
        parts = {int(one): float(self.weights[one, item]) for one in mine}
        told = {one: max(parts.values()) - score for one, score in parts.items()} if self.upside_down else parts
        found = [Contribution("taste", score, (("Item", one),)) for one, score in told.items()]
        return Explanation(sum(parts.values()), tuple(found), sum(parts.values()) - sum(told.values()), True)


def test_terms_of_a_sum_are_perfectly_faithful(train: GraphSnapshot) -> None:
    found = faithfulness(Additive(train.interactions), train, pairs=40)
    assert found["exact"] == found["pairs"] == 40
    assert found["largest_error"] < 1e-12
    assert found["beats_random"] == found["beats_popular"] == 1.0
    assert found["fidelity_plus"] + found["fidelity_minus"] == pytest.approx(1.0)


def test_reasons_told_upside_down_are_found_out(train: GraphSnapshot) -> None:
    found = faithfulness(Additive(train.interactions, upside_down=True), train, pairs=40)
    assert found["beats_random"] == 0.0


def test_the_three_largest_terms_go_and_no_other(train: GraphSnapshot) -> None:
    model = Additive(train.interactions)
    users = np.flatnonzero(np.diff(train.interactions.indptr) >= 10)[[0, 7]]
    items = np.array([3, 4])
    removals = Removals.of(model, train.interactions, users, items, np.random.default_rng(0))
    for place, (user, item) in enumerate(zip(users, items, strict=True)):
        mine = train.interactions[[user]].indices
        expected = set(mine[np.argsort(-model.weights[mine, item])[:3]].tolist())
        assert set(removals.gone["named"][place].tolist()) == expected
        assert set(removals.left("named")[place].tolist()) == set(mine.tolist()) - expected
    without = removals.graph_without(train, "named").interactions
    gone = (train.interactions > 0).astype(int) - (without > 0).astype(int)
    assert gone.nnz == 6
    assert set(gone.tocoo().row.tolist()) == set(users.tolist())


def test_fidelity_is_what_the_named_terms_are_of_the_sum(train: GraphSnapshot) -> None:
    model = Additive(train.interactions)
    found = faithfulness(model, train, pairs=1, seed=3)
    random = np.random.default_rng(3)
    users = np.flatnonzero(np.diff(train.interactions.indptr) >= 10)
    user = random.choice(users, 1, replace=False)
    item = random.choice(model.top_k(user, 20, train.seen).items[0].astype(np.int64))
    terms = np.sort(model.weights[train.interactions[user].indices, item])[::-1]
    assert found["fidelity_plus"] == pytest.approx(terms[:3].sum() / terms.sum())
    assert found["sparsity"] == pytest.approx(1 - 3 / len(terms))


def test_an_item_graph_refitted_without_its_reasons_says_the_same(train: GraphSnapshot) -> None:
    found = faithfulness(create("item-knn").fit(train), train, lambda graph, _: create("item-knn").fit(graph), pairs=20)
    assert found["beats_random"] == 1.0
    assert found["refitted"]["beats_random"] > 0.9


class Noisy(Additive):
    """An additive model whose fits differ by more than any of its terms."""

    def __init__(self, histories: sparse.csr_matrix, seed: int) -> None:
        super().__init__(histories)
        self.seed = seed

    def scores(self, users: np.ndarray) -> np.ndarray:
        found = super().scores(users)
        return found + np.random.default_rng([self.seed, int(found.sum())]).normal(0, 3, found.shape)


def test_the_mean_of_several_fits_tells_what_is_due_to_the_edges(train: GraphSnapshot) -> None:
    asked: list[int] = []

    def fit(graph: GraphSnapshot, seed: int) -> Noisy:
        asked.append(seed)
        return Noisy(graph.interactions, seed)

    once, often = (
        faithfulness(Additive(train.interactions), train, fit, pairs=40, seed=5, fits=fits)["refitted"]
        for fits in (1, 200)
    )
    assert asked[:5] == [5, 5, 5, 5, 6]
    assert once["beats_random"] < 0.8
    assert often["beats_random"] > 0.9


def test_popularity_names_no_edge(train: GraphSnapshot) -> None:
    found = faithfulness(create("popularity").fit(train), train, pairs=10)
    assert found["without_edges"] == 10
    assert found["beats_random"] is None
    assert found["fidelity_plus"] is None


def test_without_long_histories_it_is_refused() -> None:
    short = generate(users=30, items=50, interactions_per_user=2, seed=1).snapshot
    histories = np.diff(short.interactions.indptr)
    assert histories.max() < 10
    with pytest.raises(ModelError, match="no user has 10"):
        faithfulness(create("p3").fit(short), short)


def test_the_same_seed_asks_for_the_same_pairs(train: GraphSnapshot) -> None:
    model = create("p3").fit(train)
    assert faithfulness(model, train, pairs=20, seed=1) == faithfulness(model, train, pairs=20, seed=1)
    assert faithfulness(model, train, pairs=20, seed=1) != faithfulness(model, train, pairs=20, seed=2)
