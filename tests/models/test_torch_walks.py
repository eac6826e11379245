"""Walks in torch on the processor, against the kernels. ``"cpu:0"`` is torch's processor; ``"cpu"`` are the kernels."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from contract import RecommenderContract
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from toy_graphs import communities
from walks.random_graphs import CATEGORY, FRIEND, LONG, PATHS, SCHEMA, SIZES, TASTE, snapshot_of, strengths

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.models import create, devices
from graphrec_neo4j.models.devices import MANY, device_for
from graphrec_neo4j.models.p3 import P3
from graphrec_neo4j.models.ppr import PersonalizedPageRank
from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk
from graphrec_neo4j.walks.page_rank import personalized_page_rank
from graphrec_neo4j.walks.typed_graph import TypedGraph

pytest.importorskip("torch")

from graphrec_neo4j.models import torch_panels
from graphrec_neo4j.models.torch_page_rank import TorchPageRank
from graphrec_neo4j.models.torch_walk import TorchWalk

DEVICE, USERS = "cpu:0", np.arange(SIZES["User"])
EDGES = ("LIKES", "FOLLOWS", "IN", "WANTS")


def walk_of(dense: dict[str, np.ndarray], *paths: str, **options: Any) -> MetaPathWalk:
    return MetaPathWalk.along(snapshot_of(dense), [SCHEMA.meta_path(path) for path in paths], **options)


@pytest.mark.parametrize("path", PATHS)
@given(dense=strengths())
@settings(max_examples=15, deadline=None)
def test_scores_are_those_of_the_kernels(path: str, dense: dict[str, np.ndarray]) -> None:
    walk = walk_of(dense, path)
    np.testing.assert_allclose(TorchWalk.of(walk, DEVICE).scores(USERS), walk.scores(USERS), rtol=1e-5, atol=1e-12)


@given(
    dense=strengths(),
    k=st.integers(1, 12),
    least=st.integers(1, 4),
    weights=st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * 4),
    discounted=st.booleans(),
    masked=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_lists_are_those_of_the_kernels_with_ties_by_row(
    dense: dict[str, np.ndarray], k: int, least: int, weights: tuple[float, ...], discounted: bool, masked: bool
) -> None:
    discount = np.linspace(0.2, 1.0, SIZES["Item"]) if discounted else None
    walk = walk_of(dense, TASTE, CATEGORY, FRIEND, LONG, weights=weights, discount=discount, least_paths=least)
    seen, asked = snapshot_of(dense).seen if masked else None, np.array([5, 0, 3, 3, 1])
    expected, top = walk.top_k(asked, k, seen), TorchWalk.of(walk, DEVICE).top_k(asked, k, seen)
    np.testing.assert_array_equal(top.items, expected.items)
    np.testing.assert_array_equal(top.scores, expected.scores)


@given(dense=strengths())
@settings(max_examples=15, deadline=None)
def test_histories_are_walked_alike(dense: dict[str, np.ndarray]) -> None:
    walk = walk_of(dense, FRIEND, TASTE, CATEGORY).from_histories(sparse.csr_matrix(dense["LIKES"]), [1, 2])
    np.testing.assert_allclose(TorchWalk.of(walk, DEVICE).scores(USERS), walk.scores(USERS), rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("edges", [EDGES, ("LIKES",), ("LIKES", "FOLLOWS"), ("IN", "WANTS")])
@given(dense=strengths(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_ranks_keep_the_error_that_is_promised(edges: tuple[str, ...], dense: dict[str, np.ndarray], seed: int) -> None:
    """Bipartite or not, with and without nodes that have no edges; from any mix of nodes."""
    graph = TypedGraph.of(snapshot_of(dense), edges)
    drawn = np.random.default_rng(seed).random((4, len(graph))) ** 4 + 1e-3
    restarts = sparse.csr_matrix(drawn / drawn.sum(axis=1, keepdims=True))
    exact = personalized_page_rank(graph, restarts, 0.2, 1e-12)
    whole = TorchPageRank.of(graph, slice(None), DEVICE).scores(restarts, 0.2, 1e-6)
    assert np.abs(whole - exact).sum(axis=1).max() <= 1.2e-6
    some = slice(2, 9)
    ranks = TorchPageRank.of(graph, some, DEVICE).scores(restarts, 0.2, 1e-6)
    np.testing.assert_array_equal(ranks, whole[:, some])


@given(dense=strengths(), k=st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_lists_of_ranks_are_those_of_their_scores(dense: dict[str, np.ndarray], k: int) -> None:
    snapshot = snapshot_of(dense)
    graph = TypedGraph.of(snapshot)
    first = graph.offsets["Item"]
    restarts = sparse.csr_matrix((np.ones(6), (USERS, USERS + graph.offsets["User"])), shape=(6, len(graph)))
    ranks = TorchPageRank.of(graph, slice(first, first + SIZES["Item"]), DEVICE)
    top = ranks.top_k(restarts, 0.15, 1e-6, k, snapshot.seen)
    unseen = np.where(snapshot.seen.toarray() > 0, 0, ranks.scores(restarts, 0.15, 1e-6))
    order = np.argsort(-unseen, axis=1, kind="stable")[:, :k]
    expected = np.where(np.take_along_axis(unseen, order, axis=1) > 0, order, NO_ITEM)
    np.testing.assert_array_equal(top.items[:, : expected.shape[1]], expected)
    assert (top.items[:, expected.shape[1] :] == NO_ITEM).all()


class _P3InTorch(P3):
    device = DEVICE


class _PageRankInTorch(PersonalizedPageRank):
    device = DEVICE


@pytest.mark.parametrize(("model", "elsewhere"), [("p3", _P3InTorch), ("ppr", _PageRankInTorch)])
def test_a_model_gives_the_same_answers_on_its_device(
    model: str, elsewhere: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks of a few users, so that there are several."""
    monkeypatch.setattr(torch_panels, "MOST_USERS", 7)
    graph, users = communities(), np.arange(len(communities().users))
    here, there = create(model).fit(graph), elsewhere().fit(graph)
    expected, top = here.top_k(users, 5, graph.seen), there.top_k(users, 5, graph.seen)
    np.testing.assert_allclose(top.scores, expected.scores, rtol=1e-5, atol=1e-6)
    own = np.take_along_axis(here.scores(users), top.items.astype(np.int64), axis=1)
    np.testing.assert_allclose(own, top.scores, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(there.scores(users), here.scores(users), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        there.fold_in(graph.interactions), here.fold_in(graph.interactions), rtol=1e-5, atol=1e-6
    )


def test_a_model_fitted_again_walks_its_new_graph() -> None:
    first, model = communities(), _P3InTorch()
    model.fit(first).scores(np.arange(2))
    again = snapshot_of({name: np.ones(shape) for name, shape in _shapes().items()})
    np.testing.assert_allclose(
        model.fit(again).scores(np.arange(2)), create("p3").fit(again).scores(np.arange(2)), rtol=1e-6
    )


def _shapes() -> dict[str, tuple[int, int]]:
    return {name: (SIZES[edge.source], SIZES[edge.target]) for name, edge in SCHEMA.edges.items()}


def test_no_list_is_refused() -> None:
    walk = walk_of({name: np.ones(shape) for name, shape in _shapes().items()}, TASTE)
    with pytest.raises(ModelError, match="k must be at least 1"):
        TorchWalk.of(walk, DEVICE).top_k(USERS, 0)


def test_few_users_stay_on_the_processor_and_a_wish_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpu_is_there", lambda: True)
    assert [device_for("auto", users) for users in (1, MANY - 1, MANY)] == ["cpu", "cpu", "cuda"]
    assert device_for("cpu", MANY) == "cpu"
    assert device_for("cuda:1", 1) == "cuda:1"


def test_a_device_without_torch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"'cuda' needs the \[gnn\] extra"):
        device_for("cuda", 1)


@pytest.mark.skipif(devices.driver_is_there(), reason="there is a driver of a GPU here, so torch is asked")
def test_where_there_can_be_no_gpu_torch_is_not_imported() -> None:
    code = (
        "import sys\n"
        "from graphrec_neo4j.models.devices import device_for\n"
        "print(device_for('auto', 10**6), 'torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["cpu", "False"]


class TestP3InTorch(RecommenderContract):
    model = "p3"

    @pytest.fixture(autouse=True)
    def _in_torch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(P3, "device", DEVICE)


class TestPageRankInTorch(RecommenderContract):
    model = "ppr"

    @pytest.fixture(autouse=True)
    def _in_torch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PersonalizedPageRank, "device", DEVICE)
