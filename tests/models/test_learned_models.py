"""Models that differ in what they make small: contracts, and each network's own formula by brute force."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from scipy import sparse
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.models import create
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes
from graphrec_neo4j.training.loss_settings import LOSSES

QUICK = {"epochs": 2, "batches": 5}


class TestUltraGCN(RecommenderContract):
    model = "ultragcn"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10}


class TestSimGCL(RecommenderContract):
    model = "simgcl"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10}


class TestSimGCLWithTwoViews(RecommenderContract):
    model = "simgcl"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10, "contrasted_layer": 0}


class TestDirectAU(RecommenderContract):
    model = "directau"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10}


class TestDirectAUOnTheGraph(RecommenderContract):
    model = "directau"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10, "layers": 2}


class TestTwoTower(RecommenderContract):
    model = "two-tower"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10}


@pytest.fixture
def torch() -> Any:
    pytest.importorskip("torch_geometric")
    return pytest.importorskip("torch")


def liked(users: int = 14, items: int = 9) -> sparse.csr_matrix:
    table = (np.random.default_rng(0).random((users, items)) < 0.35).astype(np.float32)
    table[:, -1] = 0
    return sparse.csr_matrix(table)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_ranks_what_is_liked_in_a_community_above_what_is_not(torch: Any, loss: str) -> None:
    """At least 7 of her community's 12 items are known, so that by chance 5 of 27 in a list would be of it."""
    graph, users = communities(), np.arange(44)
    settings = {"epochs": 15, "batches": 6, "margin": 0.3, "negative_weight": 10.0}
    settings["l2"] = 1e-3 if loss == "constraint" else 3e-4
    top = create("mf", loss=loss, **settings).fit(graph).top_k(users, 5, graph.seen)
    assert np.mean(top.items % 3 == users[:, None] % 3) > 2 * 5 / 27


@pytest.mark.parametrize("sampling", ["popularity", "in-batch", "uniform+hard"])
def test_however_negatives_are_drawn_communities_are_found(torch: Any, sampling: str) -> None:
    graph, users = communities(), np.arange(44)
    settings = {"negative_sampling": sampling, "hardest": 5, "batches": 6, "epochs": 15, "l2": 3e-4}
    top = create("mf", **settings).fit(graph).top_k(users, 5, graph.seen)
    assert np.mean(top.items % 3 == users[:, None] % 3) > 2 * 5 / 27


class TestItemsThatGoTogether:
    """UltraGCN's item graph and its pull, against the paper's equations 11 to 13 on dense matrices."""

    def dense(self, k: int) -> np.ndarray:
        table = liked().toarray().astype(np.float64)
        together = table.T @ table
        sums, own = together.sum(axis=1), np.diag(together).copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            omega = together / (sums - own)[:, None] * np.sqrt(sums[:, None] / sums[None, :])
        omega = np.nan_to_num(omega)
        np.fill_diagonal(omega, 0)
        for row in omega:
            row[np.argsort(-row, kind="stable")[k:]] = 0
        return omega

    @pytest.mark.parametrize("k", [1, 3, 8])
    def test_the_item_graph_is_the_papers(self, torch: Any, k: int) -> None:
        from graphrec_neo4j.models.networks.co_occurrence import co_occurrence

        np.testing.assert_allclose(co_occurrence(liked(), k).toarray(), self.dense(k), rtol=1e-5)

    def test_the_pull_of_drawn_neighbours_is_that_of_all_on_average(self, torch: Any) -> None:
        from graphrec_neo4j.models.networks.co_occurrence import CoOccurrenceEmbeddings, co_occurrence
        from graphrec_neo4j.training.known import KnownPairs

        torch.manual_seed(0)
        table, omega = liked(), self.dense(3)
        network = CoOccurrenceEmbeddings(KnownPairs.of(table), co_occurrence(table, 3), 4, weight=2.0)
        batch = torch.arange(14).flip(0)
        with torch.no_grad():
            users, items = (10 * side for side in network())
            drawn = [float(network.auxiliary(users, items, batch)) for _ in range(2000)]
            odds = np.log1p(np.exp(-(users @ items.T).numpy().astype(np.float64)))
        pairs = list(zip(*table.nonzero(), strict=True))
        expected = 2 * np.mean([omega[item] @ odds[user] for user, item in pairs])
        assert abs(np.mean(drawn) - expected) < 5 * np.std(drawn) / 2000**0.5

    def test_items_that_nobody_shares_pull_nobody(self, torch: Any) -> None:
        alone = snapshot_of(3, 3, [(0, 0), (1, 1), (2, 2)])
        scores = create("ultragcn", **QUICK).fit(alone).scores(np.arange(3))
        assert np.isfinite(scores).all()


