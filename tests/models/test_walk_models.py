from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import networkx as nx
import numpy as np
import pytest
from contract import RecommenderContract
from scipy import sparse
from toy_graphs import communities, edges_of, snapshot_of

from graphrec_neo4j.errors import MetaPathError, ModelError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.metrics import hits_of, ndcg, recall
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes
from loaders.from_edge_lists import read_interactions
from loaders.from_movielens import load_movielens

TASTE = "User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item"
CATEGORY = "User-INTERACTED->Item-IN_CATEGORY->Category<-IN_CATEGORY-Item"
FRIEND = "User-FOLLOWS->User-INTERACTED->Item"


class TestP3(RecommenderContract):
    model = "p3"


class TestP3OverSeveralPaths(RecommenderContract):
    model = "p3"
    settings: ClassVar[dict[str, Any]] = {"meta_paths": (TASTE, CATEGORY, FRIEND), "weights": (0.6, 0.3, 0.1)}


class TestRP3Beta(RecommenderContract):
    model = "rp3beta"


class TestPersonalizedPageRank(RecommenderContract):
    model = "ppr"


def normalised(matrix: sparse.spmatrix) -> sparse.csr_matrix:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags(1 / np.where(sums > 0, sums, 1)) @ matrix)


def p3_by_scipy(likes: sparse.csr_matrix, users: np.ndarray) -> np.ndarray:
    ahead, back = normalised(likes), normalised(likes.T.tocsr())
    return (ahead[users] @ back @ ahead).toarray()


def jobs() -> GraphSnapshot:
    """Members and jobs by skill, without any interaction: member 0 has skills 0 and 1, member 1 has none."""
    schema = GraphSchema.model_validate(
        {
            "recommend_to": "Member",
            "recommend": "Job",
            "nodes": {name: {"key_type": "integer"} for name in ("Member", "Skill", "Job")},
            "edges": {
                "HAS_SKILL": {"from": "Member", "to": "Skill"},
                "REQUIRES": {"from": "Job", "to": "Skill"},
            },
        }
    )
    sizes = {"Member": 2, "Skill": 3, "Job": 4}
    nodes = {name: Nodes(IdMap(name, range(size), "integer")) for name, size in sizes.items()}
    edges = {"HAS_SKILL": edges_of([(0, 0), (0, 1)]), "REQUIRES": edges_of([(1, 0), (2, 0), (2, 1), (3, 2)])}
    return GraphSnapshot(schema, nodes, edges)


def test_p3_walks_the_path_of_taste_unless_told_otherwise() -> None:
    graph = communities()
    users = np.arange(len(graph.users))
    np.testing.assert_allclose(
        create("p3").fit(graph).scores(users), p3_by_scipy(graph.interactions, users), rtol=1e-6, atol=1e-12
    )


def test_p3_needs_no_interactions_where_skills_lead_to_jobs() -> None:
    """Half of the walk goes to each skill; skill 0 is required by jobs 1 and 2, skill 1 by job 2 alone."""
    model = create("p3").fit(jobs())
    np.testing.assert_allclose(model.scores(np.array([0])), [[0, 1 / 4, 3 / 4, 0]])
    why = model.explain(0, 2)
    assert [(part.kind, part.path, part.score, part.count) for part in why.contributions] == [
        ("category", (("Skill", 1),), 0.5, 1),
        ("category", (("Skill", 0),), 0.25, 1),
    ]
    assert why.contributions[0].edges == ("HAS_SKILL", "REQUIRES")


def test_where_no_walk_leads_the_most_popular_items_stand() -> None:
    model = create("p3").fit(snapshot_of(3, 4, [(0, 2), (1, 2), (1, 3)]))
    assert model.top_k(np.array([2]), 3).items.tolist() == [[2, 3, 0]]


def test_a_path_without_interactions_folds_in_by_popularity() -> None:
    graph = communities()
    model = create("p3", meta_paths=(FRIEND,)).fit(graph)
    folded = model.fold_in(graph.interactions[:2])
    np.testing.assert_array_equal(folded, np.tile(model.popularity.astype(np.float32), (2, 1)))


def test_rp3beta_divides_by_a_power_of_popularity() -> None:
    graph = communities()
    users = np.arange(len(graph.users))
    popularity = np.maximum(1, np.asarray((graph.interactions > 0).sum(axis=0)).ravel())
    expected = p3_by_scipy(graph.interactions, users) / popularity**0.4
    np.testing.assert_allclose(create("rp3beta", beta=0.4).fit(graph).scores(users), expected, rtol=1e-6, atol=1e-12)
    plain = create("rp3beta", beta=0.0).fit(graph).scores(users)
    np.testing.assert_array_equal(plain, create("p3").fit(graph).scores(users))


