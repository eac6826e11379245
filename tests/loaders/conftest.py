"""What live tests of loaders share: an empty database, and plain Cypher beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import neo4j
import pytest

from graphrec_neo4j.database import Database
from graphrec_neo4j.settings import Connection

Run = Callable[..., list[dict[str, object]]]


@pytest.fixture(scope="module")
def shared_database(neo4j_connection: Connection) -> Iterator[Database]:
    """The database with whatever the test before has left."""
    with Database(neo4j_connection) as database:
        yield database


@pytest.fixture
def database(shared_database: Database, empty_database: Connection) -> Database:
    """The database, empty."""
    return shared_database


@pytest.fixture
def run(neo4j_connection: Connection) -> Iterator[Run]:
    """Run Cypher as anybody would, with nothing of ours in between."""
    auth = (neo4j_connection.username, neo4j_connection.password)
    with neo4j.GraphDatabase.driver(neo4j_connection.uri, auth=auth) as driver:
        yield lambda text, **parameters: [
            row.data() for row in driver.execute_query(text, parameters, database_=neo4j_connection.database).records
        ]
