"""The newest Neo4j: every file, and the life of a graph, with Cypher 5 and with Cypher 25 as the default language.

Fetches 191 MB once, so it runs where ``GRAPHREC_TEST_NEWEST=1`` asks for it. Every live test runs there too, with
``GRAPHREC_NEO4J_VERSION=2026.08.1``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import neo4j
import pytest
from click.testing import CliRunner
from published import PlainDriver
from world import LONELY, publish_music

from graphrec_neo4j.cli import cli
from graphrec_neo4j.queries import load_query, query_names
from graphrec_neo4j.server import LocalServer
from graphrec_neo4j.server.releases import NEWEST, VERSION_VARIABLE
from graphrec_neo4j.settings import Connection

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.environ.get("GRAPHREC_TEST_NEWEST") != "1", reason="GRAPHREC_TEST_NEWEST=1 asks for it"),
]

Answer = Callable[..., object]


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VERSION_VARIABLE, NEWEST.version)
        server = LocalServer(tmp_path_factory.mktemp("newest"), fast_start=True)
        assert server.start().version == NEWEST.version
    yield server.connection()
    server.destroy()


@pytest.fixture(scope="module", params=["CYPHER 5", "CYPHER 25"])
def language(request: pytest.FixtureRequest, newest: Connection) -> str:
    auth = (newest.username, newest.password)
    with neo4j.GraphDatabase.driver(newest.uri, auth=auth) as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n", database_="neo4j")
        with driver.session(database="system") as system:
            system.run(f"ALTER DATABASE neo4j SET DEFAULT LANGUAGE {request.param}").consume()
            shown = system.run("SHOW DATABASE neo4j YIELD defaultLanguage").single(strict=True)
    assert shown["defaultLanguage"] == request.param
    return str(request.param)


@pytest.fixture
def answer(newest: Connection, language: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answer]:
    """Run a command with --json against the server and return its value."""
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("uri", "username", "password", "database"):
            patch.setenv(f"NEO4J_{name.upper()}", getattr(newest, name))
        patch.setenv("GRAPHREC_CACHE", str(folder / "cache"))
        patch.chdir(folder)

        def run(*words: str) -> object:
            result = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False)
            assert result.exit_code == 0, result.output
            return json.loads(result.stdout)

        yield run


def test_every_file_is_valid_there_and_uses_nothing_that_goes(newest: Connection, language: str) -> None:
    told = []
    auth = (newest.username, newest.password)
    with neo4j.GraphDatabase.driver(newest.uri, auth=auth) as driver, driver.session() as session:
        for name in query_names():
            query = load_query(name)
            result = session.run(f"EXPLAIN {query.body}")  # type: ignore[arg-type]
            assert list(result.keys()) == list(query.returns), name
            notices = result.consume().gql_status_objects
            told += [(name, note.status_description) for note in notices if "deprecat" in str(note).casefold()]
    assert told == []


def test_a_graph_is_loaded_learnt_published_asked_explained_rolled_back_and_forgotten(
    newest: Connection, language: str, answer: Answer
) -> None:
    snapshot = publish_music(newest)
    user = str(snapshot.users.ids.key(0))
    first = answer("recommend", user)
    assert isinstance(first, list)
    assert len(first) == 10
    assert answer("explain", user, str(first[0]["item"]))
    assert answer("similar", str(first[0]["item"]))
    assert answer("recommend", LONELY)
    for name in query_names("recommend") + query_names("explain"):
        if name == "explain/paths_by_interest":
            continue  # No listener of this graph has a category of her own.
        given = {"user_id": user, "other_id": "u05", "item_id": str(first[0]["item"]), "category_id": "1", "run": "1"}
        wanted = [one for one in load_query(name).parameters if one.default is None]
        answer("query", name.split("/")[1], *(f"{one.name}={given[one.name]}" for one in wanted))
    made = answer("sync", "--full", "--model", "popularity")
    assert isinstance(made, dict)
    assert (made["run"], made["published"]) == (2, True)
    assert answer("recommend", user) != first
    assert answer("verify")
    assert answer("doctor")
    assert CliRunner().invoke(cli, ["rollback"]).exit_code == 0
    assert answer("recommend", user) == first
    assert CliRunner().invoke(cli, ["forget", "--yes"]).exit_code == 0
    with PlainDriver(newest) as driver:
        [row] = driver.rows(
            "MATCH (n) RETURN sum(COUNT { (n)-[:RECOMMENDED|SIMILAR]->() }) AS drawn, "
            "sum(size([key IN keys(n) WHERE key STARTS WITH 'graphrec'])) AS kept, count(n) AS nodes"
        )
    assert row == {"drawn": 0, "kept": 0, "nodes": sum(map(len, snapshot.nodes.values()))}
