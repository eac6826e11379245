"""Features and categories as input of graph networks, beside ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats
from toy_graphs import communities

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

QUICK: dict[str, Any] = {"epochs": 6, "batches": 10, "dimensions": 16}
NAMES = ["graphsage", "pinsage"]


def fitted(name: str, **settings: Any) -> Recommender:
    return create(name, **{**QUICK, **settings}).fit(communities())


def test_an_input_is_the_sum_of_what_id_features_and_categories_say() -> None:
    """Node 0: an id and both categories, 3 to 1; node 1: an id nobody has heard of, and no category."""
    from scipy import sparse

    from graphrec_neo4j.models.networks.inputs import DescribedNodes
    from graphrec_neo4j.training.features import Bag, NodeInputs

    inputs = NodeInputs(torch.tensor([[2.0], [-1.0]]), (Bag.of(sparse.csr_matrix([[3.0, 1.0], [0.0, 0.0]])),))
    nodes = DescribedNodes(inputs, torch.tensor([True, False]), 4, id_dropout=0.5).eval()
    of_feature, (table,) = nodes.of_features[0], nodes.categories
    expected = [nodes.ids[0] + 2 * of_feature + 3 / 4 * table[0] + 1 / 4 * table[1], -of_feature]
    torch.testing.assert_close(nodes(), torch.stack(expected))


def test_training_passes_over_ids_with_their_chance_and_makes_up_for_it() -> None:
    from graphrec_neo4j.models.networks.inputs import DescribedNodes
    from graphrec_neo4j.training.features import NodeInputs

    torch.manual_seed(0)
    nodes = DescribedNodes(NodeInputs(torch.zeros(4000, 0), ()), torch.ones(4000) > 0, 3, id_dropout=0.25)
    x = nodes()
    passed = (x == 0).all(dim=1)
    assert float(passed.float().mean()) == pytest.approx(0.25, abs=0.03)
    torch.testing.assert_close(x[~passed], nodes.ids[~passed] * 4 / 3)


@pytest.mark.parametrize("name", NAMES)
def test_an_item_nobody_likes_yet_is_known_by_its_category_where_features_are_taken(name: str) -> None:
    """Item 35 is of category 2, which users 2, 5, 8, ... like; without features nothing is known of it."""
    scores = fitted(name, features=True, id_dropout=0.5).scores(np.arange(44))[:, 35]
    assert scores[2::3].mean() > scores[0::3].mean() + 0.1
    assert scores[2::3].mean() > scores[1::3].mean() + 0.1
    assert not fitted(name).vectors().items[35].any()


@pytest.mark.parametrize("name", NAMES)
def test_a_user_without_interactions_or_description_has_no_vector_either_way(name: str) -> None:
    assert not fitted(name, features=True).vectors().users[44].any()


def test_an_id_dropout_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ModelError, match="id_dropout"):
        create("pinsage", id_dropout=1.0)


class TestFeatureMixup:
    def draws(self, count: int, alpha: float) -> Any:
        """What ``count`` draws make of 5 nodes, each with a feature of its own: (count, 5, 5)."""
        from graphrec_neo4j.models.networks.inputs import mixed_up

        torch.manual_seed(0)
        return torch.stack([mixed_up(torch.eye(5, dtype=torch.float64), alpha) for _ in range(count)]).numpy()

    @pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
    def test_each_node_keeps_the_larger_part_of_a_beta_draw(self, alpha: float) -> None:
        """The larger part m of a draw of Beta(a, a) is below x with chance ``2 F(x) - 1`` from 1/2 on."""
        kept = np.diagonal(self.draws(2000, alpha), axis1=1, axis2=2)
        np.testing.assert_allclose(kept, kept[:, :1].repeat(5, axis=1))
        assert kept.min() >= 0.5
        found = stats.kstest(kept[:, 0], lambda x: 2 * stats.beta(alpha, alpha).cdf(x) - 1)
        assert found.pvalue > 0.01

    @pytest.mark.parametrize("alpha", [0.01, 0.3, 4.0])
    def test_on_average_it_keeps_a_half_and_the_mean_deviation_of_a_beta_draw(self, alpha: float) -> None:
        kept = self.draws(2000, alpha)[:, 0, 0]
        assert kept.mean() == pytest.approx(1 / 2 + 4**-alpha / (alpha * special.beta(alpha, alpha)), abs=0.01)

    def test_the_rest_comes_of_any_other_node_with_the_same_chance(self) -> None:
        others = self.draws(2000, 1.0) * (1 - np.eye(5))
        np.testing.assert_array_equal((others > 0).sum(axis=2), 1)
        times = (others > 0).sum(axis=0)[~np.eye(5, dtype=bool)]
        assert stats.chisquare(times).pvalue > 0.01

    def test_a_node_without_another_of_its_type_stays_as_it_is(self) -> None:
        from graphrec_neo4j.models.networks.inputs import mixed_up

        torch.testing.assert_close(mixed_up(torch.ones(1, 2), 1.0), torch.ones(1, 2), rtol=0, atol=0)
        assert mixed_up(torch.ones(0, 2), 1.0).shape == (0, 2)

    @pytest.mark.parametrize(
        ("name", "settings"), [("graphsage", {"features": True}), ("two-tower", {}), ("hetero", {})]
    )
    def test_only_training_mixes(self, name: str, settings: dict[str, Any]) -> None:
        from graphrec_neo4j.training.graph import TrainingGraph

        graph, made = TrainingGraph.of(with_features(), 0, "cpu"), []
        if name != "hetero":
            settings = {**settings, "id_dropout": 0.0}
        for mixup in (0.0, 1.0):
            torch.manual_seed(0)
            made.append(create(name, feature_mixup=mixup, **settings)._network(graph))
        plain, mixing = made
        same = [torch.equal(one, other) for one, other in zip(plain.eval()(), mixing.eval()(), strict=True)]
        assert same == [True, True]
        same = [torch.equal(one, other) for one, other in zip(plain.train()(), mixing.train()(), strict=True)]
        assert same == [name == "two-tower", False]

    @pytest.mark.parametrize("name", ["graphsage", "two-tower", "hetero"])
    def test_a_seed_gives_the_same_mixtures(self, name: str) -> None:
        settings: dict[str, Any] = {"features": True} if name == "graphsage" else {}
        fits = [create(name, feature_mixup=m, **settings, **QUICK).fit(with_features()) for m in (0.0, 0.5, 0.5)]
        plain, first, second = (fit.scores(np.arange(45)) for fit in fits)
        np.testing.assert_array_equal(first, second)
        assert not np.array_equal(plain, first)

    def test_a_gpu_mixes_too(self) -> None:
        from graphrec_neo4j.models.networks.inputs import mixed_up

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
        kept = torch.stack([mixed_up(torch.eye(5, device="cuda"), 0.01) for _ in range(500)])[:, 0, 0]
        assert kept.mean().item() == pytest.approx(0.993, abs=0.01)

    @pytest.mark.parametrize("wrong", [-1.0, 0.001, np.inf, np.nan])
    def test_a_mixup_that_makes_no_sense_is_refused(self, wrong: float) -> None:
        with pytest.raises(ModelError, match="feature_mixup"):
            create("two-tower", feature_mixup=wrong)

    def test_mixing_features_that_are_not_taken_is_refused(self) -> None:
        with pytest.raises(ModelError, match="features=true"):
            create("pinsage", feature_mixup=0.2)


def with_features() -> GraphSnapshot:
    """Communities whose items have two numbers each."""
    graph = communities()
    schema = graph.schema.model_copy(
        update={
            "nodes": {
                **graph.schema.nodes,
                "Item": graph.schema.nodes["Item"].model_copy(update={"features": ("a", "b")}),
            }
        }
    )
    numbers = np.random.default_rng(0).normal(size=(36, 2))
    return GraphSnapshot(schema, {**graph.nodes, "Item": Nodes(graph.nodes["Item"].ids, features=numbers)}, graph.edges)
