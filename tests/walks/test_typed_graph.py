from __future__ import annotations

import numpy as np
from random_graphs import ENDS, SIZES, snapshot_of

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from graphrec_neo4j.walks.typed_graph import TypedGraph


def one_edge(name: str, weight: float) -> dict[str, np.ndarray]:
    dense = {name: np.zeros((SIZES[source], SIZES[target])) for name, (source, target) in ENDS.items()}
    dense[name][1, 2] = weight
    return dense


def test_an_edge_weighs_the_same_both_ways() -> None:
    graph = TypedGraph.of(snapshot_of(one_edge("LIKES", 5.0)))
    assert graph.offsets == {"User": 0, "Item": 6, "Category": 13}
    expected = np.zeros((16, 16))
    expected[1, 8] = expected[8, 1] = 5.0
    np.testing.assert_array_equal(graph.weights.toarray(), expected)
    assert graph.degrees.sum() == 10


def test_nodes_know_their_type_and_row() -> None:
    graph = TypedGraph.of(snapshot_of(one_edge("LIKES", 1.0)))
    assert [graph.type_of(node) for node in (0, 5, 6, 12, 13)] == [
        ("User", 0),
        ("User", 5),
        ("Item", 0),
        ("Item", 6),
        ("Category", 0),
    ]


def test_it_says_which_edges_join_users_to_each_type() -> None:
    graph = TypedGraph.of(snapshot_of(one_edge("LIKES", 1.0)))
    assert graph.joining == {"User": ("FOLLOWS",), "Item": ("LIKES",), "Category": ("WANTS",)}


def test_arrays_give_an_equal_graph_back() -> None:
    graph = TypedGraph.of(snapshot_of(one_edge("FOLLOWS", 2.0)))
    again = TypedGraph.from_arrays(graph.arrays())
    assert (again.offsets, again.joining) == (graph.offsets, graph.joining)
    np.testing.assert_array_equal(again.weights.toarray(), graph.weights.toarray())


def people(**edge: object) -> GraphSnapshot:
    """Three people, the first of whom knows the second; nobody is of the other type."""
    schema = GraphSchema.model_validate(
        {
            "recommend_to": "Person",
            "recommend": "Person",
            "nodes": {"Person": {"key_type": "integer"}, "City": {}},
            "edges": {
                "KNOWS": {"from": "Person", "to": "Person", **edge},
                "IN": {"from": "Person", "to": "City"},
            },
        }
    )
    nodes = {"Person": Nodes(IdMap("Person", range(3), "integer")), "City": Nodes(IdMap("City", [], "string"))}
    none = np.array([], dtype=np.int32)
    knows = Edges(np.array([0], dtype=np.int32), np.array([1], dtype=np.int32))
    return GraphSnapshot(schema, nodes, {"KNOWS": knows, "IN": Edges(none, none)})


def test_an_undirected_edge_is_not_counted_twice() -> None:
    for directed in (True, False):
        graph = TypedGraph.of(people(directed=directed))
        assert graph.weights.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_importance_multiplies_the_weight() -> None:
    assert TypedGraph.of(people(importance=2.5)).weights[0, 1] == 2.5


def test_a_type_without_nodes_is_left_out() -> None:
    graph = TypedGraph.of(people())
    assert graph.offsets == {"Person": 0}
    assert graph.type_of(2) == ("Person", 2)
