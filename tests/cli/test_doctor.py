"""``doctor``: what it finds well, what it finds wrong and says to do, and no secret in any of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from published import PlainDriver

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.doctor import here
from graphrec_neo4j.schema import default_schema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.from_generator import generate
from loaders.to_neo4j import to_neo4j

Ask = Callable[..., tuple[int, dict[str, dict[str, Any]], str]]


def findings(result: Result) -> tuple[int, dict[str, dict[str, Any]], str]:
    told = json.loads(result.stdout)
    assert told["ok"] == all(finding["ok"] for finding in told["findings"]) == (result.exit_code == 0)
    return result.exit_code, {finding["name"]: finding for finding in told["findings"]}, result.output


@pytest.fixture
def ask(neo4j_connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    for name in ("uri", "username", "password", "database"):
        monkeypatch.setenv(f"NEO4J_{name.upper()}", getattr(neo4j_connection, name))
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: findings(CliRunner().invoke(cli, ["doctor", "--json", *arguments]))


def test_this_machine_is_told_with_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    found = {finding.name: finding for finding in here()}
    assert all(finding.ok and not finding.advice for finding in found.values())
    assert "numpy" in found["packages"].found
    assert str(tmp_path) in found["cache"].found


def test_a_cache_that_cannot_be_written_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "file" / "cache"))
    cache = next(finding for finding in here() if finding.name == "cache")
    assert (cache.ok, "set GRAPHREC_CACHE" in cache.advice) == (False, True)


def test_a_server_that_does_not_answer_is_a_finding(ask: Ask) -> None:
    code, found, _ = ask("--uri", "bolt://127.0.0.1:1")
    assert (code, found["database"]["ok"]) == (1, False)
    assert "cannot be reached" in found["database"]["found"]


@pytest.mark.parametrize("uri", ["bolt://somebody:secret@127.0.0.1:1", "somebody:secret@127.0.0.1", "://:secret@x"])
def test_a_password_in_an_address_is_refused_and_not_shown(ask: Ask, uri: str) -> None:
    code, found, told = ask("--uri", uri)
    assert (code, found["database"]["ok"]) == (1, False)
    assert "NEO4J_PASSWORD" in found["database"]["found"]
    assert "secret" not in told


@pytest.mark.live
def test_from_an_empty_database_to_a_published_one(ask: Ask, empty_database: Connection) -> None:
    code, found, _ = ask()
    assert (code, found["published"]["advice"]) == (1, "run graphrec-neo4j sync")
    with Database(empty_database) as database:
        to_neo4j(database, generate(users=60, items=40, interactions_per_user=8, seed=3).snapshot)
        sync(database, default_schema(), SyncRequest(model="p3"))
    code, found, told = ask()
    assert code == 0
    assert found["server"]["found"].startswith("Neo4j ")
    assert "run 1 (p3)" in found["published"]["found"]
    assert found["access"]["found"] == "online, read-write"
    assert empty_database.password not in told
    with PlainDriver(empty_database) as driver:
        driver.rows("MATCH (p:GraphRecRun {number: 1}) MATCH (u:User) WITH p, u LIMIT 1 REMOVE u[p.items_in]")
    code, found, _ = ask()
    assert (code, found["published"]["advice"]) == (1, "run graphrec-neo4j sync --full")
    assert "every user has her list" in found["published"]["found"]


@pytest.mark.live
def test_people_see_what_is_wrong_and_what_to_do(ask: Ask, empty_database: Connection, tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["doctor"])
    assert told.exit_code == 1
    assert "NO" in told.stdout
    assert "→ run graphrec-neo4j sync" in told.stdout
    (tmp_path / "graphrec.toml").write_text('recommend_to = "User"\n')
    code, found, _ = ask()
    assert (code, "graphrec.toml" in found["database"]["found"]) == (1, True)
