"""Exact arrays of a small snapshot with everything in it, and counts of generated ones."""

import sys

import numpy as np
import pytest
from typed_graphs import people_graph, tour_graph

from graphrec_neo4j.errors import MissingExtraError
from graphrec_neo4j.snapshot import MISSING_TIME
from loaders.to_pyg import to_bipartite, to_hetero_data

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")


def test_every_node_type_is_there_with_its_isolated_nodes() -> None:
    data = to_hetero_data(tour_graph())
    assert {name: data[name].num_nodes for name in data.node_types} == {"Guest": 3, "Tour": 4, "Place": 2}


def test_a_missing_feature_is_zero_and_marked() -> None:
    tours = to_hetero_data(tour_graph())["Tour"]
    assert tours.x.dtype == torch.float32
    assert tours.x.tolist() == [[10, 1], [0, 2], [0, 0], [40, 4]]
    assert tours.x_missing.tolist() == [[False, False], [True, False], [False, True], [False, False]]


def test_a_node_type_without_features_has_no_x() -> None:
    assert "x" not in to_hetero_data(tour_graph())["Guest"]


def test_edges_keep_their_order_weights_times_and_roles() -> None:
    booked = to_hetero_data(tour_graph())["Guest", "BOOKED", "Tour"]
    assert booked.edge_index.dtype == torch.int64
    assert booked.edge_index.tolist() == [[0, 0, 1], [0, 2, 3]]
    assert booked.role == "interaction"
    np.testing.assert_array_equal(booked.edge_weight.numpy(), [5, np.nan, 1])
    assert booked.edge_time.tolist() == [1_700_000_000_123, MISSING_TIME, 0]


def test_an_edge_type_without_weight_and_time_has_neither() -> None:
    leads = to_hetero_data(tour_graph())["Tour", "LEADS_TO", "Place"]
    assert leads.edge_index.tolist() == [[0, 3], [1, 0]]
    assert leads.role == "category"
    assert "edge_weight" not in leads
    assert "edge_time" not in leads


def test_an_edge_type_without_edges_is_there() -> None:
    assert to_hetero_data(tour_graph())["Guest", "KNOWS", "Guest"].edge_index.shape == (2, 0)


def test_pyg_finds_the_data_valid() -> None:
    assert to_hetero_data(tour_graph()).validate(raise_on_error=True)


def test_the_snapshot_is_not_shared() -> None:
    graph = tour_graph()
    to_hetero_data(graph)["Guest", "BOOKED", "Tour"].edge_time.zero_()
    assert graph.edges["BOOKED"].time.tolist() == [1_700_000_000_123, MISSING_TIME, 0]


def test_the_bipartite_edges_are_the_positive_interactions_with_items_after_users() -> None:
    """Of three bookings one has a weight under the threshold and one has none, so neither is known to be positive."""
    assert to_bipartite(tour_graph()).T.tolist() == [[0, 3 + 0]]


def test_symmetric_appends_every_edge_turned_round() -> None:
    graph = tour_graph()
    forward, both = to_bipartite(graph), to_bipartite(graph, symmetric=True)
    assert torch.equal(both, torch.cat([forward, forward.flip(0)], dim=1))


def test_where_people_are_recommended_to_people_each_is_two_nodes() -> None:
    assert to_bipartite(people_graph()).T.tolist() == [[0, 3 + 1], [1, 3 + 2], [2, 3 + 0]]


@pytest.mark.parametrize("module", ["torch", "torch_geometric"])
def test_without_torch_the_extra_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    if module == "torch_geometric":
        monkeypatch.delitem(sys.modules, "torch_geometric.data", raising=False)
    with pytest.raises(MissingExtraError, match=r"graphrec-neo4j\[gnn\]"):
        to_hetero_data(tour_graph())
