"""What is seen in a real database that nobody has described, and what is proposed for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graphrec_neo4j.database import Database
from loaders.from_neo4j import read_graph
from loaders.inspect import inspect_database
from loaders.propose import propose

pytestmark = pytest.mark.live

Run = Callable[..., list[dict[str, object]]]

SHOP = """
UNWIND range(1, 6) AS n
CREATE (c:Customer:Person {`e mail`: 'c' + n, name: 'Customer ' + n % 2, graphrec_a_ids: [1, 2]})
CREATE (p:`Pro``duct` {sku: n, title: 'Product ' + n, price: n * 1.5})
CREATE (c)-[:VIEWED {at: datetime({epochMillis: n})}]->(p)
MERGE (b:Brand {name: 'Brand ' + n % 2})
CREATE (p)-[:`made by`]->(b)
CREATE (c)-[:RECOMMENDED {rank: 1, score: 0.5, run: 1, reason: 'so'}]->(p)
CREATE (p)-[:SIMILAR {rank: 1, score: 0.5, run: 1, count: 2}]->(p)
CREATE (:GraphRecRun {id: n})
"""


def test_a_shop_with_awkward_names_is_seen_as_it_is(database: Database, run: Run) -> None:
    run("CREATE CONSTRAINT FOR (p:`Pro``duct`) REQUIRE p.sku IS UNIQUE")
    run(SHOP)
    facts = inspect_database(database)
    assert {found.label: found.nodes for found in facts.labels.values()} == {"Brand": 2, "Customer": 6, "Pro`duct": 6}
    assert facts.labels["Pro`duct"].unique == {"sku"}
    assert facts.labels["Customer"].properties.keys() == {"e mail", "name"}
    seen = {(found.source, found.type, found.target): found.edges for found in facts.relationships}
    assert seen == {("Customer", "VIEWED", "Pro`duct"): 6, ("Pro`duct", "made by", "Brand"): 6}


def test_what_is_proposed_for_it_can_be_read(database: Database, run: Run) -> None:
    run(SHOP)
    schema = propose(inspect_database(database)).schema
    assert (schema.recommend_to, schema.recommend) == ("Customer", "Pro`duct")
    read = read_graph(database, schema)
    assert read.snapshot.users.ids.keys == [f"c{n}" for n in range(1, 7)]
    assert read.snapshot.edges["VIEWED"].time is not None
    assert read.snapshot.edges["VIEWED"].time.tolist() == [1, 2, 3, 4, 5, 6]
    assert len(read.snapshot.edges["made by"]) == 6
    assert read.notes == []


def test_orders_between_customers_and_products_become_one_edge(database: Database, run: Run) -> None:
    run(
        "UNWIND range(1, 4) AS n CREATE (c:Customer {id: n})-[:PLACED]->(o:Order {no: n, day: date('2024-01-02')}) "
        "CREATE (o)-[:CONTAINS {quantity: n}]->(:Product {id: n})"
    )
    schema = propose(inspect_database(database)).schema
    bought = read_graph(database, schema).snapshot.edges["Order"]
    assert bought.weight is not None
    assert bought.weight.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert bought.time is not None
    assert len(set(bought.time.tolist())) == 1


def test_one_type_between_several_labels_is_told_apart(database: Database, run: Run) -> None:
    run("CREATE (u:User {id: 1})-[:LIKES]->(:Song {id: 1}), (u)-[:LIKES]->(:Genre {id: 1}), (:Song {id: 2})")
    seen = {(found.source, found.target): found.edges for found in inspect_database(database).relationships}
    assert seen == {("User", "Song"): 1, ("User", "Genre"): 1}


def test_looking_changes_nothing(database: Database, run: Run) -> None:
    run(SHOP)
    before = run("MATCH (n) RETURN count(n) AS n, sum(size(keys(n))) AS keys")
    inspect_database(database)
    assert run("MATCH (n) RETURN count(n) AS n, sum(size(keys(n))) AS keys") == before
    assert run("SHOW CONSTRAINTS YIELD name") == []
