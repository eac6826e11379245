from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from test_social_gcn import two_kinds
from toy_graphs import communities, edges_of, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.hetero import HeteroSettings
from graphrec_neo4j.models.ties import normalised
from graphrec_neo4j.schema import default_schema
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes

QUICK: dict[str, Any] = {"epochs": 4, "batches": 10}


class TestHetero(RecommenderContract):
    model = "hetero"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 6, "batches": 15}


class TestHeteroTransformer(RecommenderContract):
    model = "hetero"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"layer": "transformer", "layers": 1, "epochs": 4, "batches": 10}


def network_on(graph: GraphSnapshot, **settings: Any) -> Any:
    import torch

    from graphrec_neo4j.training.graph import TrainingGraph

    torch.manual_seed(0)
    return create("hetero", **settings)._network(TrainingGraph.of(graph, 0, "cpu"))


def test_a_layer_is_a_sum_over_relations_of_their_own_maps() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    graph = communities()
    network = network_on(graph, layers=2)
    with torch.no_grad():
        for step in network.steps:
            step.weights.add_(0.1 * torch.randn(step.weights.shape))
    users, items = (table.detach().numpy() for table in network())
    liked, follows, filed = (normalised(graph.matrix(name)).toarray() for name in ("*", "FOLLOWS", "IN_CATEGORY"))
    h = [each.detach().numpy().astype(np.float64) for each in network.start().values()]
    layers = [h]
    for step in network.steps:
        w = step.weights.detach().numpy()
        user = liked @ h[1] @ w[0] + follows @ h[0] @ w[2] + follows.T @ h[0] @ w[3]
        h = [user, liked.T @ h[0] @ w[1] + filed @ h[2] @ w[4], filed.T @ h[1] @ w[5]]
        layers.append(h)
    np.testing.assert_allclose(users, np.mean([each[0] for each in layers], axis=0), rtol=0, atol=1e-5)
    np.testing.assert_allclose(items, np.mean([each[1] for each in layers], axis=0), rtol=0, atol=1e-5)


def test_it_begins_as_lightgcn_on_the_bipartite_part_where_there_is_nothing_else() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.training.graph import TrainingGraph

    graph = communities().with_edges(FOLLOWS=edges_of([]), IN_CATEGORY=edges_of([]))
    network = network_on(graph, layers=2)
    assert list(network.places) == ["users", "items"]
    adjacency = TrainingGraph.of(graph, 0, "cpu").adjacency.to_dense()
    start = torch.cat(list(network.start().values()))
    expected = (start + adjacency @ start + adjacency @ adjacency @ start) / 3
    torch.testing.assert_close(torch.cat(network()), expected, rtol=0, atol=1e-6)


def test_an_item_that_nobody_likes_is_known_by_its_category() -> None:
    pytest.importorskip("torch_geometric")
    model = create("hetero", epochs=8, batches=15).fit(communities())
    assert model.vectors().items[35].any()
    users = np.arange(44)
    own = model.scores(users)[:, 35]
    assert own[users % 3 == 35 % 3].mean() > own[users % 3 != 35 % 3].mean()


def test_a_node_without_edges_and_features_has_no_vector() -> None:
    pytest.importorskip("torch_geometric")
    graph = snapshot_of(3, 4, [(0, 0), (0, 1), (1, 2)], categories=1, filed=[(3, 0)])
    vectors = create("hetero", **QUICK).fit(graph).vectors()
    assert vectors.users.any(axis=1).tolist() == [True, True, False]


def with_features() -> GraphSnapshot:
    """Items with a number that tells their community, missing for one; the last item has nothing else."""
    graph = communities().with_edges(IN_CATEGORY=edges_of([]))
    numbers = np.column_stack([np.eye(3)[np.arange(36) % 3], np.full(36, 7.0)])
    numbers[0] = np.nan
    items = Nodes(graph.items.ids, features=numbers)
    return GraphSnapshot(default_schema("integer", "integer"), {**graph.nodes, "Item": items}, graph.edges)


def test_features_are_standardised_and_what_is_missing_is_the_mean() -> None:
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.models.networks.typed_edges import ITEMS, TypedEdges

    told = TypedEdges.of(with_features()).features[ITEMS].numpy()
    np.testing.assert_allclose(told.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_array_equal(told[0], 0)
    np.testing.assert_array_equal(told[:, 3], 0)
    np.testing.assert_allclose(told[1:, :3].std(axis=0), 1, atol=1e-6)


def test_an_item_that_nobody_likes_is_known_by_its_features() -> None:
    pytest.importorskip("torch_geometric")
    model = create("hetero", epochs=8, batches=15).fit(with_features())
    users = np.arange(44)
    own = model.scores(users)[:, 35]
    assert own[users % 3 == 35 % 3].mean() > own[users % 3 != 35 % 3].mean()


def test_a_renamed_schema_with_skills_works() -> None:
    pytest.importorskip("torch_geometric")
    graph = two_kinds()
    assert list(network_on(graph).places) == ["users", "items", ":Skill"]
    model = create("hetero", **QUICK).fit(graph)
    assert np.isfinite(model.scores(np.arange(3))).all()


@pytest.mark.parametrize("wrong", [{"layers": -1}, {"layer": "mean"}, {"layer": "transformer", "heads": 3}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        HeteroSettings(**wrong)
