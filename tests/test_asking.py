"""What a user already has, in graphs that keep it in other ways; other questions are asked in tests/cli/test_ask.py."""

from __future__ import annotations

import pytest
from published import PlainDriver

from graphrec_neo4j.asking import first_seen
from graphrec_neo4j.database import Database
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live

SHOP = GraphSchema.parse(
    """
    recommend_to = "Customer"
    recommend = "Product"
    [nodes.Customer]
    key_type = "integer"
    [nodes.Product]
    [edges.ordered]
    from = "Customer"
    to = "Product"
    via = { label = "Order", first = "PLACED", second = "CONTAINS" }
    time = { on = "node", property = "placed at" }
    time_unit = "datetime"
    [edges.RECALLED]
    from = "Product"
    to = "Customer"
    role = "context"
    excludes = true
    time = "on"
    time_unit = "date"
    [edges.LOOKED_AT]
    from = "Customer"
    to = "Product"
    role = "context"
    """
)
GRAPH = """
    CREATE (ann:Customer {id: 1}), (bob:Customer {id: 2}), (tea:Product {id: 'tea'}), (pan:Product {id: 'pan'}),
           (ann)-[:PLACED]->(:Order {`placed at`: datetime('2024-03-02T01:30:00+02:00')})-[:CONTAINS]->(tea),
           (ann)-[:PLACED]->(:Order)-[:CONTAINS]->(tea),
           (tea)-[:RECALLED {on: date('2024-03-05')}]->(ann),
           (pan)-[:RECALLED {on: date('2024-03-05')}]->(bob),
           (ann)-[:LOOKED_AT]->(pan),
           (bob)-[:PLACED]->(:Order {`placed at`: 'some day'})-[:CONTAINS]->(tea)
"""
PEOPLE = GraphSchema.parse(
    """
    recommend_to = "Person"
    recommend = "Person"
    [nodes.Person]
    [edges.FOLLOWS]
    from = "Person"
    to = "Person"
    time = "since"
    time_unit = "s"
    [edges.MARRIED]
    from = "Person"
    to = "Person"
    directed = false
    """
)


@pytest.mark.parametrize(
    ("user", "item", "found"),
    [
        (1, "tea", (True, "2024-03-01T23:30:00Z")),
        (1, "pan", (False, None)),
        (2, "pan", (True, "2024-03-05T00:00:00Z")),
        (2, "tea", (True, None)),
        (3, "tea", (False, None)),
    ],
)
def test_whatever_excludes_an_item_says_that_it_is_there(
    empty_database: Connection, user: int, item: str, found: tuple[bool, str | None]
) -> None:
    with PlainDriver(empty_database) as driver:
        driver.rows(GRAPH)
    with Database(empty_database) as database:
        assert first_seen(database, SHOP, user, item) == found


def test_among_people_only_a_directed_tie_has_a_direction(empty_database: Connection) -> None:
    with PlainDriver(empty_database) as driver:
        driver.rows(
            """CREATE (:Person {id: 'a'})-[:FOLLOWS {since: 86400}]->(b:Person {id: 'b'}),
                      (b)-[:MARRIED]->(:Person {id: 'c'})"""
        )
    with Database(empty_database) as database:
        pairs = {pair: first_seen(database, PEOPLE, *pair) for pair in ("ab", "ba", "bc", "cb", "ac")}
    assert pairs == {
        "ab": (True, "1970-01-02T00:00:00Z"),
        "ba": (False, None),
        "bc": (True, None),
        "cb": (True, None),
        "ac": (False, None),
    }
