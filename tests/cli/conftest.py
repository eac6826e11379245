"""One small graph of music, published once a file, and the commands asked about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import neo4j
import pytest
from world import Ask, publish_music

from graphrec_neo4j.cli import main
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot


@pytest.fixture(scope="module")
def driver(neo4j_connection: Connection) -> Iterator[neo4j.Driver]:
    auth = (neo4j_connection.username, neo4j_connection.password)
    with neo4j.GraphDatabase.driver(neo4j_connection.uri, auth=auth, notifications_min_severity="OFF") as driver:
        yield driver


@pytest.fixture(scope="module")
def music(
    neo4j_connection: Connection,
    wipe_database: Callable[[], None],
    driver: neo4j.Driver,
    tmp_path_factory: pytest.TempPathFactory,
) -> GraphSnapshot:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        wipe_database()
        return publish_music(neo4j_connection)


@pytest.fixture
def ask(
    neo4j_connection: Connection,
    music: GraphSnapshot,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Ask:
    """Run a command from an empty folder; returns the exit code, stdout and stderr."""
    monkeypatch.setenv("NEO4J_URI", neo4j_connection.uri)
    monkeypatch.setenv("NEO4J_USERNAME", neo4j_connection.username)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_connection.password)
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["graphrec-neo4j", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return run


@pytest.fixture
def rows(ask: Ask) -> Callable[..., list[dict]]:
    """Run a command with --json that must succeed, and return the one value on stdout."""

    def run(*arguments: str) -> list[dict]:
        code, out, _ = ask(*arguments, "--json")
        assert code == 0
        return json.loads(out)

    return run
