"""What goes into Neo4j comes out again exactly; what does not fit is one clear sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from graph_strategies import snapshots
from hypothesis import HealthCheck, given, settings
from ratings_graph import RATINGS, ratings

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError, SchemaError, SnapshotError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from loaders import from_neo4j as from_neo4j_module
from loaders import to_neo4j as to_neo4j_module
from loaders.from_neo4j import from_neo4j, read_graph
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live

Run = Callable[..., list[dict[str, object]]]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(snapshot=snapshots())
def test_a_graph_comes_back_as_it_went_in(database: Database, run: Run, snapshot: GraphSnapshot) -> None:
    run("MATCH (n) DETACH DELETE n")
    to_neo4j(database, snapshot)
    assert from_neo4j(database, snapshot.schema) == snapshot
    assert not to_neo4j(database, snapshot).changed


def test_a_second_load_changes_nothing_and_says_so(database: Database) -> None:
    first = to_neo4j(database, ratings())
    assert (first.nodes, first.edges) == ({"User": 3, "Item": 3}, {"RATED": 3})
    # 2 names, 2 prices, 2 ratings and 2 times are there; what is missing is not written; keys count as set.
    assert (first.created_nodes, first.created_edges, first.properties_set) == (6, 3, 8 + 6)
    assert first.changed
    assert len(first.constraints) == 2
    second = to_neo4j(database, ratings())
    assert not second.changed
    assert second.constraints == ()
    assert (second.nodes, second.edges) == (first.nodes, first.edges)


def test_a_changed_value_is_the_only_change_and_a_missing_one_removes_nothing(database: Database, run: Run) -> None:
    to_neo4j(database, ratings())
    edges = ratings().edges["RATED"]
    later = Edges(edges.source, edges.target, np.array([np.nan, 3.0, 2.5]), edges.time)
    assert to_neo4j(database, ratings().with_edges(RATED=later)).properties_set == 1
    assert run("MATCH (u)-[r:RATED]->(i) RETURN r.rating AS r ORDER BY u.id, i.id") == [
        {"r": 5.0},
        {"r": 3.0},
        {"r": 2.5},
    ]


def test_a_load_that_was_cut_short_is_finished_by_loading_again(
    database: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_neo4j_module, "EDGES_A_BATCH", 1)

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "loading RATED" and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_neo4j(database, ratings(), progress=interrupt, sessions=1)
    assert run("MATCH ()-[r]->() RETURN count(r) AS n") == [{"n": 1}]
    assert to_neo4j(database, ratings()).created_edges == 2
    assert from_neo4j(database, ratings().schema) == ratings()


def test_a_batch_that_is_sent_twice_makes_no_edge_twice(database: Database, run: Run) -> None:
    """As after a commit that went unanswered: with a source that had no edges before."""
    to_neo4j(database, ratings())
    run("MATCH ()-[r]->() DELETE r")
    kind = ratings().schema.edges["RATED"]
    batch = next(to_neo4j_module._edge_batches(kind, ratings().edges["RATED"], ratings()))
    query = to_neo4j_module.statement("write/graph_edges", to_neo4j_module.Naming.for_edge(ratings().schema, kind))
    database.write_batches(query, [batch] * 8, sessions=4)
    assert run("MATCH ()-[r]->() RETURN count(r) AS n") == [{"n": 3}]


def test_nodes_that_have_other_labels_and_properties_keep_them(database: Database, run: Run) -> None:
    run("CREATE (:User:Admin {id: 'ann', shoe: 43})")
    to_neo4j(database, ratings())
    assert run("MATCH (u:Admin) RETURN u.shoe AS shoe, u.name AS name, labels(u) AS labels") == [
        {"shoe": 43, "name": "Ann", "labels": ["User", "Admin"]}
    ]


def test_an_index_of_the_users_own_is_used_as_it_is(database: Database, run: Run) -> None:
    run("CREATE INDEX mine FOR (n:User) ON (n.id)")
    run("CREATE CONSTRAINT theirs FOR (n:Item) REQUIRE n.id IS UNIQUE")
    assert to_neo4j(database, ratings()).constraints == ()
    assert run("SHOW CONSTRAINTS YIELD name") == [{"name": "theirs"}]


def test_keys_that_are_not_unique_are_refused_before_anything_is_written(database: Database, run: Run) -> None:
    run("UNWIND [1, 2] AS n CREATE (:User {id: 'ann'})")
    with pytest.raises(SchemaError, match="the key 'id' of the nodes 'User' is not unique"):
        to_neo4j(database, ratings())
    assert run("MATCH (n) RETURN count(n) AS n") == [{"n": 2}]
    with pytest.raises(SnapshotError, match="'ann' comes twice"):
        from_neo4j(database, GraphSchema.parse('recommend_to="User"\nrecommend="User"\n[nodes.User]'))


def test_a_weight_without_a_place_is_refused_before_anything_is_written(database: Database, run: Run) -> None:
    homeless = ratings(RATINGS.replace('weight = "rating"\n', "").replace("positive_from = 4\n", ""))
    with pytest.raises(SnapshotError, match="RATED has weights and no place for them"):
        to_neo4j(database, homeless)
    with pytest.raises(SnapshotError, match="would round, the first 1700000000123 ms"):
        to_neo4j(database, ratings(RATINGS + 'time_unit = "s"\n'))
    assert run("MATCH (n) RETURN count(n) AS n") == [{"n": 0}]


@pytest.mark.parametrize(
    ("unit", "stored", "milliseconds"),
    [
        ("s", "1700000000", 1_700_000_000_000),
        ("s", "'1700000000'", 1_700_000_000_000),
        ("ms", "-1", -1),
        ("date", "date('1970-01-03')", 2 * 86_400_000),
        ("datetime", "datetime('1970-01-01T01:00:00.005+01:00')", 5),
        ("datetime", "datetime('1970-07-01T02:00:00[Europe/Berlin]')", 181 * 86_400_000 + 3_600_000),
        ("datetime", "localdatetime('1970-01-01T00:00:01')", 1000),
        ("text", "'1970-01-01 00:00:02'", 2000),
        ("text", "'1970-01-01T00:00:02.250Z'", 2250),
        ("text", "'1970/01/02'", 86_400_000),
    ],
)
def test_times_are_read_in_the_form_that_the_schema_names(
    database: Database, run: Run, unit: str, stored: str, milliseconds: int
) -> None:
    run(f"CREATE (:User {{id: 'ann', name: 'Ann'}})-[:RATED {{rating: 1, at: {stored}}}]->(:Item {{id: 1, price: 2}})")
    read = read_graph(database, GraphSchema.parse(RATINGS + f'time_unit = "{unit}"\n'))
    assert read.snapshot.edges["RATED"].time.tolist() == [milliseconds]
    assert read.notes == []


def test_a_time_finer_than_a_millisecond_is_cut_and_counted(database: Database, run: Run) -> None:
    moment = "datetime('1970-01-01T00:00:00.001999Z')"
    run(f"CREATE (:User {{id: 'a', name: 'A'}})-[:RATED {{rating: 1, at: {moment}}}]->(:Item {{id: 1, price: 2}})")
    read = read_graph(database, GraphSchema.parse(RATINGS + 'time_unit = "datetime"\n'))
    assert read.snapshot.edges["RATED"].time.tolist() == [1]
    assert read.notes == ["RATED: 1 times are finer than a millisecond, and were cut to it."]


def test_numbers_stored_as_text_are_read_and_that_is_said_once(database: Database, run: Run) -> None:
    run(
        "CREATE (u:User {id: 'a', name: 7}) WITH u UNWIND [1, 2] AS id "
        "CREATE (u)-[:RATED {rating: '4.5', at: '3'}]->(:Item {id: id, price: '9'})"
    )
    read = read_graph(database, GraphSchema.parse(RATINGS))
    assert read.snapshot.edges["RATED"].weight.tolist() == [4.5, 4.5]
    assert read.snapshot.items.features.tolist() == [[9.0], [9.0]]
    assert read.snapshot.users.names.tolist() == ["7"]
    assert [note.split(": ")[0] for note in read.notes] == ["Item", "RATED"]


def test_text_that_is_no_number_names_its_edge(database: Database, run: Run) -> None:
    run("CREATE (:User {id: 'a', name: 'A'})-[:RATED {rating: 'good', at: 'noon'}]->(:Item {id: 1, price: 2})")
    with pytest.raises(BadInputError) as refused:
        from_neo4j(database, GraphSchema.parse(RATINGS))
    assert "2 values of RATED cannot be read: the weight from 'a' to 1: 'good' is no number" in str(refused.value)
    assert "the time from 'a' to 1: 'noon'" in str(refused.value)


PARALLEL = "CREATE (u:User {id: 'a', name: 'A'}), (i:Item {id: 1, price: 2}) "
RATED_TWICE = "CREATE (u)-[:RATED {rating: 5, at: 1}]->(i) CREATE (u)-[:RATED {rating: 2, at: 2}]->(i)"


@pytest.mark.parametrize(("rule", "weight"), [("sum", 7.0), ("last", 2.0), ("max", 5.0)])
def test_parallel_relationships_are_merged_by_the_rule_and_counted(
    database: Database, run: Run, rule: str, weight: float
) -> None:
    run(PARALLEL + RATED_TWICE)
    read = read_graph(database, GraphSchema.parse(RATINGS + f'duplicates = "{rule}"\n'))
    assert read.snapshot.edges["RATED"].weight.tolist() == [weight]
    assert read.duplicates == {"RATED": 1}
    assert read.notes == ["RATED: 1 parallel edges were merged into others."]


def test_parallel_relationships_are_refused_where_the_schema_forbids_them(database: Database, run: Run) -> None:
    run(PARALLEL + RATED_TWICE)
    with pytest.raises(SnapshotError, match="RATED: 1 edges join a pair that is already joined"):
        from_neo4j(database, GraphSchema.parse(RATINGS + 'duplicates = "error"\n'))


ORDERS = """
recommend_to = "Customer"
recommend = "Product"
[nodes.Customer]
[nodes.Product]
key = "sku"
[edges.BOUGHT]
from = "Customer"
to = "Product"
via = {label = "Order", first = "PLACED", second = "PART_OF", second_direction = "in"}
weight = {on = "second", property = "quantity"}
time = {on = "node", property = "day"}
time_unit = "date"
[edges.KNOWS]
from = "Customer"
to = "Customer"
directed = false
"""


def test_an_edge_through_a_node_is_read_along_its_path_and_not_written(database: Database, run: Run) -> None:
    run(
        "CREATE (c:Customer {id: 'c'}), (d:Customer {id: 'd'}), (p:Product {sku: 'p'}) "
        "CREATE (c)-[:KNOWS]->(d) "
        "WITH c, p UNWIND [[2, '1970-01-02'], [3, '1970-01-03']] AS o "
        "CREATE (c)-[:PLACED]->(:Order {day: date(o[1])})<-[:PART_OF {quantity: o[0]}]-(p)"
    )
    schema = GraphSchema.parse(ORDERS)
    snapshot = from_neo4j(database, schema)
    bought = snapshot.edges["BOUGHT"]
    assert (bought.weight.tolist(), bought.time.tolist()) == ([5.0], [2 * 86_400_000])
    assert len(snapshot.edges["KNOWS"]) == 1
    summary = to_neo4j(database, snapshot)
    assert not summary.changed
    assert summary.edges == {"KNOWS": 1}
    assert summary.notes == ("1 BOUGHT are not written: they follow from paths through Order nodes.",)


def test_pages_join_without_loss_or_repetition(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pages of two keys whose order by code point differs from their order by UTF-16 unit."""
    monkeypatch.setattr(from_neo4j_module, "NODES_A_PAGE", 2)
    keys = ["", "a", "b", "\uffff", "😀", "z", "é"]
    schema = GraphSchema.parse('recommend_to="P"\nrecommend="P"\n[nodes.P]\n[edges.F]\nfrom="P"\nto="P"')
    nodes = {"P": Nodes(IdMap("P", keys, "string"))}
    around = np.arange(7, dtype=np.int32)
    snapshot = GraphSnapshot(schema, nodes, {"F": Edges(around, np.roll(around, 1))})
    to_neo4j(database, snapshot)
    assert from_neo4j(database, schema) == snapshot
