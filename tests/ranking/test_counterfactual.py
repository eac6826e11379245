"""What would change a list, against every set of interactions by brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse
from test_faithfulness import Additive

from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.counterfactual import Listed, comes_with, leaves_without
from loaders.from_generator import generate

ITEMS, K = 14, 3


def random_case(seed: int) -> tuple[Additive, sparse.csr_matrix]:
    random = np.random.default_rng(seed)
    liked = (random.random((30, ITEMS)) < 0.4).astype(np.float64)
    liked[0, 6:] = 0
    liked[0, :5] = 1
    histories = sparse.csr_matrix(liked)
    model = Additive(histories)
    model.weights = random.random((ITEMS, ITEMS))
    return model, histories


def is_listed(model: Additive, history: np.ndarray, candidates: np.ndarray, item: int) -> bool:
    scores = model.weights[history].sum(axis=0)
    best = sorted(candidates.tolist(), key=lambda one: (-scores[one], one))[:K]
    return item in best


@pytest.mark.parametrize("seed", range(25))
def test_the_smallest_set_by_brute_force(seed: int) -> None:
    model, histories = random_case(seed)
    mine = histories[[0]].indices
    candidates = np.setdiff1d(np.arange(ITEMS), mine)
    for item in candidates.tolist():
        listed = Listed(model, histories, histories, 0, item, K)
        assert listed.now() == is_listed(model, mine, candidates, item)
        found = leaves_without(listed)
        sizes = [
            size
            for size in range(1, len(mine) + 1)
            for gone in itertools.combinations(mine.tolist(), size)
            if not is_listed(model, np.setdiff1d(mine, gone), candidates, item)
        ]
        if not listed.now() or not sizes:
            assert found is None
            continue
        assert found is not None
        assert not is_listed(model, np.setdiff1d(mine, found.items), candidates, item)
        if found.smallest:
            assert len(found.items) == min(sizes)
        else:
            assert min(sizes) > 2
            for one in found.items:
                assert is_listed(model, np.setdiff1d(mine, set(found.items) - {one}), candidates, item)


@pytest.mark.parametrize("seed", range(10))
def test_what_brings_an_item_in_does(seed: int) -> None:
    model, histories = random_case(seed)
    mine = histories[[0]].indices
    candidates = np.setdiff1d(np.arange(ITEMS), mine)
    for item in candidates.tolist():
        found = comes_with(Listed(model, histories, histories, 0, item, K))
        if is_listed(model, mine, candidates, item):
            assert found is None
        elif found is not None:
            assert found.items[0] in candidates
            assert is_listed(model, np.append(mine, found.items), candidates, item)


def test_a_real_model_agrees_with_a_graph_that_never_had_them() -> None:
    train = generate(users=300, items=80, interactions_per_user=14, seed=1).snapshot
    model = create("item-knn").fit(train)
    user = int(np.argmax(np.diff(train.interactions.indptr) >= 12))
    item = int(model.top_k(np.array([user]), 5, train.seen).items[0, 4])
    listed = Listed(model, train.interactions, train.seen, user, item, 5)
    assert listed.now()
    found = leaves_without(listed)
    assert found is not None
    assert set(found.items) <= set(listed.history.tolist())
    assert not listed.without([found.items])[0]


def test_without_a_history_nothing_can_go() -> None:
    model, histories = random_case(0)
    empty = sparse.csr_matrix(histories.shape)
    listed = Listed(model, empty, empty, 0, 0, K)
    assert listed.now()
    assert leaves_without(listed) is None
