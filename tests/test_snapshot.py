"""The snapshot against brute force over plain lists of edges, and what it refuses to be."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from graph_strategies import snapshots
from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.errors import SnapshotError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes, merge_parallel

NAN = float("nan")
rows = st.integers(0, 3)
weights = st.one_of(st.just(NAN), st.integers(-3, 3).map(float))
edge_lists = st.lists(st.tuples(rows, rows, weights, st.integers(0, 3)), max_size=25)


def edges_of(listed: list[tuple[int, int, float, int]]) -> Edges:
    source, target, weight, time = (list(column) for column in zip(*listed, strict=True)) if listed else ([],) * 4
    return Edges(
        np.array(source, np.int32), np.array(target, np.int32), np.array(weight, np.float64), np.array(time, np.int64),
        {"n": np.fromiter(range(len(listed)), dtype=object, count=len(listed))},
    )  # fmt: skip


@given(edge_lists, st.sampled_from(["sum", "last", "max"]))
def test_parallel_edges_become_one_by_the_rule(listed: list[tuple[int, int, float, int]], rule: str) -> None:
    groups: dict[tuple[int, int], list[tuple[float, int, int]]] = defaultdict(list)
    for position, (source, target, weight, time) in enumerate(listed):
        groups[source, target].append((weight, time, position))
    expected = []
    for pair, group in sorted(groups.items()):
        by_time = max(group, key=lambda one: (one[1], one[2]))
        heaviest = max(group, key=lambda one: (-np.inf if np.isnan(one[0]) else one[0], one[2]))
        kept = heaviest if rule == "max" else by_time
        total = sum(1.0 if np.isnan(one[0]) else one[0] for one in group)
        expected.append((*pair, total if rule == "sum" and len(group) > 1 else kept[0], *kept[1:]))
    made, merged = merge_parallel(edges_of(listed), rule)
    assert merged == len(listed) - len(groups)
    assert made.weight is not None
    assert made.time is not None
    columns = (made.source, made.target, made.weight, made.time, made.properties["n"])
    np.testing.assert_equal([list(row) for row in zip(*columns, strict=True)], [list(row) for row in expected])


def test_parallel_edges_are_refused_where_the_rule_says_so() -> None:
    with pytest.raises(SnapshotError, match="1 edges join a pair that is already joined"):
        merge_parallel(edges_of([(0, 1, 1.0, 0), (0, 1, 2.0, 0)]), "error")
    assert merge_parallel(edges_of([(0, 1, 1.0, 0), (1, 0, 2.0, 0)]), "error")[1] == 0


def test_summed_edges_without_weights_weigh_what_they_were() -> None:
    made, merged = merge_parallel(Edges(np.array([1, 0, 1], np.int32), np.array([0, 0, 0], np.int32)), "sum")
    assert merged == 1
    assert made.weight is not None
    assert made.weight.tolist() == [1.0, 2.0]


SCHEMA = """
recommend_to = "User"
recommend = "Item"
[nodes.User]
[nodes.Item]
key_type = "integer"
[edges.RATED]
from = "User"
to = "Item"
weight = "stars"
positive_from = 3
[edges.BOUGHT_BY]
from = "Item"
to = "User"
weight = "times"
importance = 2
strength = "log"
[edges.KNOWS]
from = "User"
to = "User"
directed = false
"""


def shop(**changed: Any) -> GraphSnapshot:
    """Users a, b, c and items 1, 2, 3; a rated 1 with 5, 2 with 2; b rated 1 without stars; 3 was bought by a."""
    edges = {
        "RATED": edges_of([(0, 0, 5.0, 1), (0, 1, 2.0, 2), (1, 0, NAN, 3)]),
        "BOUGHT_BY": edges_of([(2, 0, 3.0, 4)]),
        "KNOWS": Edges(np.array([0], np.int32), np.array([2], np.int32)),
    }
    nodes = {"User": Nodes(IdMap("User", "abc", "string")), "Item": Nodes(IdMap("Item", [1, 2, 3], "integer"))}
    schema = GraphSchema.parse(SCHEMA)
    bare = {name: replace(one, properties={}) for name, one in edges.items()}
    return GraphSnapshot(schema, nodes, {**bare, **changed})


def test_interactions_are_positive_edges_times_importance() -> None:
    expected = np.array([[1, 0, 2 * np.log1p(3)], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(shop().interactions.toarray(), expected)


def test_entries_of_a_matrix_are_counted_before_it_is_made() -> None:
    graph = shop()
    counted = {name: graph.matrix_entries(name) for name in (*graph.edges, "*")}
    assert counted == {"RATED": 1, "BOUGHT_BY": 1, "KNOWS": 2, "*": 2}
    assert counted == {name: graph.matrix(name).nnz for name in counted}


def test_seen_holds_every_excluding_edge_also_those_that_are_not_positive() -> None:
    assert shop().seen.toarray().tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]


def test_oneself_and_ties_are_seen_among_people() -> None:
    schema = GraphSchema.parse('recommend_to="P"\nrecommend="P"\n[nodes.P]\n[edges.F]\nfrom="P"\nto="P"')
    edges = {"F": Edges(np.array([0], np.int32), np.array([1], np.int32))}
    snapshot = GraphSnapshot(schema, {"P": Nodes(IdMap("P", "ab", "string"))}, edges)
    assert snapshot.seen.toarray().tolist() == [[1, 1], [0, 1]]


def test_a_matrix_backwards_is_the_transpose_and_an_undirected_one_is_its_own() -> None:
    snapshot = shop()
    back = snapshot.matrix("RATED", forward=False).toarray()
    assert (back == snapshot.matrix("RATED").toarray().T).all()
    assert snapshot.matrix("KNOWS").toarray().tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert snapshot.matrix("RATED", every=True).toarray().tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("weight", [-1.0, float("inf")])
def test_a_weight_that_no_walk_can_use_names_its_edge(weight: float) -> None:
    snapshot = shop(BOUGHT_BY=replace(edges_of([(2, 0, weight, 0)]), properties={}))
    with pytest.raises(SnapshotError, match=f"BOUGHT_BY from 3 to 'a' has weight {weight}, which no walk can use"):
        snapshot.matrix("BOUGHT_BY")


def test_weights_that_are_all_zero_are_refused_with_the_first_edge_and_one_above_is_enough() -> None:
    snapshot = shop(BOUGHT_BY=replace(edges_of([(2, 0, 0.0, 0), (2, 1, 0.0, 0)]), properties={}))
    with pytest.raises(SnapshotError, match="all 2 BOUGHT_BY have weight 0, the first from 3 to 'a'"):
        snapshot.matrix("BOUGHT_BY")
    some = shop(BOUGHT_BY=replace(edges_of([(2, 0, 0.0, 0), (2, 1, 2.0, 0)]), properties={}))
    assert (some.matrix("BOUGHT_BY").toarray()[2] > 0).tolist()[:2] == [False, True]


@given(snapshots())
def test_a_digest_is_that_of_the_same_graph_and_changes_with_every_edge(snapshot: GraphSnapshot) -> None:
    again = GraphSnapshot(snapshot.schema, dict(reversed(snapshot.nodes.items())), dict(snapshot.edges))
    assert again == snapshot
    for name, edges in snapshot.edges.items():
        if len(edges):
            fewer = snapshot.with_edges(**{name: edges.take(np.arange(len(edges) - 1))})
            assert fewer != snapshot


CHANGES = {
    "a weight": {"RATED": edges_of([(0, 0, 4.5, 1), (0, 1, 2.0, 2), (1, 0, NAN, 3)])},
    "a missing weight": {"RATED": edges_of([(0, 0, NAN, 1), (0, 1, 2.0, 2), (1, 0, NAN, 3)])},
    "a time": {"RATED": edges_of([(0, 0, 5.0, 9), (0, 1, 2.0, 2), (1, 0, NAN, 3)])},
    "an end": {"RATED": edges_of([(0, 0, 5.0, 1), (0, 2, 2.0, 2), (1, 0, NAN, 3)])},
    "a direction": {"KNOWS": Edges(np.array([2], np.int32), np.array([0], np.int32))},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_digest_changes_with(what: str) -> None:
    ((name, edges),) = CHANGES[what].items()
    assert shop(**{name: replace(edges, properties={})}) != shop()


def test_a_digest_tells_ids_names_features_and_properties_apart() -> None:
    ids = IdMap("Item", [1, 2, 3], "integer")
    texts = np.array(["x", None, "y"], dtype=object)
    made = [
        Nodes(ids), Nodes(ids, names=texts), Nodes(ids, texts={"blurb": texts}), Nodes(ids, texts={"plot": texts}),
        Nodes(ids, features=np.array([[1.0], [2.0], [3.0]])), Nodes(IdMap("Item", [1, 2, 4], "integer")),
        Nodes(IdMap("Item", ["1", "2", "3"], "string")),
    ]  # fmt: skip
    base = shop()
    assert len({replace(base, nodes={**base.nodes, "Item": nodes}).digest for nodes in made}) == len(made)


def test_a_column_of_nothing_is_no_column() -> None:
    nothing = Edges(
        np.array([0], np.int32), np.array([2], np.int32), np.array([NAN]), np.array([MISSING_TIME]),
        {"since": np.array([None], dtype=object)},
    )  # fmt: skip
    assert shop(KNOWS=nothing) == shop()


def test_zero_and_minus_zero_are_one_weight() -> None:
    one, other = (Edges(np.array([0], np.int32), np.array([2], np.int32), np.array([zero])) for zero in (0.0, -0.0))
    assert shop(KNOWS=one) == shop(KNOWS=other) != shop()


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        (edges_of([(0, 3, 1.0, 0)]), "points to a row outside the 3 Items"),
        (edges_of([(-1, 0, 1.0, 0)]), "points to a row outside the 3 Users"),
        (edges_of([(1, 0, 1.0, 0), (0, 0, 1.0, 0)]), "must be sorted and unique"),
        (edges_of([(0, 0, 1.0, 0), (0, 0, 1.0, 0)]), "must be sorted and unique"),
    ],
)
def test_edges_that_make_no_graph_are_refused(edges: Edges, sentence: str) -> None:
    with pytest.raises(SnapshotError, match=sentence):
        shop(RATED=edges)


def test_columns_of_different_lengths_and_types_of_another_schema_are_refused() -> None:
    with pytest.raises(SnapshotError, match="the columns of an edge type differ in length"):
        Edges(np.array([0], np.int32), np.array([0], np.int32), np.array([1.0, 2.0]))
    with pytest.raises(SnapshotError, match="a column of User does not have 3 rows"):
        Nodes(IdMap("User", "abc", "string"), features=np.ones((2, 1)))
    with pytest.raises(SnapshotError, match="exactly the node and edge types of its schema"):
        GraphSnapshot(GraphSchema.parse(SCHEMA), {}, {})