def test_a_graph_without_any_path_is_refused_with_advice() -> None:
    schema = GraphSchema.model_validate({"recommend_to": "A", "recommend": "B", "nodes": {"A": {}, "B": {}}})
    nodes = {name: Nodes(IdMap(name, ["x"], "string")) for name in ("A", "B")}
    with pytest.raises(ModelError, match=r"no meta-path leads from A to B.*graphrec\.toml"):
        create("p3").fit(GraphSnapshot(schema, nodes, {}))


def test_an_unknown_path_is_refused() -> None:
    with pytest.raises(MetaPathError):
        create("p3", meta_paths=("User-LIKES->Item",)).fit(communities())


def test_pagerank_tells_taste_ties_and_categories_apart() -> None:
    graph = communities()
    model = create("ppr").fit(graph)
    unseen = int(model.top_k(np.array([0]), 1, graph.seen).items[0, 0])
    parts = model.explain(0, unseen, 50).contributions
    kinds = {(part.kind, part.path[0][0], part.edges) for part in parts}
    assert kinds == {("taste", "Item", ("INTERACTED",)), ("tie", "User", ("FOLLOWS",))}


def test_pagerank_from_one_edge_is_told_by_that_edge_alone() -> None:
    """Two nodes, by hand: p_user = c + (1 - c) p_item, so p_item = (1 - c) / (2 - c)."""
    model = create("ppr", restart=0.5, tolerance=1e-10).fit(snapshot_of(1, 1, [(0, 0)]))
    assert model.scores(np.array([0]))[0, 0] == pytest.approx(1 / 3)
    why = model.explain(0, 0)
    assert [(part.path, part.score) for part in why.contributions] == [((), pytest.approx(1 / 3))]


def test_pagerank_of_a_lonely_user_reaches_nothing_and_falls_back_on_popularity() -> None:
    model = create("ppr").fit(snapshot_of(3, 4, [(0, 2), (1, 2), (1, 3)]))
    assert model.scores(np.array([2])).tolist() == [[0, 0, 0, 0]]
    assert model.top_k(np.array([2]), 2).items.tolist() == [[2, 3]]
    assert model.explain(2, 2).contributions == ()


@pytest.mark.data
def test_p3_on_gowalla_is_as_published_and_as_scipy(data_set: Callable[[str], Path]) -> None:
    """Recall@20 .1862 and NDCG@20 .1563 on the given split; lists of 200 users as from 64-bit sparse products."""
    folder = data_set("gowalla")
    given = read_interactions(folder / "train.txt", folder / "test.txt")
    train, truth = given.snapshot, given.test
    users = np.flatnonzero(np.diff(truth.indptr))
    model = create("p3").fit(train)
    top = model.top_k(users, 20, train.seen)
    hits, sizes = hits_of(top.items, truth[users]), np.diff(truth[users].indptr)
    assert recall(hits, sizes).mean() == pytest.approx(0.1862, abs=0.0005)
    assert ndcg(hits, sizes).mean() == pytest.approx(0.1563, abs=0.0005)

    some = np.random.default_rng(0).choice(len(users), 200, replace=False)
    expected = p3_by_scipy(train.interactions, users[some])
    listed = np.take_along_axis(expected, top.items[some].astype(np.int64), axis=1)
    np.testing.assert_allclose(top.scores[some], listed, rtol=1e-5, atol=0)
    expected[train.seen[users[some]].toarray() > 0] = 0
    best = np.argsort(-expected.astype(np.float32), axis=1, kind="stable")[:, :20]
    np.testing.assert_array_equal(top.items[some], best)


@pytest.mark.data
def test_pagerank_on_movielens_is_that_of_networkx(data_set: Callable[[str], Path]) -> None:
    graph = load_movielens(data_set("movielens_latest_small")).snapshot
    model = create("ppr").fit(graph)
    walked = nx.from_scipy_sparse_array(model.graph.weights)
    for user in (0, 400, 670):
        ranks = nx.pagerank(walked, 0.85, {user: 1.0}, tol=1e-14, max_iter=1000)
        first = model.graph.offsets[model.item_type]
        expected = np.array([ranks[first + item] for item in range(model.n_items)])
        assert np.abs(model.scores(np.array([user]))[0] - expected).sum() <= 1e-6
