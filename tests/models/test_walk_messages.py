"""Reasons of vectors learnt from walks: against dense walks whose first step does not go to what the reason names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from knowledge_graphs import jobs
from toy_graphs import communities, edges_of

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.models import create, walk_embeddings
from graphrec_neo4j.models.history_regression import RIDGE
from graphrec_neo4j.results import Explanation
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes
from graphrec_neo4j.walks.typed_graph import TypedGraph

QUICK: dict[str, Any] = {"rounds": 2, "dimensions": 8}
USERS = 45
TASTE = "User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item"


def learnt_by(monkeypatch: pytest.MonkeyPatch, name: str, graph: GraphSnapshot, **settings: Any) -> tuple[Any, Any]:
    """A fitted model and what skip-gram learnt of all nodes."""
    kept, learn = [], walk_embeddings.learn_skip_gram
    monkeypatch.setattr(
        walk_embeddings, "learn_skip_gram", lambda *given, **named: kept.append(learn(*given, **named)) or kept[-1]
    )
    return create(name, **{**QUICK, **settings}).fit(graph), kept[-1]


def vectors_by(steps: np.ndarray, learnt: Any, window: int) -> tuple[np.ndarray, np.ndarray]:
    """What stands around each node (n, d) on walks by ``steps`` (n, n), and the map of a ridge regression of it."""
    around, said = np.zeros_like(learnt.outputs, dtype=np.float64), learnt.outputs.astype(np.float64)
    for distance in range(1, window + 1):
        around += (window - distance + 1) / window * said
        said = steps @ said
    features = (steps @ around)[:USERS]
    ridge = RIDGE * np.trace(features.T @ features) / features.shape[1]
    padded = np.vstack([features, np.sqrt(ridge) * np.eye(features.shape[1])])
    targets = np.vstack([learnt.inputs[:USERS], np.zeros((features.shape[1],) * 2)])
    return around, np.linalg.lstsq(padded, targets, rcond=None)[0]


def parts_of(why: Explanation) -> dict[tuple[str, str, int], float]:
    return {(part.kind, *part.path[0]): part.score for part in why.contributions}


@pytest.mark.parametrize(
    ("name", "settings", "walked"),
    [
        ("deepwalk", {}, ()),
        ("deepwalk", {"window": 2, "edges": ("INTERACTED",)}, ("INTERACTED",)),
        ("metapath2vec", {"meta_paths": (TASTE,)}, ("INTERACTED",)),
    ],
    ids=str,
)
def test_a_reason_is_what_is_lost_where_no_walk_goes_from_the_user_to_what_it_names(
    name: str, settings: dict[str, Any], walked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Her first step is drawn among her other neighbours; all that is learnt, and all other steps, are as they were."""
    graph, user, item = communities(), 7, 3
    model, learnt = learnt_by(monkeypatch, name, graph, **settings)
    weights = TypedGraph.of(graph, walked).weights.toarray()
    steps = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)
    around, onward = vectors_by(steps, learnt, model.settings.window)

    def vector(first: np.ndarray) -> np.ndarray:
        return first / first.sum() @ around @ onward

    expected = {}
    for node in np.flatnonzero(steps[user]).tolist():
        kind = ("taste", "Item", node - USERS) if node >= USERS else ("tie", "User", node)
        without = np.where(np.arange(len(steps)) == node, 0, steps[user])
        expected[kind] = float((vector(steps[user]) - vector(without)) @ learnt.outputs[USERS + item])
    why = model.explain(user, item, 99)
    assert parts_of(why) == pytest.approx({key: lost for key, lost in expected.items() if lost > 0}, abs=1e-4)
    assert len(why.contributions) > 2
    assert why.exact
    visits = learnt.visits[USERS : USERS + 36]
    popular = np.log(visits[item]) - np.log(visits[visits > 0]).mean()
    owed = vector(steps[user]) @ learnt.outputs[USERS + item] + model.settings.popularity_exponent * popular
    assert why.score == pytest.approx(owed, abs=1e-4)


