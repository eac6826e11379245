from __future__ import annotations

import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
from contract import RecommenderContract
from test_memory import LONG, WIDE, large, told
from toy_graphs import communities, edges_of, snapshot_of

from graphrec_neo4j.errors import MetaPathError, ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.walk_embeddings import WalkEmbeddings

NAMES = ["deepwalk", "node2vec", "metapath2vec"]
TASTE = "User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item"


class TestDeepWalk(RecommenderContract):
    model = "deepwalk"


class TestNode2Vec(RecommenderContract):
    model = "node2vec"


class TestMetaPath2Vec(RecommenderContract):
    model = "metapath2vec"


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fitted(name: str, **settings: Any) -> WalkEmbeddings:
    model = create(name, **settings).fit(communities())
    assert isinstance(model, WalkEmbeddings)
    return model


def test_scores_are_the_products_of_the_published_vectors(name: str) -> None:
    model = fitted(name, rounds=2)
    vectors = model.vectors()
    assert vectors.dimensions == 65
    np.testing.assert_allclose(model.scores(np.arange(45)), vectors.users @ vectors.items.T, rtol=0, atol=1e-5)


def test_the_exponent_adds_the_log_of_popularity_and_nothing_else(name: str) -> None:
    without, whole = (fitted(name, rounds=2, popularity_exponent=a).scores(np.arange(44)) for a in (0.0, 1.0))
    added = whole - without
    np.testing.assert_allclose(added, np.broadcast_to(added[0], added.shape), rtol=0, atol=1e-5)
    often = communities().interactions.getnnz(axis=0)[:-1]
    assert np.corrcoef(added[0, :-1], np.log(often))[0, 1] > 0.8
    half = fitted(name, rounds=2, popularity_exponent=0.5).scores(np.arange(44))
    np.testing.assert_allclose(half, (without + whole) / 2, rtol=0, atol=1e-5)


def test_a_user_who_only_has_friends_gets_what_they_like() -> None:
    """User 44 of the communities has no interaction; her friends are all of one community of taste."""
    graph = communities()
    friends = [
        (int(s), int(t)) for s, t in zip(graph.edges["FOLLOWS"].source, graph.edges["FOLLOWS"].target, strict=True)
    ]
    graph = graph.with_edges(FOLLOWS=edges_of([*friends, (44, 1), (44, 4), (44, 7)]))
    for name in ("deepwalk", "node2vec"):
        items = create(name).fit(graph).top_k(np.array([44]), 8, graph.seen).items[0]
        assert (items % 3 == 1).mean() > 0.7


def test_an_item_nobody_has_is_found_through_its_category() -> None:
    """Item 35 of the communities has no interaction, but a category: that of those who like items 2, 5, 8 and so on."""
    for name in NAMES:
        scores = fitted(name).scores(np.arange(44))[:, 35]
        of_group = [scores[np.arange(44) % 3 == group].mean() for group in range(3)]
        assert of_group[2] > max(of_group[:2]) + 0.3


def test_edges_that_are_not_named_are_not_walked() -> None:
    graph, users = communities(), np.arange(44)
    alone = graph.with_edges(FOLLOWS=edges_of([]), IN_CATEGORY=edges_of([]))
    for name in ("deepwalk", "node2vec"):
        model = create(name, edges=("INTERACTED",), rounds=2)
        np.testing.assert_array_equal(model.fit(graph).scores(users), model.fit(alone).scores(users))


def test_a_meta_path_that_is_not_named_is_not_walked() -> None:
    graph, users = communities(), np.arange(44)
    alone = graph.with_edges(FOLLOWS=edges_of([]))
    model = create("metapath2vec", meta_paths=(TASTE,), rounds=2)
    np.testing.assert_array_equal(model.fit(graph).scores(users), model.fit(alone).scores(users))
    assert (model.scores(users) != create("metapath2vec", rounds=2).fit(graph).scores(users)).any()


def test_negatives_of_ones_own_type_teach_otherwise() -> None:
    users = np.arange(44)
    assert (
        fitted("metapath2vec", rounds=1, typed=False).scores(users) != fitted("metapath2vec", rounds=1).scores(users)
    ).any()


def test_p_and_q_of_one_are_deepwalk() -> None:
    users, quick = np.arange(44), {"rounds": 2}
    plain = fitted("deepwalk", **quick).scores(users)
    np.testing.assert_array_equal(fitted("node2vec", p=1.0, q=1.0, **quick).scores(users), plain)
    assert (fitted("node2vec", p=0.25, **quick).scores(users) != plain).any()
    assert (fitted("node2vec", p=1.0, q=4.0, **quick).scores(users) != plain).any()


def test_strong_edges_are_walked_more_often(name: str) -> None:
    """Both like items 0 and 1, one of them ninety times as much, and everybody else likes what follows from that."""
    liked = [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        *((user, user % 2) for user in range(2, 12)),
        *((user, 2 + user % 2) for user in range(2, 12)),
    ]
    graph = snapshot_of(12, 4, liked)
    edges = graph.edges["INTERACTED"]
    weight = np.where((edges.source < 2) & (edges.target != edges.source), 1.0, 90.0)
    graph = graph.with_edges(INTERACTED=type(edges)(edges.source, edges.target, weight))
    scores = create(name).fit(graph).scores(np.arange(2))
    assert scores[0, 2] > scores[0, 3]
    assert scores[1, 3] > scores[1, 2]


def test_a_graph_without_a_way_to_an_item_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=f"^{name} learns from walks, and none leads to a Item; load some edges"):
        create(name).fit(snapshot_of(2, 3, []))


def test_an_unknown_edge_type_is_refused_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="the nearest is 'FOLLOWS'"):
        create("deepwalk", edges=("FOLOWS",)).fit(communities())
    with pytest.raises(MetaPathError):
        create("metapath2vec", meta_paths=("User-LOVES->Item",)).fit(communities())


@pytest.mark.parametrize(
    ("model", "wrong", "said"),
    [
        ("deepwalk", {"length": 1}, "length must be at least 2"),
        ("deepwalk", {"popularity_exponent": -0.1}, "popularity_exponent must be 0 or more"),
        ("deepwalk", {"popularity_exponent": float("nan")}, "popularity_exponent must be 0 or more"),
        ("deepwalk", {"window": 0}, "must be at least 1"),
        ("node2vec", {"p": 0.0}, "p and q must lie between 0.01 and 100"),
        ("node2vec", {"q": 1000.0}, "p and q must lie between 0.01 and 100"),
        ("node2vec", {"q": float("nan")}, "p and q must lie between 0.01 and 100"),
        ("metapath2vec", {"rounds": 0}, "must be at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(model: str, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        create(model, **wrong)


def test_no_torch_is_needed() -> None:
    code = (
        "import sys\nsys.modules['torch'] = None\n"
        f"sys.path[:0] = {[entry for entry in sys.path if entry]!r}\n"
        "from toy_graphs import communities\nfrom graphrec_neo4j.models import create\n"
        "create('metapath2vec', rounds=1).fit(communities())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("size", [WIDE, LONG])
def test_what_is_foreseen_is_within_a_factor_of_two_of_what_is_taken(name: str, size: tuple[int, int, int]) -> None:
    quick = {"rounds": 1, "length": 10, "window": 2}
    create(name, **quick).fit(communities()).top_k(np.arange(3), 5)  # compiled before it is measured
    graph = large(*size).with_edges()
    expected = told(create(name, **quick), graph)
    tracemalloc.start()
    try:
        create(name, **quick).fit(graph).top_k(np.arange(20), 5, graph.seen)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert expected / 2 < taken < 2 * expected, taken / expected
