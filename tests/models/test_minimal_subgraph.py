"""The network again, over one pair's computation graph, and the edges in it that carry the score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from toy_graphs import communities, snapshot_of  # noqa: E402

from graphrec_neo4j.errors import ModelError  # noqa: E402
from graphrec_neo4j.models import create  # noqa: E402
from graphrec_neo4j.models.computation_graph import Channel, computation_graph  # noqa: E402
from graphrec_neo4j.models.deep_reasons import deep_reasons  # noqa: E402
from graphrec_neo4j.models.minimal_subgraph import minimal_subgraph, score_over, view_over  # noqa: E402
from graphrec_neo4j.models.networks.edge_mask import mask_of  # noqa: E402
from graphrec_neo4j.models.trained_model import TrainedModel  # noqa: E402
from graphrec_neo4j.snapshot import GraphSnapshot  # noqa: E402

SHORT: dict[str, Any] = {"epochs": 2, "batches": 3, "dimensions": 16}
NETWORKS: list[tuple[str, dict[str, Any]]] = [
    ("lightgcn", {}),
    ("lightgcn", {"layer_weights": "learned", "loss": "bpr"}),
    ("simgcl", {}),
    ("gcn", {"layers": 2}),
    ("ngcf", {"layers": 2, "combine": "concatenated"}),
    ("gat", {"layers": 2}),
    ("gat", {"dynamic": True}),
    ("graphsage", {"layers": 2, "features": True}),
    ("graphsage", {"aggregator": "max"}),
    ("pinsage", {}),
    ("social-gcn", {}),
    ("social-gcn", {"attention": True}),
    ("social-gcn", {"fusion": "tanh"}),
    ("hetero", {}),
    ("hetero", {"layer": "transformer"}),
    ("han", {}),
]
NAMES = ["-".join([name, *map(str, settings.values())]) for name, settings in NETWORKS]


@pytest.fixture(scope="module")
def graph() -> GraphSnapshot:
    return communities()


def fitted(name: str, graph: GraphSnapshot, **settings: Any) -> TrainedModel:
    model = create(name, **{**SHORT, **settings}).fit(graph, seed=3)
    assert isinstance(model, TrainedModel)
    return model


@pytest.mark.parametrize(("name", "settings"), NETWORKS, ids=NAMES)
def test_over_a_computation_graph_with_all_its_edges_the_score_is_the_models(
    name: str, settings: dict[str, Any], graph: GraphSnapshot
) -> None:
    model = fitted(name, graph, **settings)
    view = view_over(model, graph)
    for user, item in ((0, 3), (5, 7), (20, 30)):
        score = score_over(view, model.settings, user, item)
        none = np.empty(0, dtype=np.int64)
        assert score.without(none) == pytest.approx(float(model.scores(np.array([user]))[0, item]), abs=1e-5)
        assert score.without(np.arange(len(score.part))) == pytest.approx(score.of(none), abs=1e-6)


@pytest.mark.parametrize(("name", "settings"), NETWORKS, ids=NAMES)
def test_the_gradient_is_what_a_small_change_of_an_edge_does(
    name: str, settings: dict[str, Any], graph: GraphSnapshot
) -> None:
    model = fitted(name, graph, **settings)
    score = score_over(view_over(model, graph), model.settings, 5, 7)
    slope = score.gradient()
    edge = int(slope.abs().argmax())
    ends = [torch.ones(len(score.part)).index_fill(0, torch.tensor([edge]), 1 + step) for step in (-0.02, 0.02)]
    low, high = (float(score(weights)) for weights in ends)
    assert (high - low) / 0.04 == pytest.approx(float(slope[edge]), rel=0.05, abs=1e-4)


@pytest.mark.parametrize("name", ["lightgcn", "graphsage", "gcn", "hetero", "social-gcn"])
def test_a_part_of_some_edges_scores_as_the_whole_without_the_others(name: str, graph: GraphSnapshot) -> None:
    model = fitted(name, graph)
    score = score_over(view_over(model, graph), model.settings, 5, 7)
    kept = np.flatnonzero(np.arange(len(score.part)) % 3 == 0)
    alone = score.alone(torch.from_numpy(kept))
    assert float(alone(torch.ones(len(kept)))) == pytest.approx(score.of(kept), abs=1e-6)


def test_edges_have_the_names_and_ends_of_the_graph(graph: GraphSnapshot) -> None:
    model = fitted("hetero", graph)
    part = score_over(view_over(model, graph), model.settings, 5, 7).part
    types = {"users": "User", "items": "Item", ":Category": "Category"}
    joined = {
        (name, kind.source, kind.target): set(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
        for name, kind in graph.schema.edges.items()
        for edges in (graph.edges[name],)
    }
    for number in range(len(part)):
        name, (source, first), (target, second) = part.ends(number)
        assert (first, second) in joined[name, types[source], types[target]]
    assert len({part.ends(number) for number in range(len(part))}) == len(part)


def bridge() -> GraphSnapshot:
    """User 0 likes items 0 to 3 as users 1 to 4 do, who also like item 4; and items 10 to 13 as nobody else does.

    Users 5 to 12 like items 5 to 9, and so nothing of the others.
    """
    near = [(user, item) for user in range(5) for item in range(4)] + [(user, 4) for user in range(1, 5)]
    own = [(0, item) for item in range(10, 14)]
    far = [(user, item) for user in range(5, 13) for item in range(5, 10)]
    return snapshot_of(13, 14, near + own + far)


@pytest.mark.parametrize(("name", "layers"), [("lightgcn", 2), ("gcn", 2), ("gat", 1), ("graphsage", 1), ("hetero", 2)])
def test_the_planted_edges_are_found(name: str, layers: int) -> None:
    graph = bridge()
    model = create(name, layers=layers, epochs=30, batches=4, dimensions=16).fit(graph, seed=0)
    assert isinstance(model, TrainedModel)
    found = minimal_subgraph(model, graph, 0, 4)
    ends = {(edge.source[1], edge.target[1]) for edge in found.edges}
    planted = {(user, item) for user in range(5) for item in range(5)}
    assert ends
    assert len(ends & planted) / len(ends) >= 0.8
    assert found.without < found.score
    assert found.only >= found.bare + 0.9 * (found.score - found.bare) - 1e-6


@pytest.mark.parametrize("name", ["lightgcn", "gat", "graphsage", "hetero"])
def test_without_the_found_edges_the_score_falls_more_than_without_as_many_others(
    name: str, graph: GraphSnapshot
) -> None:
    model = create(name, epochs=4, batches=5, dimensions=16).fit(graph, seed=0)
    assert isinstance(model, TrainedModel)
    random, view, better = np.random.default_rng(0), view_over(model, graph), []
    top = model.top_k(np.arange(6), 5, graph.seen).items
    for user in range(6):
        found = minimal_subgraph(model, graph, user, int(top[user, 1]))
        score = score_over(view, model.settings, user, int(top[user, 1]))
        drawn = random.choice(found.reached, len(found.edges), replace=False)
        better.append(found.without < score.without(drawn))
    assert np.mean(better) >= 0.8


def test_it_is_the_same_each_time_and_after_saving(graph: GraphSnapshot, tmp_path: Path) -> None:
    model = fitted("gat", graph)
    found = minimal_subgraph(model, graph, 5, 7)
    model.save(tmp_path)
    again = create("gat", **SHORT).restore(tmp_path)
    assert isinstance(again, TrainedModel)
    assert minimal_subgraph(again, graph, 5, 7) == found
    assert {name: values.dtype for name, values in again.parameters.items()} == dict.fromkeys(
        model.parameters, np.dtype(np.float32)
    )


@pytest.mark.parametrize(
    ("name", "settings", "why"),
    [
        ("mf", {}, "only vectors were kept"),
        ("lightgcn", {"layers": 0}, "no layers over the graph"),
        ("gcn", {"pair_norm": True}, "join every node"),
        ("graphsage", {"aggregator": "lstm"}, "in an order"),
        ("transe", {}, "does not run over the graph"),
    ],
)
def test_where_no_edge_has_a_say_that_is_said_and_paths_are_found(
    name: str, settings: dict[str, Any], why: str, graph: GraphSnapshot
) -> None:
    reasons = deep_reasons(fitted(name, graph, **settings), graph, 5, 7)
    assert reasons.subgraph is None
    assert why in reasons.note
    assert reasons.paths


def test_nothing_is_found_for_a_user_of_whom_nothing_is_known(graph: GraphSnapshot) -> None:
    with pytest.raises(ModelError, match="knows nothing of this user"):
        minimal_subgraph(fitted("gat", graph), graph, len(graph.users) - 1, 3)


def test_a_model_without_a_network_is_refused(graph: GraphSnapshot) -> None:
    with pytest.raises(ModelError, match="p3 has no trained network"):
        deep_reasons(create("p3").fit(graph), graph, 5, 7)


def test_a_mask_keeps_what_raises_a_sum_and_drops_the_rest() -> None:
    parts = torch.tensor([0.5, 0.0, 0.4, 0.0, 0.1, 0.0, 0.0, 0.0])
    torch.manual_seed(0)
    mask = mask_of(lambda weights: weights @ parts, 8, steps=200, rate=0.1, size=0.5, entropy=0.1)
    assert set(torch.argsort(-mask)[:2].tolist()) == {0, 2}
    assert float(mask[parts == 0].max()) < 0.1 < float(mask[0])


def star(leaves: int) -> Iterator[Channel]:
    from scipy import sparse

    weights = sparse.csr_matrix(np.arange(1, leaves + 1, dtype=np.float32)[None, :])
    yield Channel("*", "users", "items", weights)
    yield Channel("*", "items", "users", weights.T.tocsr(), turned=True)


def test_a_hub_is_followed_to_the_neighbours_that_weigh_most_and_the_cap_is_told() -> None:
    part = computation_graph(tuple(star(6)), {"users": 1, "items": 6}, 0, 0, 1, 5)
    # Two nodes share five entries, so each has two: of items of weights 1 to 6 the heaviest two, and item 0 its one.
    assert part.cap == 2
    assert {(first, second) for _, (_, first), (_, second) in map(part.ends, range(len(part)))} == {
        (0, 0),
        (0, 4),
        (0, 5),
    }


def test_everything_is_followed_where_there_is_room() -> None:
    part = computation_graph(tuple(star(6)), {"users": 1, "items": 6}, 0, 0, 1, 100)
    assert part.cap is None
    assert len(part) == 6