def test_a_strong_edge_is_most_of_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine times out of ten her walks begin with the one item that she likes ninety times as much."""
    graph = communities()
    edges = graph.edges["INTERACTED"]
    mine = np.flatnonzero(edges.source == 7)
    weight = np.ones(len(edges))
    weight[mine[2]] = 90.0
    model, _ = learnt_by(
        monkeypatch, "deepwalk", graph.with_edges(INTERACTED=type(edges)(edges.source, edges.target, weight))
    )
    (heard,) = [each for each in model.heard.messages if each.kind == "taste"]
    senders, said = heard.to(7)
    assert senders[np.argmax(said[:, -1])] == edges.target[mine[2]]
    assert said[:, -1].max() > 0.85


def test_who_has_one_neighbour_is_compared_with_users_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = communities()
    edges = graph.edges["INTERACTED"]
    alone = type(edges)(np.append(edges.source, 44).astype(np.int32), np.append(edges.target, 3).astype(np.int32))
    model, _ = learnt_by(monkeypatch, "deepwalk", graph.with_edges(INTERACTED=alone, FOLLOWS=edges_of([])))
    told = sum(each.to(44)[1].sum(axis=0) for each in model.heard.messages)
    apart = told - model.parts.users.mean(axis=0, dtype=np.float64)
    items = np.flatnonzero(model.parts.items @ apart > 1e-3)
    assert len(items) > 5
    for item in items[:5].tolist():
        expected = {("taste", "Item", 3): float(apart @ model.parts.items[item])}
        assert parts_of(model.explain(44, item)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["deepwalk", "node2vec", "metapath2vec"])
def test_what_a_user_hears_weighs_one_in_all_and_is_her_vector(name: str) -> None:
    model = create(name, dimensions=8).fit(communities())
    told = np.array([sum(each.to(user)[1].sum(axis=0) for each in model.heard.messages) for user in range(44)])
    np.testing.assert_allclose(told[:, -1], 1, rtol=1e-5)
    np.testing.assert_allclose(told, model.parts.users[:44], rtol=0, atol=1e-5)
    assert {each.kind for each in model.heard.messages} == {"taste", "tie"}


@pytest.mark.parametrize("name", ["deepwalk", "node2vec"])
def test_who_is_not_known_is_brought_what_walks_from_her_items_bring(name: str) -> None:
    """As to a user who knows no more than that."""
    graph = communities().with_edges(FOLLOWS=edges_of([]))
    model = create(name, **QUICK).fit(graph)
    np.testing.assert_allclose(model.fold_in(graph.interactions), model.scores(np.arange(USERS)), atol=1e-4)


def test_what_is_no_item_and_no_user_is_told_as_a_category(tmp_path: Path) -> None:
    graph = jobs()
    model = create("deepwalk", **QUICK).fit(graph)
    schema = graph.schema
    kinds = {(each.kind, each.node_type, each.edge) for each in model.heard.messages}
    assert ("category", "Skill", "HAS") in kinds
    assert {kind for kind, _, _ in kinds} == {"taste", "tie", "category"}
    assert all(schema.edges[edge].source == schema.recommend_to for _, _, edge in kinds if edge != "*")
    model.save(tmp_path)
    assert create("deepwalk", **QUICK).restore(tmp_path).explain(0, 1, 99) == model.explain(0, 1, 99)


def test_among_people_nobody_is_a_reason_for_herself_or_leads_back_to_the_user() -> None:
    schema = GraphSchema.parse(
        """
        recommend_to = "Person"
        recommend = "Person"
        [nodes.Person]
        key_type = "integer"
        [edges.FOLLOWS]
        from = "Person"
        to = "Person"
        """
    )
    random, n = np.random.default_rng(0), 30
    alike = [[other for other in range(n) if other % 3 == one % 3 and other != one] for one in range(n)]
    follows = [(one, int(other)) for one in range(n) for other in random.choice(alike[one], 4, replace=False)]
    graph = GraphSnapshot(
        schema, {"Person": Nodes(IdMap("Person", range(n), "integer"))}, {"FOLLOWS": edges_of(follows)}
    )
    model = create("deepwalk", **QUICK).fit(graph)
    kinds = set()
    for user in range(n):
        for item in model.top_k(np.array([user]), 5, graph.seen).items[0].tolist():
            for part in model.explain(user, item, 9).contributions:
                assert {("Person", item), ("Person", user)}.isdisjoint(part.path)
                kinds.add(part.kind)
    assert kinds == {"taste", "tie"}
