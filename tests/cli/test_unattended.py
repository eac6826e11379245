"""Syncs with nobody looking: the rhythm, the log, what a monitor reads, and what fails and is tried again."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from published import PlainDriver

from graphrec_neo4j.cli import cli
from graphrec_neo4j.cli.unattended import Duration, Log, Rhythm, again_and_again
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import DatabaseError, ModelError
from graphrec_neo4j.monitoring import counted
from graphrec_neo4j.settings import Connection
from loaders.from_generator import generate
from loaders.to_neo4j import to_neo4j

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21_600), ("1d", 86_400), ("1.5h", 5_400)]
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "15", "0m", "-1m", "m", "1 fortnight", "1m30s", "nanh", "infs"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration such as"):
        Duration().convert(text, None, None)


def test_a_pause_begins_at_the_end_and_every_at_the_start() -> None:
    assert Rhythm().wait(100, 130) is None
    assert Rhythm(pause=60).wait(100, 130) == 60
    assert Rhythm(every=60).wait(100, 130) == 30
    assert Rhythm(every=60).wait(100, 175) == 0


def test_what_fails_first_ends_it_and_what_fails_later_is_logged_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    ends: Iterator[Exception | None] = iter([None, DatabaseError("gone."), None, KeyboardInterrupt()])  # type: ignore[list-item]

    def once() -> None:
        end = next(ends)
        if end is not None:
            raise end

    with pytest.raises(KeyboardInterrupt):
        again_and_again(once, Rhythm(pause=5), Log(as_json=True))
    assert waits == [5, 5, 5]
    [line] = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["level"], line["event"], line["message"], line["exit_code"]) == ("error", "failed", "error: gone.", 3)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])

    def wrong() -> None:
        raise ModelError("there is no model 'x'.")

    with pytest.raises(ModelError):
        again_and_again(wrong, Rhythm(pause=5), Log(as_json=False))


def test_two_rhythms_are_a_usage_error() -> None:
    told = CliRunner().invoke(cli, ["sync", "--watch", "5", "--every", "5m", "--uri", "bolt://nobody:1"])
    assert (told.exit_code, "give one" in told.stderr) == (2, True)


def test_the_folder_of_the_monitors_file_must_be_there() -> None:
    told = CliRunner().invoke(cli, ["sync", "--prometheus", "nowhere/a.prom", "--uri", "bolt://nobody:1"])
    assert (told.exit_code, "there is no folder nowhere" in told.stderr) == (2, True)


def samples(path: Path) -> dict[str, float]:
    """The file by the grammar of Prometheus's text format; every sample has a type, told before it."""
    found: dict[str, float] = {}
    types: set[str] = set()
    for line in path.read_text().splitlines():
        if line.startswith("# TYPE "):
            types.add(line.split()[2])
        elif not line.startswith("# HELP "):
            sample = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"\\]*"\})? (-?\d+(?:\.\d+)?(?:e-?\d+)?)', line)
            assert sample, line
            assert sample[1] in types, line
            found[f"{sample[1]}{sample[2] or ''}"] = float(sample[3])
    return found


@pytest.fixture
def run(empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("uri", "username", "password", "database"):
        monkeypatch.setenv(f"NEO4J_{name.upper()}", getattr(empty_database, name))
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with Database(empty_database) as database:
        to_neo4j(database, generate(users=60, items=40, interactions_per_user=8, seed=3).snapshot)
    return lambda *arguments: CliRunner().invoke(cli, arguments, standalone_mode=False)


@pytest.mark.live
def test_a_monitor_reads_what_is_served_and_how_syncs_ended(
    run: Run, tmp_path: Path, empty_database: Connection
) -> None:
    path = tmp_path / "graphrec.prom"
    first, second = (run("sync", "--model", "p3", "--prometheus", str(path), "--log", "json") for _ in range(2))
    told = [json.loads(line) for result in (first, second) for line in result.stderr.splitlines()]
    assert [(line["event"], line["run"]) for line in told] == [("published", 1), ("unchanged", 1)]
    assert first.stdout == second.stdout == ""
    found = samples(path)
    with PlainDriver(empty_database) as driver:
        published = driver.value("MATCH (r:GraphRecRun {number: 1}) RETURN r.published_at.epochSeconds")
        stages = json.loads(driver.value("MATCH (r:GraphRecRun {number: 1}) RETURN r.timings"))
    assert found["graphrec_published_timestamp_seconds"] == published
    assert (found["graphrec_published_run"], found["graphrec_up"], found["graphrec_sync_running"]) == (1, 1, 0)
    assert found['graphrec_published_size{of="users"}'] == 60
    assert found['graphrec_stage_seconds{stage="fit"}'] == stages["fit"]
    assert {
        name: found[f'graphrec_syncs_total{{result="{name}"}}'] for name in ("published", "unchanged", "failed")
    } == {
        "published": 1,
        "unchanged": 1,
        "failed": 0,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".prom" or each.name.startswith(".")] == [
        path.name
    ]
    gone = run("sync", "--prometheus", str(path), "--uri", "bolt://127.0.0.1:1")
    assert isinstance(gone.exception, DatabaseError)
    after = samples(path)
    assert (after["graphrec_up"], "graphrec_published_run" in after) == (0, False)
    assert counted(path) == {"published": 1, "unchanged": 1, "failed": 1}
    assert isinstance(run("sync", "--model", "p33", "--prometheus", str(path)).exception, ModelError)
    assert counted(path)["failed"] == 2
    assert samples(path)["graphrec_published_run"] == 1


@pytest.mark.live
def test_status_answers_whether_what_is_served_is_fresh(run: Run, empty_database: Connection) -> None:
    assert run("status", "--within", "1d").exit_code == 1
    run("sync", "--model", "p3")
    fresh = run("status", "--within", "1h", "--json")
    assert (fresh.exit_code, json.loads(fresh.stdout)["fresh"]) == (0, True)
    with PlainDriver(empty_database) as driver:
        driver.rows("MATCH (r:GraphRecRun {number: 1}) SET r.published_at = r.published_at - duration('PT2H')")
    old = run("status", "--within", "1h", "--json")
    assert (old.exit_code, json.loads(old.stdout)["fresh"]) == (1, False)
    assert "older than was asked for" in run("status", "--within", "119m").stdout
    assert run("status", "--within", "121m").exit_code == 0
