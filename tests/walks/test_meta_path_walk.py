from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_graphs import CATEGORY, FRIEND, PATHS, SCHEMA, SIZES, TASTE, WANTED, snapshot_of, strengths, walked
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from graphrec_neo4j.walks import places
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk, powers_of

USERS = np.arange(SIZES["User"])


def walk_of(dense: dict[str, np.ndarray], *paths: str, **options: object) -> MetaPathWalk:
    return MetaPathWalk.along(snapshot_of(dense), [SCHEMA.meta_path(path) for path in paths], **options)


def listed(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    """Top-k rows by 32-bit score, ties by row, of positive unseen scores."""
    lists = np.full((len(scores), k), NO_ITEM)
    for user, row in enumerate(np.where(seen > 0, 0, scores).astype(np.float32)):
        best = [item for item in np.argsort(-row, kind="stable") if row[item] > 0][:k]
        lists[user, : len(best)] = best
    return lists


@pytest.mark.parametrize("path", PATHS)
@given(dense=strengths())
@settings(max_examples=25, deadline=None)
def test_scores_are_the_product_of_the_transition_matrices(path: str, dense: dict[str, np.ndarray]) -> None:
    expected = walked(dense, path)
    np.testing.assert_allclose(walk_of(dense, path).scores(USERS), expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("path", PATHS)
@given(dense=strengths(), k=st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_lists_are_the_best_unseen_items_with_ties_by_row(path: str, dense: dict[str, np.ndarray], k: int) -> None:
    walk, seen = walk_of(dense, path), snapshot_of(dense).seen
    top = walk.top_k(USERS, k, seen)
    scores = walk.scores(USERS)
    np.testing.assert_array_equal(top.items, listed(scores, seen.toarray(), k))
    own = np.where(top.items == NO_ITEM, -np.inf, np.take_along_axis(scores, np.maximum(top.items, 0), axis=1))
    np.testing.assert_array_equal(top.scores, own)


@given(dense=strengths(), weights=st.tuples(*[st.sampled_from([0.1, 1.0, 3.0])] * 3))
@settings(max_examples=25, deadline=None)
def test_several_walks_add_up_by_their_weights(dense: dict[str, np.ndarray], weights: tuple[float, ...]) -> None:
    paths = (TASTE, CATEGORY, FRIEND)
    expected = sum(weight * walked(dense, path) for weight, path in zip(weights, paths, strict=True))
    scores = walk_of(dense, *paths, weights=weights).scores(USERS)
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-12)


@given(dense=strengths())
@settings(max_examples=25, deadline=None)
def test_alpha_is_the_power_of_every_step_and_the_discount_a_factor_of_every_item(dense: dict[str, np.ndarray]) -> None:
    discount = np.linspace(0.2, 1.0, SIZES["Item"])
    scores = walk_of(dense, TASTE, alpha=0.5, discount=discount).scores(USERS)
    np.testing.assert_allclose(scores, walked(dense, TASTE, [0.5] * 3) * discount, rtol=1e-6, atol=1e-12)


@given(dense=strengths())
@settings(max_examples=25, deadline=None)
def test_each_step_of_each_path_has_its_own_power_and_the_last_one_goes_on(dense: dict[str, np.ndarray]) -> None:
    longer = f"{TASTE}<-LIKES-User-LIKES->Item"
    expected = walked(dense, TASTE, [1.0, 0.7, 0.2]) + walked(dense, longer, [1.0, 0.7, 0.2, 0.2, 0.2])
    scores = walk_of(dense, TASTE, longer, alpha=(1.0, 0.7, 0.2)).scores(USERS)
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-12)


@given(dense=strengths(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_a_walk_over_given_matrices_is_their_product(dense: dict[str, np.ndarray], seed: int) -> None:
    liked = dense["LIKES"]
    items = np.random.default_rng(seed).random((liked.shape[1],) * 2).round(1)
    walk = MetaPathWalk.over(sparse.csr_matrix(liked), sparse.csr_matrix(items))
    np.testing.assert_allclose(walk.scores(USERS), liked @ items, rtol=1e-6, atol=1e-12)


def path_counts(dense: dict[str, np.ndarray], *paths: str) -> np.ndarray:
    """How many walks lead from each user to each item, over all ``paths``, each tried node by node."""
    counts = np.zeros((SIZES["User"], SIZES["Item"]))
    for path in paths:
        steps = SCHEMA.meta_path(path).steps
        matrices = [dense[step.edge] if step.forward else dense[step.edge].T for step in steps]
        for nodes in product(*(range(size) for size in (matrices[0].shape[0], *(m.shape[1] for m in matrices)))):
            counts[nodes[0], nodes[-1]] += all(m[pair] > 0 for m, pair in zip(matrices, pairwise(nodes), strict=True))
    return counts


@pytest.mark.parametrize("paths", [(TASTE,), (WANTED,), (TASTE, CATEGORY, FRIEND)])
@given(dense=strengths(), least=st.integers(1, 6))
@settings(max_examples=10, deadline=None)
def test_an_item_counts_from_as_many_walks_as_asked(
    paths: tuple[str, ...], dense: dict[str, np.ndarray], least: int
) -> None:
    enough = path_counts(dense, *paths) >= least
    walk, seen = walk_of(dense, *paths, least_paths=least), snapshot_of(dense).seen
    scores = walk.scores(USERS)
    np.testing.assert_array_equal(scores, np.where(enough, walk_of(dense, *paths).scores(USERS), 0))
    np.testing.assert_array_equal(walk.top_k(USERS, 5, seen).items, listed(scores, seen.toarray(), 5))
    again = MetaPathWalk.from_arrays(walk.arrays())
    np.testing.assert_array_equal(again.scores(USERS), scores)


@given(dense=strengths(), least=st.integers(2, 5))
@settings(max_examples=20, deadline=None)
def test_what_too_few_walks_lead_to_has_no_shares_and_the_others_add_up(
    dense: dict[str, np.ndarray], least: int
) -> None:
    walk = walk_of(dense, TASTE, CATEGORY, least_paths=least)
    items = np.tile(np.arange(SIZES["Item"], dtype=np.int32), (len(USERS), 1))
    shares = walk.shares(USERS, items, [0, 1], 50)
    np.testing.assert_allclose(shares.totals, walk.scores(USERS), rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(shares.parts.sum(axis=2), shares.totals, rtol=1e-9, atol=1e-12)
    assert ((shares.nodes == NO_ITEM).all(axis=2) == (shares.totals == 0)).all()


def test_each_type_of_interaction_weighs_as_the_schema_says() -> None:
    """User 0 likes item 0 and buys item 1 at thrice the importance: 1/4 goes to item 0, 3/4 to item 1.

    User 1 likes items 0 and 2; so item 0 sends half of its walk to her, who sends half of hers on to item 2.
    """
    ends = {"from": "User", "to": "Item", "role": "interaction"}
    nodes = {name: {"key_type": "integer"} for name in ("User", "Item")}
    edges = {"LIKES": {**ends, "importance": 1}, "BUYS": {**ends, "importance": 3}}
    schema = GraphSchema.model_validate({"recommend_to": "User", "recommend": "Item", "nodes": nodes, "edges": edges})
    liked, bought = (
        Edges(np.array(source, dtype=np.int32), np.array(target, dtype=np.int32))
        for source, target in (([0, 1, 1], [0, 0, 2]), ([0], [1]))
    )
    ids = {name: Nodes(IdMap(name, range(size), "integer")) for name, size in (("User", 2), ("Item", 3))}
    graph = GraphSnapshot(schema, ids, {"LIKES": liked, "BUYS": bought})
    walk = MetaPathWalk.along(graph, [schema.meta_path("User-*->Item<-*-User-*->Item")])
    to_the_other = 1 / 4 * 1 / 2
    own = 1 - to_the_other
    expected = [own / 4 + to_the_other / 2, own * 3 / 4, to_the_other / 2]
    np.testing.assert_allclose(walk.scores(np.array([0])), [expected], rtol=1e-6)


@pytest.mark.parametrize("alpha", [(), (1.0, np.nan), np.inf])
def test_a_power_that_is_no_number_is_refused(alpha: tuple[float, ...] | float) -> None:
    with pytest.raises(ModelError, match="alpha"):
        powers_of(alpha, 3)


@given(dense=strengths())
@settings(max_examples=10, deadline=None)
def test_edges_of_no_strength_are_no_edges(dense: dict[str, np.ndarray]) -> None:
    assume(all(strength.any() for strength in dense.values()))
    paths = [SCHEMA.meta_path(TASTE)]
    some, every = (MetaPathWalk.along(snapshot_of(dense, every), paths).scores(USERS) for every in (False, True))
    np.testing.assert_array_equal(some, every)


@given(dense=strengths())
@settings(max_examples=10, deadline=None)
def test_a_history_walks_as_the_user_who_has_it(dense: dict[str, np.ndarray]) -> None:
    walk = walk_of(dense, FRIEND, TASTE, CATEGORY, weights=(1.0, 2.0, 0.5))
    histories = sparse.csr_matrix(dense["LIKES"])
    expected = 2 * walked(dense, TASTE) + 0.5 * walked(dense, CATEGORY)
    np.testing.assert_allclose(walk.from_histories(histories, [1, 2]).scores(USERS), expected, rtol=1e-6, atol=1e-12)


def random_bipartite(seed: int, users: int = 300, items: int = 200) -> sparse.csr_matrix:
    return sparse.random(users, items, 0.05, "csr", rng=np.random.default_rng(seed), data_rvs=np.ones)


def big_walk(likes: sparse.csr_matrix) -> MetaPathWalk:
    """P3 over a graph that is larger than one piece of work."""
    return MetaPathWalk.along(graph_of(likes), [SCHEMA.meta_path(TASTE)])


def graph_of(likes: sparse.csr_matrix) -> GraphSnapshot:
    """Users and items alone, joined as in ``likes``."""
    none = np.array([], dtype=np.int32)
    sizes = {"User": likes.shape[0], "Item": likes.shape[1], "Category": 0}
    nodes = {name: Nodes(IdMap(name, range(size), "integer")) for name, size in sizes.items()}
    source, target = likes.nonzero()
    edges = {name: Edges(none, none) for name in SCHEMA.edges}
    return GraphSnapshot(SCHEMA, nodes, {**edges, "LIKES": Edges(source.astype(np.int32), target.astype(np.int32))})


def test_any_number_of_threads_gives_the_same_bits() -> None:
    likes = random_bipartite(1, users=1500)
    walk, users = big_walk(likes), np.arange(1500)
    alone = walk.top_k(users, 10, likes, threads=1)
    for threads in (2, 5):
        shared = walk.top_k(users, 10, likes, threads=threads)
        np.testing.assert_array_equal(shared.items, alone.items)
        np.testing.assert_array_equal(shared.scores, alone.scores)


def test_more_items_than_16_bits_can_number_are_walked_too() -> None:
    """Item 70,000 is liked by user 1 alone, whom user 0 knows by item 3: 1/2 goes to her, 1/2 of it on."""
    likes = sparse.csr_matrix((np.ones(3), ([0, 1, 1], [3, 3, 70_000])), shape=(2, 70_001))
    top = big_walk(likes).top_k(np.array([0]), 2, likes)
    assert top.items.tolist() == [[70_000, NO_ITEM]]
    assert top.scores[0, 0] == 1 / 4


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("room", [0, 3, 7])
@given(dense=strengths(), k=st.integers(1, 8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tail_of_rare_items_is_listed_like_the_others(
    monkeypatch: pytest.MonkeyPatch, path: str, room: int, dense: dict[str, np.ndarray], k: int
) -> None:
    """Two items are in the head; in the list there is room for none, some and all of the other five."""
    monkeypatch.setattr(places, "HEAD", 2)
    monkeypatch.setattr(places, "TAIL", room)
    walk, discount = walk_of(dense, path), np.linspace(0.3, 1.0, SIZES["Item"])
    for tried in (walk, walk_of(dense, path, CATEGORY, discount=discount)):
        top = tried.top_k(USERS, k, snapshot_of(dense).seen)
        np.testing.assert_array_equal(top.items, listed(tried.scores(USERS), snapshot_of(dense).seen.toarray(), k))


def test_long_lists_over_many_items_are_those_of_a_full_sort() -> None:
    likes = random_bipartite(5, users=400, items=900)
    walk, users = big_walk(likes), np.arange(400)
    for k in (1, 40, 300, 1000):
        expected = listed(walk.scores(users), likes.toarray(), k)
        np.testing.assert_array_equal(walk.top_k(users, k, likes).items, expected)


def test_users_are_answered_in_the_order_asked() -> None:
    likes = random_bipartite(2)
    walk = big_walk(likes)
    asked = np.array([7, 3, 7, 299])
    np.testing.assert_array_equal(walk.top_k(asked, 5, likes).items, walk.top_k(np.arange(300), 5, likes).items[asked])


def test_equal_scores_are_ranked_by_row() -> None:
    """Two users like the same five items, a third likes one of them: the other four tie for her."""
    likes = sparse.csr_matrix(np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]], dtype=float))
    top = big_walk(likes).top_k(np.array([2]), 3, likes)
    assert top.items.tolist() == [[0, 1, 3]]
    assert np.unique(top.scores).tolist() == [np.float32(2 / 3 * 1 / 5)]


def test_a_user_without_edges_reaches_nothing() -> None:
    likes = sparse.csr_matrix(np.array([[1.0, 1.0], [0.0, 0.0]]))
    top = big_walk(likes).top_k(np.array([1]), 2, likes)
    assert top.items.tolist() == [[NO_ITEM, NO_ITEM]]
    assert np.isneginf(top.scores).all()
    assert big_walk(likes).scores(np.array([1])).tolist() == [[0, 0]]


def test_no_users_are_no_lists() -> None:
    assert len(big_walk(random_bipartite(3)).top_k(np.array([], dtype=np.int64), 5)) == 0


def test_without_seen_items_nothing_is_left_out() -> None:
    likes = sparse.csr_matrix(np.array([[1.0, 0.0], [1.0, 1.0]]))
    assert big_walk(likes).top_k(np.array([0]), 2).items.tolist() == [[0, 1]]


@given(dense=strengths())
@settings(max_examples=5, deadline=None)
def test_arrays_give_an_equal_walk_back(dense: dict[str, np.ndarray]) -> None:
    walk = walk_of(dense, *PATHS, discount=np.linspace(0.5, 1, SIZES["Item"]))
    again = MetaPathWalk.from_arrays(walk.arrays())
    np.testing.assert_array_equal(again.scores(USERS), walk.scores(USERS))


@pytest.mark.parametrize("path", ["User-LIKES->Item", "Item<-LIKES-User-LIKES->Item", "User-LIKES->Item-IN->Category"])
def test_a_path_that_does_not_lead_from_users_to_items_in_two_steps_is_refused(path: str) -> None:
    with pytest.raises(ModelError, match="must lead from User to Item"):
        walk_of({name: np.zeros((2, 2)) for name in SCHEMA.edges}, path)


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.0), (1.0, -1.0), (1.0, float("nan"))])
def test_weights_must_be_positive_and_one_a_path(weights: tuple[float, ...]) -> None:
    with pytest.raises(ModelError, match="as many positive weights"):
        walk_of({name: np.zeros((2, 2)) for name in SCHEMA.edges}, TASTE, FRIEND, weights=weights)


def test_no_walk_at_all_cannot_be_asked_for() -> None:
    with pytest.raises(ModelError, match="least_paths must be at least 1, not 0"):
        walk_of({name: np.zeros((2, 2)) for name in SCHEMA.edges}, TASTE, least_paths=0)


def test_no_path_and_no_list_are_refused() -> None:
    with pytest.raises(ModelError, match="at least one meta-path"):
        walk_of({name: np.zeros((2, 2)) for name in SCHEMA.edges})
    with pytest.raises(ModelError, match="k must be at least 1"):
        big_walk(random_bipartite(4)).top_k(np.array([0]), 0)
