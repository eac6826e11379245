import numpy as np
import pytest
from toy_graphs import snapshot_of

torch = pytest.importorskip("torch")

from graphrec_neo4j.ids import IdMap  # noqa: E402
from graphrec_neo4j.models.networks.inputs import mean_of  # noqa: E402
from graphrec_neo4j.snapshot import Edges, Nodes  # noqa: E402
from graphrec_neo4j.training.features import Bag, NodeInputs, categories_of, described, standardised  # noqa: E402


def nodes(features: list[list[float]] | None) -> Nodes:
    columns = None if features is None else np.array(features, dtype=np.float64)
    return Nodes(IdMap("Item", range(3), "integer"), features=columns)


def test_features_have_mean_zero_and_deviation_one() -> None:
    made = standardised(nodes([[1.0, 5.0], [2.0, 5.0], [6.0, 5.0]]))
    spread = (14 / 3) ** 0.5
    np.testing.assert_allclose(made, [[-2 / spread, 0], [-1 / spread, 0], [3 / spread, 0]], rtol=1e-6)


def test_a_missing_feature_is_the_mean_and_a_column_says_so() -> None:
    made = standardised(nodes([[1.0, 0.0], [np.nan, 0.0], [3.0, 0.0]]))
    np.testing.assert_allclose(made, [[-1, 0, 1], [0, 0, 0], [1, 0, 1]])


def test_a_feature_that_nobody_has_says_nothing() -> None:
    np.testing.assert_array_equal(standardised(nodes([[np.nan]] * 3)), np.zeros((3, 1)))


def test_nodes_without_features_have_none() -> None:
    assert standardised(nodes(None)).shape == (3, 0)


def test_bags_are_weighted_means_and_empty_ones_are_zero() -> None:
    graph = snapshot_of(1, 3, [], categories=2, filed=[(0, 0), (0, 1), (2, 1)])
    filed = graph.edges["IN_CATEGORY"]
    kind = graph.schema.edges["IN_CATEGORY"].model_copy(update={"weight": "n"})
    schema = graph.schema.model_copy(update={"edges": {**graph.schema.edges, "IN_CATEGORY": kind}})
    weighted = Edges(filed.source, filed.target, np.array([3.0, 1.0, 2.0]))
    graph = type(graph)(schema, graph.nodes, {**graph.edges, "IN_CATEGORY": weighted})
    (table,) = categories_of(graph, "Item")
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(mean_of(Bag.of(table), vectors), [[0.75, 0.25], [0, 0], [0, 1]])
    assert categories_of(graph, "User") == []
    assert described(graph, "Item").tolist() == [True, False, True]


def test_inputs_of_a_type_without_anything_are_empty() -> None:
    inputs = NodeInputs.of(snapshot_of(2, 3, [(0, 1)]), "User")
    assert inputs.features.shape == (2, 0)
    assert inputs.bags == ()
