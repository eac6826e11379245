"""The shared server: it is there, and the wipe leaves nothing behind."""

from collections.abc import Callable

import neo4j
import pytest

from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live


def test_the_wipe_leaves_no_nodes_constraints_or_indexes(
    empty_database: Connection, wipe_database: Callable[[], None]
) -> None:
    with (
        neo4j.GraphDatabase.driver(
            empty_database.uri, auth=(empty_database.username, empty_database.password)
        ) as driver,
        driver.session() as session,
    ):
        session.run("CREATE CONSTRAINT c FOR (n:A) REQUIRE n.id IS UNIQUE").consume()
        session.run("CREATE INDEX i FOR (n:A) ON (n.name)").consume()
        session.run("UNWIND range(1, 5) AS id CREATE (:A {id: id})-[:T]->(:B)").consume()
        wipe_database()
        assert session.run("MATCH (n) RETURN count(n)").single(strict=True).value() == 0
        assert session.run("SHOW CONSTRAINTS").data() == []
        assert session.run("SHOW INDEXES YIELD type RETURN DISTINCT type").value() == ["LOOKUP"]
