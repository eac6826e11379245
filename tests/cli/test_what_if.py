"""``explain --what-if`` on a real server: what it says would change a list does change it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import neo4j
import pytest
from click.testing import CliRunner, Result
from world import LONELY, SCHEMA, publish_music

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.sync import SyncRequest, sync

pytestmark = pytest.mark.live


@pytest.fixture
def run(empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    publish_music(empty_database)
    environment = {
        "NEO4J_URI": empty_database.uri,
        "NEO4J_USERNAME": empty_database.username,
        "NEO4J_PASSWORD": empty_database.password,
    }
    return lambda *arguments: CliRunner().invoke(cli, arguments, env=environment)


def listed(run: Callable[..., Result], user: str) -> list[str]:
    return [row["item"] for row in json.loads(run("recommend", user, "--k", "20", "--json").stdout)]


def changed(connection: Connection, cypher: str, **parameters: object) -> None:
    """Change the graph as somebody else would, and publish again."""
    auth = (connection.username, connection.password)
    with neo4j.GraphDatabase.driver(connection.uri, auth=auth) as driver:
        driver.execute_query(cypher, parameters, database_=connection.database)
    with Database(connection) as database:
        sync(database, SCHEMA, SyncRequest(model="p3"))


def test_without_what_it_names_the_item_leaves_the_list(run: Callable[..., Result], empty_database: Connection) -> None:
    last = listed(run, "u03")[-1]
    told = json.loads(run("explain", "u03", last, "--what-if", "--json").stdout)["what_if"]
    assert told["listed"]
    assert told["k"] == 20
    names = [one["item"] for one in told["items"]]
    said = run("explain", "u03", last, "--what-if").stdout.splitlines()[-1]
    assert said.startswith("What if: without ")
    assert all(one["title"] in said for one in told["items"])
    cypher = "MATCH (:Listener {no: 'u03'})-[r:LISTENED]->(a:Artist) WHERE a.no IN $names DELETE r"
    changed(empty_database, cypher, names=names)
    assert last not in listed(run, "u03")


def test_with_what_it_names_an_item_comes_in(run: Callable[..., Result], empty_database: Connection) -> None:
    mine, owned = listed(run, "u03"), "MATCH (:Listener {no: 'u03'})-[:LISTENED]->(a) RETURN collect(a.no)"
    auth = (empty_database.username, empty_database.password)
    with neo4j.GraphDatabase.driver(empty_database.uri, auth=auth) as driver:
        had = driver.execute_query(owned, database_=empty_database.database).records[0][0]
    told = []
    for row in range(1, 44):
        item = f"a{row:02d}"
        if item not in mine and item not in had:
            what_if = json.loads(run("explain", "u03", item, "--what-if", "--json").stdout)["what_if"]
            assert not what_if["listed"]
            told += [(item, what_if["items"][0]["item"])] if what_if["items"] else []
    assert told
    item, other = told[0]
    cypher = "MATCH (u:Listener {no: 'u03'}), (a:Artist {no: $other}) CREATE (u)-[:LISTENED]->(a)"
    changed(empty_database, cypher, other=other)
    assert item in listed(run, "u03")


def test_who_has_no_history_is_told_so(run: Callable[..., Result]) -> None:
    item = listed(run, LONELY)[0]
    told = run("explain", LONELY, item, "--what-if")
    assert told.exit_code == 0
    assert "no change of her own interactions that was tried" in told.stdout
