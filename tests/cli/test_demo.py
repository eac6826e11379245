"""What the demo suggests to type next; the demo itself is run by hand, as it takes a minute."""

from __future__ import annotations

from pathlib import Path

import pytest
from published import PlainDriver

from graphrec_neo4j.cli.demo import _command, _next_commands, demo
from graphrec_neo4j.database import Database
from graphrec_neo4j.demo import load_demo
from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.settings import Connection


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A demo that was started by the path of its program, from a folder that is not on the PATH."""
    monkeypatch.setattr("sys.argv", [".venv/bin/graphrec-neo4j", "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    return monkeypatch


def test_a_suggested_command_names_the_program_as_it_was_typed(typed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with demo.make_context("demo", []):
        assert _command("explain", "ada", "melody") == ".venv/bin/graphrec-neo4j explain ada melody"
        (tmp_path / "graphrec-neo4j").touch(mode=0o755)
        assert _command("explain", "ada", "melody") == "graphrec-neo4j explain ada melody"


def test_a_suggested_command_asks_the_demos_own_server(typed: pytest.MonkeyPatch) -> None:
    given = ["--home", "my folder", "--database", "music", "--password", "secret"]
    with demo.make_context("demo", given):
        assert _command("rollback") == ".venv/bin/graphrec-neo4j rollback --database music --home 'my folder'"
        assert _command("server", "stop", options=("home",)).endswith(" server stop --home 'my folder'")


def test_the_demo_only_suggests_to_stop_a_server_of_its_own(typed: pytest.MonkeyPatch) -> None:
    typed.delenv("NEO4J_URI", raising=False)
    with demo.make_context("demo", []):
        assert _next_commands("ada", "melody")["Stop the server"] == ".venv/bin/graphrec-neo4j server stop"
    with demo.make_context("demo", ["--uri", "bolt://db:7687"]):
        there = _next_commands("ada", "melody")
    assert there["Go back"] == ".venv/bin/graphrec-neo4j rollback --uri bolt://db:7687"
    typed.setenv("NEO4J_URI", "bolt://db:7687")
    with demo.make_context("demo", []):
        assert set(_next_commands("ada", "melody")) == set(there) == {"Ask again", "Why, in full", "Go back"}


THE_DEMOS = "(:User {id: 'ada-ibarra'}), (:Item {id: 'gilded-melody'}), (:Category {id: 'indie-rock'})"
OURS = "(:GraphRecRun), (:GraphRecPointer)"
STRANGE = [
    "(:Item {id: 'mine'})",
    "(:Category {id: 'mine'})",
    "(:User {id: 'me'})",
    "(:User)",
    "(:Item)",
    "(:Book)",
    "()",
]


@pytest.mark.live
@pytest.mark.parametrize(
    ("strange", "counted"),
    [*((one, "1 node that is not") for one in STRANGE), (", ".join(STRANGE), "7 nodes that are not")],
)
def test_the_demo_counts_every_node_that_is_neither_ours_nor_its_own(
    empty_database: Connection, strange: str, counted: str
) -> None:
    with PlainDriver(empty_database) as driver:
        driver.rows(f"CREATE {THE_DEMOS}, {OURS}, {strange}")
    with Database(empty_database) as database, pytest.raises(BadInputError, match=f" holds {counted} the demo's; "):
        load_demo(database)
