"""PageRank against networkx, which iterates the plain way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import ENDS, SIZES, snapshot_of, strengths
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.walks.page_rank import arrival_probabilities, page_rank, personalized_page_rank
from graphrec_neo4j.walks.typed_graph import TypedGraph
from loaders.from_edge_lists import load_adjacency

FIRST = {"User": 0, "Item": 6, "Category": 13}
N = 16


def networkx_graph(dense: dict[str, np.ndarray], edges: tuple[str, ...] = tuple(ENDS)) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(N))
    for name in edges:
        source, target = ENDS[name]
        for row, column in zip(*np.nonzero(dense[name]), strict=True):
            one, other = FIRST[source] + int(row), FIRST[target] + int(column)
            for ends in ((one, other), (other, one)):
                before = graph.get_edge_data(*ends, default={"weight": 0.0})["weight"]
                graph.add_edge(*ends, weight=before + dense[name][row, column])
    return graph


def networkx_ranks(graph: nx.DiGraph, restart: float, personalization: dict[int, float] | None = None) -> np.ndarray:
    ranks = nx.pagerank(graph, 1 - restart, personalization, max_iter=20_000, tol=1e-13)
    return np.array([ranks[node] for node in range(len(graph))])


def restarts_at(vector: np.ndarray) -> sparse.csr_matrix:
    return sparse.csr_matrix(vector.reshape(-1, N))


@given(dense=strengths(), restart=st.sampled_from([0.05, 0.15, 0.5, 0.9]))
@settings(max_examples=25, deadline=None)
def test_global_ranks_are_those_of_networkx(dense: dict[str, np.ndarray], restart: float) -> None:
    graph = TypedGraph.of(snapshot_of(dense))
    expected = networkx_ranks(networkx_graph(dense), restart)
    assert np.abs(page_rank(graph, restart) - expected).sum() <= 1e-6
    assert np.abs(page_rank(graph, restart, 1e-11) - expected).sum() <= 1e-10


@given(dense=strengths(), user=st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_personalized_ranks_are_those_of_networkx(dense: dict[str, np.ndarray], user: int) -> None:
    vector = np.eye(N)[user]
    expected = networkx_ranks(networkx_graph(dense), 0.15, {user: 1.0})
    ranks = personalized_page_rank(TypedGraph.of(snapshot_of(dense)), restarts_at(vector))[0]
    assert np.abs(ranks - expected).sum() <= 1e-6


@given(dense=strengths(), mass=st.lists(st.integers(0, 4), min_size=N, max_size=N).filter(any))
@settings(max_examples=25, deadline=None)
def test_any_restart_vector_gets_its_dangling_mass_back(dense: dict[str, np.ndarray], mass: list[int]) -> None:
    vector = np.array(mass) / sum(mass)
    expected = networkx_ranks(networkx_graph(dense), 0.15, dict(enumerate(vector)))
    ranks = personalized_page_rank(TypedGraph.of(snapshot_of(dense)), restarts_at(vector), tolerance=1e-10)[0]
    assert np.abs(ranks - expected).sum() <= 1e-9


@given(dense=strengths())
@settings(max_examples=10, deadline=None)
def test_only_the_chosen_edges_are_walked(dense: dict[str, np.ndarray]) -> None:
    graph = TypedGraph.of(snapshot_of(dense), ["LIKES", "IN"])
    expected = networkx_ranks(networkx_graph(dense, ("LIKES", "IN")), 0.15)
    assert np.abs(page_rank(graph) - expected).sum() <= 1e-6


@given(dense=strengths(), item=st.integers(0, 6))
@settings(max_examples=25, deadline=None)
def test_arrivals_are_the_ranks_seen_from_every_node(dense: dict[str, np.ndarray], item: int) -> None:
    graph, target = TypedGraph.of(snapshot_of(dense)), FIRST["Item"] + item
    everyone = personalized_page_rank(graph, restarts_at(np.eye(N)), tolerance=1e-12)
    np.testing.assert_allclose(arrival_probabilities(graph, np.array([target]))[0], everyone[:, target], atol=1e-6)


@pytest.mark.parametrize("edges", [("LIKES", "IN"), tuple(ENDS)])
@given(dense=strengths(), restart=st.sampled_from([0.05, 0.15, 0.5]))
@settings(max_examples=10, deadline=None)
def test_blocks_and_single_vectors_are_those_of_networkx_on_two_sides_and_on_a_double_cover(
    edges: tuple[str, ...], dense: dict[str, np.ndarray], restart: float
) -> None:
    graph, walked = TypedGraph.of(snapshot_of(dense), edges), networkx_graph(dense, edges)
    expected = np.array([networkx_ranks(walked, restart, {node: 1.0}) for node in range(N)])
    for tolerance in (1e-3, 1e-6, 1e-9):
        block = personalized_page_rank(graph, restarts_at(np.eye(N)), restart, tolerance)
        few = personalized_page_rank(graph, restarts_at(np.eye(N)[:2]), restart, tolerance)
        assert np.abs(block - expected).sum(axis=1).max() <= tolerance + 1e-10
        assert np.abs(few - expected[:2]).sum(axis=1).max() <= tolerance + 1e-10


def test_a_ring_of_three_from_one_of_them() -> None:
    """By hand: p0 = c + (1 - c) p1, and p1 = p2 = (1 - c) / 2 (p0 + p1), so p0 = (1 + c) / (3 - c)."""
    ring = TypedGraph({"Node": 0}, {}, sparse.csr_matrix(1.0 - np.eye(3)), np.full(3, 2.0))
    ranks = personalized_page_rank(ring, sparse.csr_matrix([[1.0, 0.0, 0.0]]), restart=0.5, tolerance=1e-12)[0]
    np.testing.assert_allclose(ranks, [3 / 5, 1 / 5, 1 / 5], atol=1e-12)


def test_more_vectors_than_a_block_and_any_number_of_threads_give_the_same_answers() -> None:
    random = np.random.default_rng(5)
    adjacency = sparse.random(90, 90, 0.1, "csr", rng=random)
    adjacency = (adjacency + adjacency.T).tocsr()
    graph = TypedGraph({"Node": 0}, {}, adjacency, np.asarray(adjacency.sum(axis=1)).ravel())
    starts = sparse.identity(90, format="csr")
    alone = personalized_page_rank(graph, starts, threads=1)
    np.testing.assert_array_equal(personalized_page_rank(graph, starts, threads=3), alone)
    np.testing.assert_array_equal(personalized_page_rank(graph, starts, nodes=slice(10, 20)), alone[:, 10:20])
    np.testing.assert_allclose(alone.sum(axis=1), 1, atol=1e-6)


@pytest.mark.data
def test_the_error_on_gowalla_is_as_stated(data_set: Callable[[str], Path]) -> None:
    """Against 100 plain iterations in 64 bits, whose error is at most 2 * 0.85**100 < 2e-7."""
    graph = TypedGraph.of(load_adjacency(data_set("gowalla") / "train.txt").snapshot)
    users = np.random.default_rng(3).choice(29_858, 34, replace=False)
    starts = sparse.csr_matrix((np.ones(34), (np.arange(34), users)), shape=(34, len(graph)))
    step = (sparse.diags(1 / graph.degrees) @ graph.weights).T.tocsr()
    restarted = 0.15 * starts.toarray().T
    expected = restarted.copy()
    for _ in range(100):
        expected = restarted + 0.85 * (step @ expected)
    for tolerance in (1e-4, 1e-6):
        ranks = personalized_page_rank(graph, starts, tolerance=tolerance)
        assert np.abs(ranks.T - expected).sum(axis=0).max() <= tolerance + 2e-7
    few = personalized_page_rank(graph, starts[:2])
    assert np.abs(few.T - expected[:, :2]).sum(axis=0).max() <= 1e-6 + 2e-7


@pytest.mark.parametrize("options", [{"restart": 0.0}, {"restart": 1.0}, {"tolerance": 0.0}, {"tolerance": 2.0}])
def test_what_cannot_be_met_is_refused(options: dict[str, float]) -> None:
    ring = TypedGraph({"Node": 0}, {}, sparse.csr_matrix(1.0 - np.eye(3)), np.full(3, 2.0))
    with pytest.raises(ModelError):
        page_rank(ring, **options)


def test_an_unknown_edge_type_is_refused_with_the_nearest() -> None:
    dense = {name: np.ones((SIZES[source], SIZES[target])) for name, (source, target) in ENDS.items()}
    with pytest.raises(ModelError, match="nearest is 'LIKES'"):
        TypedGraph.of(snapshot_of(dense), ["LIKED"])
