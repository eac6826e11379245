"""What the demo suggests to type next; the demo itself is run by hand, as it takes a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_neo4j.cli.demo import _command, demo


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
