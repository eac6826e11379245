"""``graphrec-neo4j init``: from a database that nobody described to a graphrec.toml that reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import SchemaError
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from loaders.from_neo4j import from_neo4j

pytestmark = pytest.mark.live

Invoke = Callable[..., Result]


@pytest.fixture
def database(empty_database: Connection) -> Database:
    """A database of three readers and the books they read."""
    text = "UNWIND [1, 2, 3] AS n CREATE (:Reader {login: 'r' + n})-[:READ {stars: n + 2}]->(:Book {isbn: 'b' + n})"
    database = Database(empty_database)
    database.write(Statement("readers", text, "write"))
    return database


@pytest.fixture
def invoke(empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEO4J_URI", empty_database.uri)
    monkeypatch.setenv("NEO4J_USERNAME", empty_database.username)
    monkeypatch.setenv("NEO4J_PASSWORD", empty_database.password)
    monkeypatch.setenv("NEO4J_DATABASE", empty_database.database)
    return lambda *arguments: CliRunner().invoke(cli, ["init", *arguments], catch_exceptions=False)


def test_the_file_reads_the_graph_and_the_answer_says_what_was_assumed(invoke: Invoke, database: Database) -> None:
    answer = json.loads(invoke("--json").stdout)
    schema = GraphSchema.load(Path("graphrec.toml"))
    assert GraphSchema.from_json(json.dumps(answer["schema"])) == schema
    assert (schema.recommend_to, schema.recommend) == ("Reader", "Book")
    assert "READ: stars is a rating, and one of 4 or more is positive." in answer["assumptions"]
    assert "# READ: stars is a rating" in Path("graphrec.toml").read_text(encoding="utf-8")
    assert len(from_neo4j(database, schema).edges["READ"]) == 3


def test_constraints_are_made_only_with_leave(invoke: Invoke, database: Database) -> None:
    asked = invoke("--json")
    assert json.loads(asked.stdout)["created"] == []
    assert "Reader.login, Book.isbn are not indexed" in asked.stderr
    made = json.loads(invoke("--json", "--yes", "--schema", "other.toml").stdout)["created"]
    assert [name.rpartition("_")[0] for name in made] == ["graphrec_key_Reader", "graphrec_key_Book"]
    assert json.loads(invoke("--json", "--yes", "--schema", "third.toml").stdout)["created"] == []


def test_a_file_that_is_there_is_never_overwritten(invoke: Invoke, database: Database) -> None:
    Path("graphrec.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"graphrec.toml is there already"):
        invoke("--yes")
    assert Path("graphrec.toml").read_text(encoding="utf-8") == "mine"
