"""Paths as the driver gives them become nodes with business ids, and nobody is named who must not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import neo4j
import pytest

from graphrec_neo4j.picture.paths import PathGraph, PathNode, path_graph
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live

SHOP = GraphSchema.parse(
    """
    recommend_to = "Customer"
    recommend = "Product"
    [nodes.Customer]
    key = "no"
    key_type = "integer"
    name = "called"
    [nodes.Product]
    name = "title"
    [edges.ordered]
    from = "Customer"
    to = "Product"
    via = { label = "Order", first = "PLACED", second = "CONTAINS" }
    """
)
PEOPLE = GraphSchema.parse(
    """
    recommend_to = "Person"
    recommend = "Person"
    [nodes.Person]
    name = "called"
    [edges.FOLLOWS]
    from = "Person"
    to = "Person"
    """
)
Walk = Callable[[str], list[Any]]


@pytest.fixture
def walk(empty_database: Connection) -> Walk:
    """Create a graph and return the paths of one statement."""

    def run(text: str) -> list[Any]:
        auth = (empty_database.username, empty_database.password)
        with neo4j.GraphDatabase.driver(empty_database.uri, auth=auth) as driver:
            return [record["path"] for record in driver.execute_query(text).records]

    return run


def named(graph: PathGraph) -> list[tuple[str, object]]:
    return [(node.type, node.key) for node in graph.nodes if node.named]


def test_orders_and_other_customers_have_stand_ins(walk: Walk) -> None:
    found = walk(
        """CREATE path = (:Customer {no: 1, called: 'Ann'})-[:PLACED]->(:Order {id: 'o1'})-[:CONTAINS]->
                         (:Product {id: 'tea', title: 'Tea'})<-[:CONTAINS]-(:Order {id: 'o2'})<-[:PLACED]-
                         (:Customer {no: 2, called: 'Bob'})-[:PLACED]->(:Order {id: 'o3'})-[:CONTAINS]->
                         (:Product {id: 'pan'}) RETURN path"""
    )
    graph = path_graph(found, SHOP, PathNode("Customer", 1, "Ann"), PathNode("Product", "pan", "pan"))
    assert named(graph) == [("Customer", 1), ("Product", "pan"), ("Product", "tea")]
    assert graph.words(graph.paths[0]) == (
        "Ann -[PLACED]-> Order (1) -[CONTAINS]-> Tea <-[CONTAINS]- Order (2) <-[PLACED]- another Customer (1) "
        "-[PLACED]-> Order (3) -[CONTAINS]-> pan"
    )
    told = repr(graph)
    assert not [hidden for hidden in ("Bob", "'o1'", "'o2'", "'o3'", "key=2") if hidden in told]


def test_one_node_has_one_stand_in_and_two_have_two(walk: Walk) -> None:
    first = """MERGE (a:Customer {no: 1}) MERGE (b:Customer {no: 2}) MERGE (c:Customer {no: 3})
               MERGE (a)-[:KNOWS]->(b) MERGE (a)-[:KNOWS]->(c)
               MERGE (p:Product {id: 'pan'}) MERGE (b)-[:LIKES]->(p) MERGE (c)-[:LIKES]->(p) WITH *
               MATCH path = (:Customer {no: 1})-[:KNOWS]->()-[:LIKES]->() RETURN path"""
    ends = PathNode("Customer", 1, "1"), PathNode("Product", "pan", "pan")
    one, other = path_graph(walk(first), SHOP, *ends), path_graph(walk(first), SHOP, *ends)
    assert {node.key for node in one.nodes} == {node.key for node in other.nodes}
    assert len({node.key for node in one.nodes}) == 4
    assert {node.name for node in one.nodes} == {"1", "pan", "another Customer (1)", "another Customer (2)"}


def test_a_node_without_its_key_is_not_named(walk: Walk) -> None:
    found = walk(
        """CREATE path = (:Customer {no: 1})-[:LIKES]->(:Product {title: 'Secret'})<-[:LIKES]-(:Customer)-[:LIKES]->
                         (:Product {id: 'pan'}) RETURN path"""
    )
    graph = path_graph(found, SHOP, PathNode("Customer", 1, "1"), PathNode("Product", "pan", "pan"))
    assert [node.name for node in graph.nodes[2:]] == ["Product (1)", "Customer (1)"]
    assert not any(node.named for node in graph.nodes[2:])


def test_parallel_relationships_of_one_type_are_one_step_and_of_two_types_are_two(walk: Walk) -> None:
    found = walk(
        """CREATE (a:Customer {no: 1}), (p:Product {id: 'pan'}), (a)-[:LIKES]->(p), (a)-[:LIKES]->(p), (p)-[:SEEN]->(a)
           WITH * MATCH path = (a)--(p) RETURN path"""
    )
    graph = path_graph(found, SHOP, PathNode("Customer", 1, "1"), PathNode("Product", "pan", "pan"))
    assert set(graph.steps) == {(0, 1, "LIKES"), (1, 0, "SEEN")}
    assert len(graph.paths) == 3
    assert "1 <-[SEEN]- pan" in {graph.words(path) for path in graph.paths}


@pytest.mark.parametrize(("people", "seen"), [("tied", {"Bob"}), ("nobody", set()), ("everybody", {"Bob", "Cy"})])
def test_who_is_named_is_what_the_schema_allows(walk: Walk, people: str, seen: set[str]) -> None:
    found = walk(
        """CREATE (a:Customer {no: 1, called: 'Ann'}), (p:Product {id: 'pan'}), (t:Product {id: 'tea'}),
                  (b:Customer {no: 2, called: 'Bob'}), (c:Customer {no: 3, called: 'Cy'}),
                  (a)-[:FRIEND]->(b)-[:ordered]->(p), (a)-[:ordered]->(t)<-[:ordered]-(c)-[:ordered]->(p)
           WITH a, p MATCH path = (a)-[*2..3]-(p) RETURN path"""
    )
    text = 'name = "called"\n[nodes.Product]\n[edges.ordered]\nfrom = "Customer"\nto = "Product"\n'
    schema = GraphSchema.parse(
        'recommend_to = "Customer"\nrecommend = "Product"\n[nodes.Customer]\nkey = "no"\nkey_type = "integer"\n'
        f'{text}[edges.FRIEND]\nfrom = "Customer"\nto = "Customer"\n[reasons]\npeople = "{people}"'
    )
    graph = path_graph(found, schema, PathNode("Customer", 1, "Ann"), PathNode("Product", "pan", "pan"))
    assert {node.name for node in graph.nodes if node.named} == {"Ann", "pan", "tea", *seen}
    assert not [name for name in {"Bob", "Cy"} - seen if name in repr(graph)]


def test_among_people_those_she_chose_are_named_and_those_beyond_are_not(walk: Walk) -> None:
    found = walk(
        """CREATE path = (:Person {id: 'a', called: 'Ann'})-[:FOLLOWS]->(:Person {id: 'b', called: 'Bob'})<-[:FOLLOWS]-
                         (:Person {id: 'c', called: 'Cy'})-[:FOLLOWS]->(:Person {id: 'd', called: 'Di'}) RETURN path"""
    )
    graph = path_graph(found, PEOPLE, PathNode("Person", "a", "Ann"), PathNode("Person", "d", "Di"))
    assert named(graph) == [("Person", "a"), ("Person", "d"), ("Person", "b")]
    assert graph.nodes[3].name == "another Person (1)"
    assert "Cy" not in repr(graph)
