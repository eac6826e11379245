"""``graphrec-neo4j load``: from a file on disk to the graph, and to the graphrec.toml that says how to read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from loaders.from_neo4j import from_neo4j

pytestmark = pytest.mark.live

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run the command line in an empty folder, against an empty database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEO4J_URI", empty_database.uri)
    monkeypatch.setenv("NEO4J_USERNAME", empty_database.username)
    monkeypatch.setenv("NEO4J_PASSWORD", empty_database.password)
    monkeypatch.setenv("NEO4J_DATABASE", empty_database.database)
    return lambda *arguments: CliRunner().invoke(cli, ["load", *arguments], catch_exceptions=False)


def test_edges_are_loaded_once_and_leave_a_schema_that_reads_them_back(
    invoke: Invoke, empty_database: Connection
) -> None:
    Path("edges.txt").write_text("1 10 4.5\n1 11 3\n2 10 5\n", encoding="utf-8")
    first = json.loads(invoke("edges", "edges.txt", "--json").stdout)
    assert first["nodes"] == {"User": 2, "Item": 2}
    assert list(first["edges"].values()) == [3]
    assert (first["bad_rows"], first["duplicates"], first["created_edges"]) == (0, 0, 3)
    assert first["seconds"] > 0
    with Database(empty_database) as database:
        snapshot = from_neo4j(database, GraphSchema.load(Path("graphrec.toml")))
    (edges,) = snapshot.edges.values()
    assert edges.weight is not None
    assert edges.weight.tolist() == [4.5, 3.0, 5.0]
    second = json.loads(invoke("edges", "edges.txt", "--json").stdout)
    assert (second["created_nodes"], second["created_edges"], second["properties_set"]) == (0, 0, 0)
    assert "nothing changed" in invoke("edges", "edges.txt").stdout


def test_a_bad_row_keeps_everything_out_unless_it_is_skipped(invoke: Invoke, empty_database: Connection) -> None:
    Path("edges.txt").write_text("1 10 4.5\n1 11 many\n", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"edges.txt:2"):
        invoke("edges", "edges.txt")
    assert not Path("graphrec.toml").exists()
    done = invoke("edges", "edges.txt", "--skip-bad", "bad.csv", "--json")
    assert json.loads(done.stdout)["bad_rows"] == 1
    assert "edges.txt,2," in Path("bad.csv").read_text(encoding="utf-8")


def test_a_schema_that_is_there_is_used_and_kept(invoke: Invoke) -> None:
    text = (
        'recommend_to = "Reader"\nrecommend = "Book"\n[nodes.Reader]\n[nodes.Book]\n'
        '[edges.READ]\nfrom = "Reader"\nto = "Book"\n'
    )
    Path("graphrec.toml").write_text(text, encoding="utf-8")
    Path("edges.txt").write_text("ann dune\n", encoding="utf-8")
    done = json.loads(invoke("edges", "edges.txt", "--json").stdout)
    assert (done["nodes"], done["edges"]) == ({"Reader": 1, "Book": 1}, {"READ": 1})
    assert Path("graphrec.toml").read_text(encoding="utf-8") == text
