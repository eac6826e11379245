"""Walks against probabilities worked out by hand and by brute force over dense matrices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import chisquare

from graphrec_neo4j.walks.random_walk import NO_NODE, RandomWalks

LADDER = np.array(
    [
        [0, 1, 1, 0, 0],
        [1, 0, 1, 1, 0],
        [1, 1, 0, 0, 1],
        [0, 1, 0, 0, 1],
        [0, 0, 1, 1, 0],
    ],
    dtype=np.float64,
)
WEIGHTED = LADDER * np.array([[0, 1, 4, 0, 0], [1, 0, 2, 3, 0], [4, 2, 0, 0, 1], [0, 3, 0, 0, 5], [0, 0, 1, 5, 0]])
STAR = np.array([[0, 9, 1, 0], [9, 0, 0, 0], [1, 0, 0, 2], [0, 0, 2, 0]], dtype=np.float64)


def walked(weights: np.ndarray, starts: list[int], length: int, seed: int = 0, **bias: float) -> np.ndarray:
    return RandomWalks(sparse.csr_matrix(weights), length, **bias).from_nodes(np.array(starts), seed)


def node2vec_step(weights: np.ndarray, before: int, node: int, p: float, q: float) -> np.ndarray:
    """Section 3.2.2 of the paper, word for word: alpha by the distance from ``before``, times the weight."""
    chances = np.zeros(len(weights))
    for following in np.flatnonzero(weights[node]):
        near = 1.0 if weights[before, following] else 1 / q
        chances[following] = (1 / p if following == before else near) * weights[node, following]
    return chances / chances.sum()


def is_drawn_from(counts: np.ndarray, chances: np.ndarray) -> bool:
    """A chi-square test at one in ten thousand; what has no chance must not have happened at all."""
    possible = chances > 0
    if counts[~possible].any():
        return False
    return possible.sum() < 2 or chisquare(counts[possible], counts.sum() * chances[possible]).pvalue > 1e-4


@pytest.mark.parametrize("weights", [LADDER, WEIGHTED, STAR], ids=["plain", "weighted", "star"])
def test_first_steps_follow_the_weights(weights: np.ndarray) -> None:
    for node in range(len(weights)):
        steps = walked(weights, [node] * 20_000, 2, seed=node)
        assert (steps[:, 0] == node).all()
        counts = np.bincount(steps[:, 1], minlength=len(weights))
        assert is_drawn_from(counts, weights[node] / weights[node].sum())


def test_the_tenth_node_is_where_ten_transitions_lead() -> None:
    chances = np.linalg.matrix_power(WEIGHTED / WEIGHTED.sum(axis=1, keepdims=True), 9)[3]
    assert is_drawn_from(np.bincount(walked(WEIGHTED, [3] * 30_000, 10)[:, 9], minlength=5), chances)


@pytest.mark.parametrize("weights", [LADDER, WEIGHTED, STAR], ids=["plain", "weighted", "star"])
@pytest.mark.parametrize(("p", "q"), [(0.25, 4), (4, 0.25), (0.1, 0.1), (5, 5), (1, 2), (0.5, 1), (0.05, 20)])
def test_later_steps_are_those_of_node2vec(weights: np.ndarray, p: float, q: float) -> None:
    steps = walked(weights, list(range(len(weights))) * 8000, 6, p=p, q=q)
    triples = np.concatenate([steps[:, at : at + 3] for at in range(4)])
    counts = np.zeros((len(weights),) * 3)
    np.add.at(counts, tuple(triples.T), 1)
    for before, node in np.argwhere(counts.sum(axis=2)).tolist():
        assert is_drawn_from(counts[before, node], node2vec_step(weights, before, node, p, q)), (before, node)


@pytest.mark.parametrize("bias", [{}, {"p": 0.5, "q": 2.0}])
def test_walks_are_the_same_for_any_number_of_threads(bias: dict[str, float]) -> None:
    weights = sparse.random(300, 300, 0.05, random_state=0, format="csr")
    walks, starts = RandomWalks(weights, 12, **bias), np.tile(np.arange(300), 20)
    np.testing.assert_array_equal(walks.from_nodes(starts, 7, threads=1), walks.from_nodes(starts, 7, threads=3))
    assert (walks.from_nodes(starts, 7) != walks.from_nodes(starts, 8)).any()


@pytest.mark.parametrize("bias", [{}, {"p": 0.5, "q": 2.0}])
def test_walks_from_one_node_differ(bias: dict[str, float]) -> None:
    assert len(np.unique(walked(LADDER, [0] * 200, 40, **bias), axis=0)) == 200


@pytest.mark.parametrize("bias", [{}, {"p": 0.5, "q": 2.0}])
def test_a_walk_ends_where_no_edge_leads_on(bias: dict[str, float]) -> None:
    one_way = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert walked(one_way, [0, 2, 3], 5, **bias).tolist() == [
        [0, 1, 2, NO_NODE, NO_NODE],
        [2, NO_NODE, NO_NODE, NO_NODE, NO_NODE],
        [3, NO_NODE, NO_NODE, NO_NODE, NO_NODE],
    ]


def test_no_starts_give_no_walks() -> None:
    assert walked(LADDER, [], 4).shape == (0, 4)


def test_a_step_back_that_is_all_but_forbidden_is_still_taken_from_a_leaf() -> None:
    line = np.array([[0, 1], [1, 0]])
    assert walked(line, [0], 6, p=1e12, q=1e-3).tolist() == [[0, 1, 0, 1, 0, 1]]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 8), st.data())
def test_walks_go_along_edges(size: int, data: st.DataObject) -> None:
    values = st.lists(st.sampled_from([0.0, 0.0, 1.0, 3.0]), min_size=size * size, max_size=size * size)
    weights = np.array(data.draw(values)).reshape(size, size)
    bias = data.draw(st.sampled_from([{}, {"p": 0.3, "q": 1.0}, {"p": 2.0, "q": 0.5}]))
    for walk in walked(weights, list(range(size)), 7, seed=data.draw(st.integers(0, 2**62)), **bias).tolist():
        for here, there in pairwise(walk):
            stuck = here == NO_NODE or not weights[here].any()
            assert there == NO_NODE if stuck else weights[here, there] > 0
