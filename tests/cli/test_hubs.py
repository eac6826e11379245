"""A listener, an artist and a tag with 10,000 edges: what a question reads grows with them alone, if at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import neo4j
import pytest
from published import PlainDriver
from world import SCHEMA, publish_music

from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.queries import load_query, query_names
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live

DEGREE = 10_000
HITS_AN_EDGE = 20
"""What a question about a hub itself may read for each of its edges: the other end, a time, a weight, a check."""

HITS_BESIDE = 40_000
"""What it may read whatever the hub has."""

HITS_NEAR_A_HUB = 5_000
"""What an application's question about somebody else may read, though a hub is among her choices and friends."""

READS_A_HUB = {"recommend/top_items_in_category", "recommend/friends_items"}
"""Those that look for the best of all of a category, or for the newest of all that each friend chose."""

MAKE = (
    "UNWIND range(1, $n) AS k CREATE (x:Listener {no: 'h' + k}) WITH x, k "
    "MATCH (hub:Artist {no: 'a01'}) CREATE (x)-[:LISTENED {at: datetime({epochSeconds: 1700000000 + k})}]->(hub)",
    "UNWIND range(1, $n) AS k CREATE (a:Artist {no: 'b' + k}) WITH a, k "
    "MATCH (hub:Listener {no: 'u00'}), (t:Tag {id: 1}) CREATE (a)-[:TAGGED]->(t) "
    "CREATE (hub)-[:LISTENED {at: datetime({epochSeconds: 1700000000 + k})}]->(a)",
    "MATCH (x:Listener) WHERE x.no STARTS WITH 'h' MATCH (hub:Listener {no: 'u00'}) CREATE (hub)-[:FRIEND_OF]->(x)",
    "UNWIND range(1, $n) AS k MATCH (x:Listener {no: 'h' + k}) MATCH (a:Artist {no: 'b' + k}) "
    "CREATE (x)-[:LISTENED {at: datetime({epochSeconds: 1700000000 + k})}]->(a)",
    "MATCH (u:Listener {no: 'u01'}), (hub:Listener {no: 'u00'}), (item:Artist {no: 'a01'}) WHERE $n > 0 "
    "MERGE (u)-[:FRIEND_OF]-(hub) MERGE (u)-[:LISTENED]->(item)",
)


@pytest.fixture(scope="module")
def session(neo4j_connection: Connection, wipe_database: Any) -> Iterator[neo4j.Session]:
    wipe_database()
    publish_music(neo4j_connection)
    with PlainDriver(neo4j_connection) as driver:
        for text in MAKE:
            driver.rows(text, n=DEGREE)
    auth = (neo4j_connection.username, neo4j_connection.password)
    with (
        neo4j.GraphDatabase.driver(neo4j_connection.uri, auth=auth, notifications_min_severity="OFF") as driver,
        driver.session(database=neo4j_connection.database, default_access_mode=neo4j.READ_ACCESS) as session,
    ):
        yield session
    wipe_database()


def hits(session: neo4j.Session, name: str, user: str, item: str) -> int | None:
    """How often the server went to its store for one question; None where this graph cannot be asked it."""
    given = {"user_id": user, "other_id": "u05", "item_id": item, "category_id": 1, "run": 1, "fewer_than": 5}
    try:
        text = load_query(name).render(SCHEMA).text
    except QueryFileError:
        return None
    result = session.run(f"PROFILE {text}", {**given, "k": 10, "lists": 20})  # type: ignore[arg-type]
    result.data()
    return total(result.consume().profile)


def total(plan: Any) -> int:
    return plan.get("dbHits", 0) + sum(map(total, plan.get("children", [])))


@pytest.mark.parametrize("name", [*query_names("recommend"), *query_names("explain")])
def test_a_question_about_a_hub_reads_its_edges_a_few_times_at_most(session: neo4j.Session, name: str) -> None:
    found = hits(session, name, "u00", "a01")
    assert found is None or found <= HITS_AN_EDGE * DEGREE + HITS_BESIDE


@pytest.mark.parametrize("name", [name for name in query_names("recommend") if name not in READS_A_HUB])
def test_a_question_of_an_application_about_somebody_else_does_not_notice_a_hub(
    session: neo4j.Session, name: str
) -> None:
    found = hits(session, name, "u01", "a02")
    assert found is not None
    assert found <= HITS_NEAR_A_HUB
