"""Paths between a user and an item: all that there are on a small graph, in the order of what was learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx
import numpy as np
import pytest
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.models import create
from graphrec_neo4j.models.learnt_paths import (
    Floats,
    Step,
    TypedNode,
    Ways,
    by_importance,
    learnt_paths,
    nearness,
)
from graphrec_neo4j.snapshot import GraphSnapshot

SMALL = snapshot_of(
    4,
    4,
    liked=[(0, 0), (0, 1), (1, 0), (1, 2), (2, 1), (2, 2), (3, 3)],
    friends=[(0, 1), (3, 0)],
    categories=2,
    filed=[(0, 0), (2, 0), (1, 1)],
)


def even(node: TypedNode, ways: Sequence[Ways]) -> list[Floats]:
    return [np.full(len(way.rows), 0.5) for way in ways]


def as_networkx(graph: GraphSnapshot) -> networkx.Graph:
    made = networkx.Graph()
    for name, kind in graph.schema.edges.items():
        edges = graph.edges[name]
        for source, target in zip(edges.source.tolist(), edges.target.tolist(), strict=True):
            made.add_edge((kind.source, source), (kind.target, target))
    return made


def test_it_finds_the_simple_paths_of_two_to_four_steps_that_networkx_finds() -> None:
    start, goal = ("User", 0), ("Item", 2)
    every = networkx.all_simple_paths(as_networkx(SMALL), start, goal, cutoff=4)
    wanted = {tuple(path) for path in every if len(path) > 2}
    found = learnt_paths(SMALL, 0, 2, even, 100)
    assert {path.nodes for path in found} == wanted
    assert {path.relevance for path in found} == {0.5}
    assert [len(path.steps) for path in found] == sorted(len(path.steps) for path in found)


def test_steps_lie_along_stored_edges_in_their_direction() -> None:
    for path in learnt_paths(SMALL, 0, 2, even, 100):
        for step, before, after in zip(path.steps, path.nodes, path.nodes[1:], strict=False):
            kind, edges = SMALL.schema.edges[step.name], SMALL.edges[step.name]
            source, target = (before, after) if step.forward else (after, before)
            assert (source[0], target[0]) == (kind.source, kind.target)
            assert (source[1], target[1]) in set(zip(edges.source.tolist(), edges.target.tolist(), strict=True))


def test_relevance_is_the_geometric_mean_of_the_steps() -> None:
    important = {frozenset((("User", 0), ("User", 1))): 0.9, frozenset((("User", 1), ("Item", 2))): 0.4}
    best, *others = learnt_paths(SMALL, 0, 2, by_importance(important, even), 100)
    assert best.nodes == (("User", 0), ("User", 1), ("Item", 2))
    assert best.relevance == pytest.approx(0.6)
    assert all(path.relevance < 0.6 for path in others)


def test_a_liked_item_is_no_path_to_itself() -> None:
    assert all(len(path.steps) > 1 for path in learnt_paths(SMALL, 0, 0, even, 100))


def test_nearness_is_the_cosine_of_the_ends_and_a_category_lies_among_its_items() -> None:
    users, items = np.array([[1.0, 0], [0, 2], [1, 1], [1, 0]]), np.array([[1.0, 0], [0, 1], [0, 1], [1, 0]])
    relevance = nearness(SMALL, users, items)
    ways = [Ways(Step("INTERACTED", True), "Item", np.array([0, 1]))]
    (of_items,) = relevance(("User", 0), ways)
    np.testing.assert_allclose(of_items, [1.0, 0.5])
    ways = [Ways(Step("IN_CATEGORY", True), "Category", np.array([0, 1]))]
    (of_categories,) = relevance(("Item", 0), ways)
    np.testing.assert_allclose(of_categories, [(1 + np.sqrt(1 / 2)) / 2, 0.5])


@pytest.mark.parametrize("name", ["transe", "distmult", "rotate"])
def test_plausibilities_of_a_nodes_edges_add_up_to_one_and_rank_as_the_model_does(name: str) -> None:
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.models.networks.triples import plausibility

    graph = communities()
    settings: dict[str, Any] = {"epochs": 3, "batches": 4, "dimensions": 16}
    model: Any = create(name, **settings).fit(graph, seed=1)
    relevance = plausibility(model.network_over(graph)[0], graph.schema, model.settings)
    items = np.arange(12)
    (shares,) = relevance(("User", 3), [Ways(Step("INTERACTED", True), "Item", items)])
    assert shares.sum() == pytest.approx(1)
    assert (np.argsort(-shares) == np.argsort(-model.scores(np.array([3]))[0, items])).all()


@pytest.mark.parametrize("name", ["transe", "mf", "gat"])
def test_the_paths_of_a_model_are_the_same_each_time(name: str) -> None:
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.models.deep_reasons import deep_reasons

    graph = communities()
    model = create(name, epochs=2, batches=3, dimensions=16).fit(graph, seed=1)
    once, again = (deep_reasons(model, graph, 3, 9).paths for _ in range(2))
    assert once == again
    assert len(once) == 5
    assert all(0 < path.relevance <= 1 for path in once)
    assert list(once) == sorted(once, key=lambda path: -path.relevance)
