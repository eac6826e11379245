from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import CATEGORY, FRIEND, LONG, PATHS, SCHEMA, SIZES, TASTE, snapshot_of, strengths, walked
from scipy import sparse

from graphrec_neo4j.results import TopK
from graphrec_neo4j.walks import panel_walk
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk
from graphrec_neo4j.walks.panel_walk import BLOCK, PanelWalk, may_pay, rows_walked, switches
from graphrec_neo4j.walks.transitions import Chains
from loaders.from_edge_lists import load_adjacency

USERS = np.arange(SIZES["User"])
LONGER = f"{TASTE}<-LIKES-User-LIKES->Item"
ALWAYS, NEVER = 1e-9, 1e9


@contextmanager
def panel_edge(cost: float) -> Iterator[None]:
    """An edge of a panel costs so much while the block runs; blocks are walked only within."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panel_walk, "PANEL_EDGE", cost)
        patch.setattr(panel_walk, "HAND_OVER", 0.0)
        yield


@contextmanager
def switched_after(steps: int) -> Iterator[None]:
    """Every chain goes by rows for so many steps after the first, and then in panels if any step is left."""

    def at(chains: Chains, *_: Any) -> np.ndarray:
        return np.minimum(chains.first[:-1] + steps, chains.first[1:])

    with pytest.MonkeyPatch.context() as patch, panel_edge(ALWAYS):
        patch.setattr(panel_walk, "switches", at)
        yield


def walk_of(dense: dict[str, np.ndarray], *paths: str, **options: Any) -> MetaPathWalk:
    return MetaPathWalk.along(snapshot_of(dense), [SCHEMA.meta_path(path) for path in paths], **options)


def same(first: TopK, second: TopK) -> None:
    np.testing.assert_array_equal(first.items, second.items)
    np.testing.assert_array_equal(first.scores, second.scores)


@pytest.mark.parametrize("path", [*PATHS, LONGER])
@pytest.mark.parametrize("steps", range(5))
@given(dense=strengths())
@settings(max_examples=10, deadline=None)
def test_scores_are_the_product_of_the_steps_wherever_panels_begin(
    path: str, steps: int, dense: dict[str, np.ndarray]
) -> None:
    with switched_after(steps):
        scores = walk_of(dense, path).scores(USERS)
    np.testing.assert_allclose(scores, walked(dense, path, [1.0] * 9), rtol=1e-6, atol=1e-12)


@given(
    dense=strengths(),
    steps=st.integers(0, 3),
    k=st.integers(1, 12),
    least=st.integers(1, 4),
    weights=st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * 4),
    discounted=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_lists_are_those_of_row_products(
    dense: dict[str, np.ndarray], steps: int, k: int, least: int, weights: tuple[float, ...], discounted: bool
) -> None:
    """Chains of two, three and six steps together, so that short ones go by rows and others switch."""
    paths, discount = (FRIEND, CATEGORY, LONGER, LONG), np.linspace(0.2, 1.0, SIZES["Item"]) if discounted else None
    options = {"weights": weights, "discount": discount, "least_paths": least}
    seen, asked = snapshot_of(dense).seen, np.array([5, 0, 3, 3, 1, 2, 4])
    with panel_edge(NEVER):
        by_rows = walk_of(dense, *paths, **options)
        lists, scores = by_rows.top_k(asked, k, seen), by_rows.scores(asked)
    with switched_after(steps):
        in_panels = walk_of(dense, *paths, **options)
        np.testing.assert_array_equal(in_panels.scores(asked), scores)
        same(in_panels.top_k(asked, k, seen), lists)


@given(dense=strengths())
@settings(max_examples=20, deadline=None)
def test_histories_are_walked_in_panels_too(dense: dict[str, np.ndarray]) -> None:
    histories = sparse.csr_matrix(dense["LIKES"])
    with panel_edge(ALWAYS):
        scores = walk_of(dense, FRIEND, TASTE, CATEGORY).from_histories(histories, [1, 2]).scores(USERS)
    np.testing.assert_allclose(scores, walked(dense, TASTE) + walked(dense, CATEGORY), rtol=1e-6, atol=1e-12)


def long_walk(likes: sparse.csr_matrix) -> MetaPathWalk:
    back = sparse.csr_matrix(likes.T)
    return MetaPathWalk.over(likes, back, likes, back, likes)


def random_likes(users: int = 300, items: int = 90) -> sparse.csr_matrix:
    random = np.random.default_rng(0)
    return sparse.random(users, items, 0.1, "csr", rng=random, data_rvs=lambda size: random.integers(1, 4, size))


def test_who_is_asked_together_and_by_how_many_threads_changes_no_bit() -> None:
    likes = random_likes()
    users = np.arange(likes.shape[0])
    with panel_edge(ALWAYS):
        walk = long_walk(likes)
        lists = walk.top_k(users, 20, likes, threads=1)
        same(walk.top_k(users, 20, likes, threads=3), lists)
        some = np.random.default_rng(1).permutation(users)[: BLOCK + 1]
        same(walk.top_k(some, 20, likes), TopK(lists.items[some], lists.scores[some]))


def test_the_edges_of_row_products_are_counted() -> None:
    """Small enough for everyone to be in the sample: whoever is reached before a step sends along all her edges."""
    likes = random_likes(8, 12)
    walk = long_walk(likes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panel_walk, "ONE_IN", 1)
        edges, nodes = rows_walked(walk.starts, walk.steps, walk.chains, walk.width, 8)
    reached, expected = likes.toarray() > 0, []
    for step in (likes.T, likes, likes.T, likes):
        there = step.toarray() > 0
        expected.append(((reached @ there.sum(axis=1)).mean(), reached.sum(axis=1).mean()))
        reached = reached @ there
    np.testing.assert_allclose(np.transpose([edges, nodes]), expected)


def chains_of(*lengths: int) -> Chains:
    first = np.cumsum([0, *lengths])
    return Chains(np.zeros(len(lengths)), np.arange(first[-1]), first, np.ones(len(lengths)))


def test_a_chain_switches_where_the_sum_of_both_ways_is_least() -> None:
    """By rows 1 + 10 + 100, in panels 20 each: 60 from the start, 41 after one step, 31 after two, 111 never.

    Going over costs nothing, or 0, 5 and 16: then 46 after one step and 47 after two.
    """
    rows, panels, nothing = np.array([1.0, 10.0, 100.0]), np.full(3, 20.0), np.zeros(3)
    assert switches(chains_of(3), rows, nothing, panels).tolist() == [2]
    assert switches(chains_of(3), rows, np.array([0.0, 5.0, 16.0]), panels).tolist() == [1]
    assert switches(chains_of(1, 2), rows, nothing, panels).tolist() == [1, 2]
    assert switches(chains_of(3), rows, nothing, 50 * panels).tolist() == [3]
    assert switches(chains_of(3), panels, nothing, panels).tolist() == [3]


@pytest.mark.parametrize(("blocks", "least"), [(1, 11), (2, 22), (3, 33)])
def test_blocks_pay_where_they_cost_less_than_the_row_products_they_save(blocks: int, least: int) -> None:
    """A block costs what ten and a half users cost by rows, however few are in the last one."""
    walk = PanelWalk((), saved=2.0, cost=21.0)  # type: ignore[arg-type]
    users = range((blocks - 1) * BLOCK + 1, blocks * BLOCK + 1)
    assert [walk.pays(count) for count in users] == [count >= least for count in users]


def test_one_user_is_always_walked_by_rows() -> None:
    assert not may_pay(1)


@pytest.mark.data
def test_on_gowalla_three_steps_go_by_rows_and_five_in_panels(data_set: Callable[[str], Path]) -> None:
    """Lists of 48 users along five steps are those of row products."""
    snapshot = load_adjacency(data_set("gowalla") / "train.txt").snapshot
    user, item, (edge,) = snapshot.schema.recommend_to, snapshot.schema.recommend, snapshot.schema.edges
    again = f"<-{edge}-{user}-{edge}->{item}"
    short, long = (snapshot.schema.meta_path(f"{user}-{edge}->{item}{again * times}") for times in (1, 2))
    assert MetaPathWalk.along(snapshot, [short])._in_panels is None
    walk, users = MetaPathWalk.along(snapshot, [long]), np.arange(0, 29_760, 620)
    assert walk._in_panels is not None
    assert walk._in_panels.pays(len(users))
    lists = walk.top_k(users, 100, snapshot.seen)
    with panel_edge(NEVER):
        same(lists, MetaPathWalk.along(snapshot, [long]).top_k(users, 100, snapshot.seen))