class TestPerturbedPropagation:
    """SimGCL's layers and contrast, against dense arithmetic."""

    def network(self, torch: Any, **changed: Any) -> Any:
        from graphrec_neo4j.models.simgcl import SimGCL, SimGCLSettings
        from graphrec_neo4j.training.graph import TrainingGraph

        torch.manual_seed(0)
        return SimGCL(SimGCLSettings(dimensions=4, **changed))._network(TrainingGraph.of(communities(), 0, "cpu"))

    def test_without_noise_it_is_the_mean_of_lightgcns_later_layers(self, torch: Any) -> None:
        network = self.network(torch, layers=3).eval()
        adjacency, start = network.adjacency.to_dense(), network.embedding
        expected = sum(torch.linalg.matrix_power(adjacency, layer) @ start for layer in (1, 2, 3)) / 3
        torch.testing.assert_close(torch.cat(network()), expected, rtol=0, atol=1e-6)

    def test_noise_has_its_length_and_stays_in_the_orthant(self, torch: Any) -> None:
        network = self.network(torch, layers=1, noise=0.3).train()
        clean = network.adjacency.to_dense() @ network.embedding
        moved = torch.cat(network()) - clean
        known = clean.abs().sum(1) > 0
        torch.testing.assert_close(moved[known].norm(dim=1), torch.full((int(known.sum()),), 0.3), rtol=1e-4, atol=0)
        assert (moved * clean >= 0).all()

    def test_contrast_is_cross_entropy_between_views(self, torch: Any) -> None:
        from graphrec_neo4j.training.losses import contrast

        one, other = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
        cosines = torch.nn.functional.cosine_similarity(one[:, None], other[None], dim=2)
        expected = torch.nn.functional.cross_entropy(cosines / 0.2, torch.arange(6))
        assert contrast(one, other, 0.2).item() == pytest.approx(expected.item(), rel=1e-5)

    @pytest.mark.parametrize("layer", [0, 1, 3])
    def test_without_noise_a_batch_is_told_by_its_contrasted_layer(self, torch: Any, layer: int) -> None:
        from graphrec_neo4j.training.losses import contrast

        network = self.network(torch, noise=0.0, contrasted_layer=layer, contrast=0.7).train()
        users, items = network()
        other_users, other_items = network.layers()[layer - 1] if layer else (users, items)
        batch = torch.tensor([3, 0, 7])
        told = network.auxiliary(users, items, batch) / 0.7 - contrast(users[batch], other_users[batch], 0.2)
        choices = itertools.product(
            *(np.flatnonzero(row) for row in communities().interactions[batch.numpy()].toarray())
        )
        of_items = {tuple(sorted(set(chosen))) for chosen in choices}
        possible = [contrast(items[list(few)], other_items[list(few)], 0.2).item() for few in of_items]
        assert min(abs(told.item() - each) for each in possible) < 1e-5

    def test_judging_has_no_noise(self, torch: Any) -> None:
        network = self.network(torch).eval()
        torch.testing.assert_close(torch.cat(network()), torch.cat(network()), rtol=0, atol=0)


def with_item_features(graph: GraphSnapshot, features: np.ndarray) -> GraphSnapshot:
    schema = graph.schema.model_dump(by_alias=True)
    schema["nodes"]["Item"]["features"] = ["one"]
    items = Nodes(IdMap("Item", range(len(graph.items)), "integer"), features=features)
    return GraphSnapshot(GraphSchema.model_validate(schema), {**graph.nodes, "Item": items}, graph.edges)


class TestTowers:
    def test_an_item_that_nobody_likes_is_found_by_its_category(self, torch: Any) -> None:
        """Item 35 is of community 2, as its category says."""
        graph = communities()
        scores = create("two-tower", epochs=20, id_dropout=0.5).fit(graph).scores(np.arange(44))[:, 35]
        own = np.arange(44) % 3 == 2
        assert scores[own].mean() > scores[~own].mean()

    def test_an_item_that_nobody_likes_is_found_by_its_feature(self, torch: Any) -> None:
        bare = communities().with_edges(IN_CATEGORY=snapshot_of(1, 1, []).edges["IN_CATEGORY"])
        of_two = (np.arange(36) % 3 == 2).astype(np.float64)[:, None]
        graph = with_item_features(bare, of_two)
        scores = create("two-tower", epochs=20, id_dropout=0.5).fit(graph).scores(np.arange(44))[:, 35]
        own = np.arange(44) % 3 == 2
        assert scores[own].mean() > scores[~own].mean()

    def test_what_nobody_likes_and_nothing_describes_has_no_vector(self, torch: Any) -> None:
        bare = communities().with_edges(IN_CATEGORY=snapshot_of(1, 1, []).edges["IN_CATEGORY"])
        vectors = create("two-tower", **QUICK).fit(bare).vectors()
        assert not vectors.items[-1].any()
        assert not vectors.users[-1].any()

    def test_people_to_follow_have_the_same_inputs_on_both_sides(self, torch: Any) -> None:
        schema = GraphSchema.model_validate(
            {
                "recommend_to": "P",
                "recommend": "P",
                "nodes": {"P": {"key_type": "integer"}, "Skill": {"key_type": "integer"}},
                "edges": {"FOLLOWS": {"from": "P", "to": "P"}, "HAS": {"from": "P", "to": "Skill"}},
            }
        )
        people = snapshot_of(6, 6, [(one, (one + hop) % 6) for one in range(6) for hop in (1, 2)])
        nodes = {name: Nodes(IdMap(name, range(n), "integer")) for name, n in (("P", 6), ("Skill", 2))}
        has = snapshot_of(6, 2, [(one, one % 2) for one in range(6)]).edges["INTERACTED"]
        graph = GraphSnapshot(schema, nodes, {"FOLLOWS": people.edges["INTERACTED"], "HAS": has})
        assert create("two-tower", **QUICK).fit(graph).scores(np.arange(6)).shape == (6, 6)


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        ("ultragcn", {"neighbours": 0}),
        ("ultragcn", {"item_pull": -1}),
        ("simgcl", {"layers": 0}),
        ("simgcl", {"contrasted_layer": 4}),
        ("simgcl", {"noise": -1}),
        ("simgcl", {"contrast_temperature": 0}),
        ("directau", {"layers": -1}),
        ("two-tower", {"hidden": 0}),
        ("two-tower", {"id_dropout": 1}),
    ],
)
def test_settings_that_make_no_sense_are_refused(model: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        create(model, **wrong)
