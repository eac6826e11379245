import sys

import pytest
from typed_graphs import people_graph, tour_graph

from graphrec_neo4j.errors import MissingExtraError
from loaders.to_networkx import to_networkx

networkx = pytest.importorskip("networkx")


def test_nodes_are_keyed_by_type_and_business_id() -> None:
    """The tour ``a`` and the place ``a`` are two nodes; the guest and the tour without edges are there."""
    graph = to_networkx(tour_graph())
    assert isinstance(graph, networkx.MultiDiGraph)
    assert set(graph) == {
        *(("Guest", key) for key in (7, 8, 9)),
        *(("Tour", key) for key in "abcd"),
        ("Place", "North"),
        ("Place", "a"),
    }
    assert sorted(networkx.isolates(graph)) == [("Guest", 9), ("Tour", "b")]


def test_node_attributes_leave_out_what_is_missing() -> None:
    nodes = to_networkx(tour_graph()).nodes
    assert nodes["Guest", 7] == {"type": "Guest", "name": "Ann", "features": {}, "texts": {}}
    assert nodes["Guest", 8] == {"type": "Guest", "features": {}, "texts": {}}
    assert nodes["Tour", "a"] == {"type": "Tour", "features": {"price": 10, "days": 1}, "texts": {"about": "hills"}}
    assert nodes["Tour", "b"] == {"type": "Tour", "features": {"days": 2}, "texts": {}}
    assert nodes["Tour", "d"]["texts"] == {"about": ""}


def test_edges_are_keyed_by_type_with_weight_time_and_properties() -> None:
    edges = to_networkx(tour_graph()).edges
    assert dict(edges) == {
        (("Guest", 7), ("Tour", "a"), "BOOKED"): {
            "weight": 5,
            "time": 1_700_000_000_123,
            "properties": {"device": "phone"},
        },
        (("Guest", 7), ("Tour", "c"), "BOOKED"): {"properties": {}},
        (("Guest", 8), ("Tour", "d"), "BOOKED"): {"weight": 1, "time": 0, "properties": {"device": 0}},
        (("Tour", "a"), ("Place", "a"), "LEADS_TO"): {"properties": {}},
        (("Tour", "d"), ("Place", "North"), "LEADS_TO"): {"properties": {}},
    }


def test_values_are_plain_python() -> None:
    attributes = to_networkx(tour_graph()).edges[("Guest", 7), ("Tour", "a"), "BOOKED"]
    assert (type(attributes["weight"]), type(attributes["time"])) == (float, int)


def test_people_who_follow_people_are_one_node_each() -> None:
    graph = to_networkx(people_graph())
    assert networkx.is_strongly_connected(graph)
    assert graph.number_of_nodes() == graph.number_of_edges() == 3


def test_without_networkx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(MissingExtraError, match=r"to_networkx needs the \[notebook\] extra"):
        to_networkx(tour_graph())
