"""The live Neo4j that tests share: one server a session, wiped before each test that asks for an empty one.

``NEO4J_URI`` (with its siblings) names a server to use instead; one that holds nodes is only wiped if
``GRAPHREC_TESTS_MAY_WIPE=1``. Where no server can be had, live tests are skipped, unless
``GRAPHREC_REQUIRE_NEO4J=1`` makes that a failure.

Files run in as many processes as there are processors, two at most, each with a server of its own; in one process
where a server is named.

Data sets come from the folder ``GRAPHREC_DATA`` or from ``../shared/data`` beside the checkout, as folders or zips.
"""

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from published import PlainDriver

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.server import LocalServer
from graphrec_neo4j.settings import Connection, given_connection
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.to_neo4j import to_neo4j


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes ``-n auto`` means."""
    return 0 if given_connection() else min(2, os.cpu_count() or 1)


@pytest.fixture(scope="session")
def neo4j_connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A connection to the server of this session; its database may hold what the test before left."""
    given = given_connection()
    if given is not None:
        _refuse_to_wipe_data(given)
        yield given
        return
    server = LocalServer(tmp_path_factory.mktemp("neo4j"), fast_start=True)
    try:
        server.start()
    except GraphRecError as error:
        _no_server(error)
    yield server.connection()
    server.destroy()


@pytest.fixture(scope="session")
def wipe_database(neo4j_connection: Connection) -> Callable[[], None]:
    """A function that empties the database once more in the middle of a test."""
    return lambda: _wipe(neo4j_connection)


@pytest.fixture
def empty_database(neo4j_connection: Connection, wipe_database: Callable[[], None]) -> Connection:
    """The connection, to a database without nodes, constraints and indexes."""
    wipe_database()
    return neo4j_connection


@pytest.fixture
def database(empty_database: Connection) -> Iterator[Database]:
    """The database, empty."""
    with Database(empty_database) as connected:
        yield connected


@pytest.fixture
def driver(empty_database: Connection) -> Iterator[PlainDriver]:
    """A driver that knows nothing of ours, to the same database, empty."""
    with PlainDriver(empty_database) as connected:
        yield connected


@pytest.fixture
def loaded(database: Database, small: GraphSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database with the graph ``small`` of a test's module, and a cache folder of its own."""
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    to_neo4j(database, small)
    return database


@pytest.fixture(scope="session")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from the name of a data set to its folder; skips the test where it is not there."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    source = Path(os.environ.get("GRAPHREC_DATA") or beside)
    unpacked = tmp_path_factory.mktemp("data")

    def folder(name: str) -> Path:
        if (source / name).is_dir():
            return source / name
        packed = source / f"{name}.zip"
        if not packed.is_file():
            pytest.skip(f"no data set {name} in {source}; GRAPHREC_DATA names the folder that holds it")
        if not (unpacked / name).exists():
            zipfile.ZipFile(packed).extractall(unpacked)
        return unpacked / name

    return folder


def _wipe(connection: Connection) -> None:
    """Delete all nodes, constraints and indexes but the two token lookup indexes that Neo4j makes itself."""
    import neo4j

    with (
        neo4j.GraphDatabase.driver(connection.uri, auth=(connection.username, connection.password)) as driver,
        driver.session(database=connection.database) as session,
    ):
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS").consume()
        for name in session.run("SHOW CONSTRAINTS YIELD name").value():
            session.run(f"DROP CONSTRAINT `{name}`").consume()
        for name in session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name").value():
            session.run(f"DROP INDEX `{name}`").consume()


def _refuse_to_wipe_data(connection: Connection) -> None:
    import neo4j

    with neo4j.GraphDatabase.driver(connection.uri, auth=(connection.username, connection.password)) as driver:
        found = driver.execute_query("MATCH (n) RETURN count(n)", database_=connection.database).records[0][0]
    if found and os.environ.get("GRAPHREC_TESTS_MAY_WIPE") != "1":
        pytest.fail(f"{connection.uri} holds {found} nodes; GRAPHREC_TESTS_MAY_WIPE=1 lets the tests delete them.")


def _no_server(error: GraphRecError) -> NoReturn:
    if os.environ.get("GRAPHREC_REQUIRE_NEO4J") == "1":
        pytest.fail(f"GRAPHREC_REQUIRE_NEO4J=1, but: {error}")
    pytest.skip(str(error))
