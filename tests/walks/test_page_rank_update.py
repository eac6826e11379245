"""Updates against full runs on the new graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import SIZES, snapshot_of, strengths
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.walks.page_rank import personalized_page_rank
from graphrec_neo4j.walks.page_rank_update import page_rank_update
from graphrec_neo4j.walks.typed_graph import TypedGraph

N = 16
EDITS = st.lists(
    st.tuples(st.integers(0, SIZES["User"] - 1), st.integers(0, SIZES["Item"] - 1), st.sampled_from([0.0, 1.0, 2.5])),
    min_size=1,
    max_size=5,
)


def edited(dense: dict[str, np.ndarray], edits: list[tuple[int, int, float]]) -> dict[str, np.ndarray]:
    likes = dense["LIKES"].copy()
    for user, item, strength in edits:
        likes[user, item] = strength
    return {**dense, "LIKES": likes}


@pytest.mark.parametrize("edges", [("LIKES",), ("LIKES", "FOLLOWS", "IN")])
@given(dense=strengths(), edits=EDITS, restart=st.sampled_from([0.15, 0.5]))
@settings(max_examples=30, deadline=None)
def test_old_ranks_and_gains_are_a_full_run(
    edges: tuple[str, ...], dense: dict[str, np.ndarray], edits: list[tuple[int, int, float]], restart: float
) -> None:
    old, new = TypedGraph.of(snapshot_of(dense), edges), TypedGraph.of(snapshot_of(edited(dense, edits)), edges)
    n = len(old)
    update = page_rank_update(old, new, restart, 1e-8)
    starts = sparse.identity(n, format="csr")
    before, after = (personalized_page_rank(graph, starts, restart, 1e-11) for graph in (old, new))
    kept = np.flatnonzero(~update.newcomers)
    assert np.abs(before[kept] + update.gains(kept) - after[kept]).sum(axis=1).max(initial=0.0) <= 1e-8 + 2e-11
    for tolerance in (1e-6, 1e-2):
        still = ~update.reached(np.arange(n), tolerance)
        assert np.abs(before - after)[still].sum(axis=1).max(initial=0.0) <= tolerance + 1e-8


def test_nobody_is_reached_in_another_component() -> None:
    """Users 0 and 1 share item 0; user 2 has item 1 alone, and gets item 2."""
    old, new = np.zeros((3, 3)), np.zeros((3, 3))
    old[[0, 1, 2], [0, 0, 1]] = 1
    new[[0, 1, 2, 2], [0, 0, 1, 2]] = 1
    graphs = [TypedGraph({"Node": 0}, {}, joined(likes), joined(likes).sum(axis=1).A1) for likes in (old, new)]
    update = page_rank_update(*graphs, tolerance=1e-9)
    assert update.reached(np.arange(3)).tolist() == [False, False, True]
    assert update.changed.tolist() == [2, 5]


def test_without_a_change_nobody_is_reached() -> None:
    graph = TypedGraph({"Node": 0}, {}, sparse.csr_matrix(1.0 - np.eye(3)), np.full(3, 2.0))
    update = page_rank_update(graph, graph)
    assert not update.reached(np.arange(3)).any()
    assert not update.gains(np.arange(3)).any()


def test_graphs_over_other_nodes_are_refused() -> None:
    one, other = (TypedGraph({"Node": 0}, {}, sparse.csr_matrix((n, n)), np.zeros(n)) for n in (2, 3))
    with pytest.raises(ModelError, match="same nodes"):
        page_rank_update(one, other)


def joined(likes: np.ndarray) -> sparse.csr_matrix:
    return sparse.csr_matrix(sparse.bmat([[None, likes], [likes.T, None]]))
