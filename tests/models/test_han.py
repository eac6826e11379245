from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from test_social_gcn import two_kinds
from toy_graphs import communities, edges_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.han import HANSettings
from graphrec_neo4j.models.meta_path_neighbours import closed_paths, neighbours
from graphrec_neo4j.models.ties import normalised
from graphrec_neo4j.schema import default_schema

QUICK: dict[str, Any] = {"epochs": 4, "batches": 10}


class TestHAN(RecommenderContract):
    model = "han"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 6, "batches": 15}


def test_the_usual_paths_close_to_two_users_and_two_items() -> None:
    users, items = closed_paths(default_schema())
    assert list(users) == ["User-INTERACTED->Item<-INTERACTED-User", "User-FOLLOWS->User"]
    assert list(items) == [
        "Item<-INTERACTED-User-INTERACTED->Item",
        "Item-IN_CATEGORY->Category<-IN_CATEGORY-Item",
    ]


def test_a_path_from_users_to_items_by_a_skill_goes_there_and_back() -> None:
    users, items = closed_paths(two_kinds().schema)
    assert "Member-HAS->Skill<-HAS-Member" in users
    assert "Job-REQUIRES->Skill<-REQUIRES-Job" in items


@pytest.mark.parametrize("k", [3, 100])
def test_neighbours_are_the_nearest_of_the_dense_product(k: int) -> None:
    graph = communities()
    walk = normalised(graph.interactions).toarray()
    products = walk.T @ walk
    np.fill_diagonal(products, 0)
    _, items = closed_paths(graph.schema)
    found = neighbours(graph, items["Item<-INTERACTED-User-INTERACTED->Item"], k).toarray()
    for mine, row in zip(found, products, strict=True):
        best = np.sort(row)[::-1][:k]
        np.testing.assert_allclose(np.sort(mine[mine > 0])[::-1], best[best > 0], rtol=1e-6)
        np.testing.assert_allclose(mine[mine > 0], row[mine > 0], rtol=1e-6)


def test_one_step_is_cut_to_the_nearest_too() -> None:
    graph = communities()
    users, _ = closed_paths(graph.schema)
    ties = normalised(graph.matrix("FOLLOWS")).toarray()
    np.testing.assert_allclose(neighbours(graph, users["User-FOLLOWS->User"], 50).toarray(), ties, rtol=1e-6)
    assert np.diff(neighbours(graph, users["User-FOLLOWS->User"], 1).indptr).max() == 1


def test_the_forward_pass_is_the_papers() -> None:
    """Attention within each meta-path and over meta-paths, node by node."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.models.networks.han import ITEMS, USERS
    from graphrec_neo4j.training.graph import TrainingGraph

    torch.manual_seed(0)
    network = create("han", dimensions=4, heads=1)._network(TrainingGraph.of(communities(), 0, "cpu"))
    layer = network.attention
    for side, start, final in zip((USERS, ITEMS), network.start().values(), network(), strict=True):
        x = start.detach().numpy().astype(np.float64)
        projected = x @ layer.proj[side].weight.detach().numpy().T + layer.proj[side].bias.detach().numpy()
        heard = []
        for kind, edges in network.edges.items():
            if kind[0] != side:
                continue
            of, to = (layer.lin_src["__".join(kind)], layer.lin_dst["__".join(kind)])
            logits = projected @ of.detach().numpy().ravel(), projected @ to.detach().numpy().ravel()
            z = np.zeros_like(projected)
            for node in range(len(x)):
                near = edges[0, edges[1] == node].numpy()
                if len(near):
                    raw = logits[0][near] + logits[1][node]
                    share = np.exp(np.where(raw > 0, raw, 0.2 * raw))
                    z[node] = np.maximum(share / share.sum() @ projected[near], 0)
            heard.append(z)
        told = [np.tanh(z @ layer.k_lin.weight.detach().numpy().T + layer.k_lin.bias.detach().numpy()) for z in heard]
        weights = np.exp([each.mean(axis=0) @ layer.q.detach().numpy().ravel() for each in told])
        expected = x + np.tensordot(weights / weights.sum(), heard, axes=1)
        np.testing.assert_allclose(final.detach().numpy(), expected, rtol=0, atol=1e-5)


def test_what_each_path_weighs_is_told_and_adds_up() -> None:
    pytest.importorskip("torch_geometric")
    told = create("han", **QUICK).fit(communities()).trained["semantic"]
    users, items = closed_paths(default_schema())
    assert told["users"].keys() == users.keys()
    assert told["items"].keys() == items.keys()
    assert [sum(side.values()) for side in told.values()] == pytest.approx([1, 1])


def test_an_item_that_nobody_likes_is_known_by_its_category() -> None:
    pytest.importorskip("torch_geometric")
    model = create("han", epochs=8, batches=15).fit(communities())
    users = np.arange(44)
    own = model.scores(users)[:, 35]
    assert own[users % 3 == 35 % 3].mean() > own[users % 3 != 35 % 3].mean()
    assert not model.vectors().users[44].any()


def test_a_graph_without_ties_and_categories_is_its_bipartite_part() -> None:
    pytest.importorskip("torch_geometric")
    graph = communities().with_edges(FOLLOWS=edges_of([]), IN_CATEGORY=edges_of([]))
    told = create("han", **QUICK).fit(graph).trained["semantic"]
    assert list(told["users"].values()) == [1.0]
    assert list(told["items"].values()) == [1.0]


def test_a_renamed_schema_with_skills_works() -> None:
    pytest.importorskip("torch_geometric")
    model = create("han", **QUICK).fit(two_kinds())
    assert "Member-HAS->Skill<-HAS-Member" in model.trained["semantic"]["users"]
    assert np.isfinite(model.scores(np.arange(3))).all()


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"heads": 0}, {"heads": 3}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        HANSettings(**wrong)
