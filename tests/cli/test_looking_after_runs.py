"""status, rollback and forget: what they print, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from published import PlainDriver, create, results_for, snapshot_of

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.settings import Connection
from loaders.results_to_neo4j import RunDraft, publish

pytestmark = pytest.mark.live

SNAPSHOT = snapshot_of(["ann", "bob"], ["x", "y", "z"])
Call = Callable[..., Result]


@pytest.fixture
def call(empty_database: Connection) -> Call:
    """Runs a command on a database with two runs."""
    with Database(empty_database) as database, PlainDriver(empty_database) as driver:
        create(driver, SNAPSHOT)
        for seed in (1, 2):
            with Lease(database) as lease:
                results = results_for(SNAPSHOT, seed, k=3, d=0)
                publish(database, SNAPSHOT, results, RunDraft("p3"), lease)
    options = ["--uri", empty_database.uri, "--password", empty_database.password]

    def run(*arguments: str, answer: str | None = None) -> Result:
        return CliRunner().invoke(cli, [*arguments, *options], input=answer)

    return run


def test_status_is_one_json_value_with_the_documented_fields(call: Call) -> None:
    said = call("status", "--json")
    assert (said.exit_code, said.stderr) == (0, "")
    found = json.loads(said.stdout)
    documented = {
        "run",
        "uuid",
        "model",
        "published_at",
        "users",
        "items",
        "interactions",
        "recommendations",
        "similar",
    }
    assert documented <= set(found)
    assert (found["run"], found["model"], found["users"], found["items"], found["previous"]) == (2, "p3", 2, 3, 1)


def test_status_in_words(call: Call) -> None:
    said = call("status")
    assert said.exit_code == 0
    assert said.stdout.startswith("run 2 (p3, ")
    assert "rollback goes to run 1" in said.stdout


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("2026-01-01T01:30:00.123456789+02:00[Europe/Helsinki]", "2025-12-31 23:30"),
        ("2026-03-01T12:00Z", "2026-03-01 12:00"),
    ],
)
def test_the_times_of_status_are_utc_and_say_so(
    empty_database: Connection, call: Call, stored: str, shown: str
) -> None:
    with PlainDriver(empty_database) as driver:
        driver.rows("MATCH (r:GraphRecRun {number: 2}) SET r.published_at = datetime($stored)", stored=stored)
    said = call("status").stdout
    assert "published (UTC)" in said
    assert shown in said
    assert json.loads(call("status", "--json").stdout)["published_at"].startswith(stored[:16])


def test_rollback_and_status_agree(call: Call) -> None:
    rolled = json.loads(call("rollback", "--json").stdout)
    assert rolled["run"] == 1
    assert json.loads(call("status", "--json").stdout)["uuid"] == rolled["uuid"]
    again = call("rollback")
    assert isinstance(again.exception, PublishError)
    assert again.exception.exit_code == 1


def test_forget_asks_first(call: Call) -> None:
    refused = call("forget", answer="n\n")
    assert refused.exit_code == 1
    assert "Remove 2 runs" in refused.stderr
    assert json.loads(call("status", "--json").stdout)["run"] == 2


def test_forget_with_yes_removes_and_says_what(call: Call) -> None:
    gone = json.loads(call("forget", "--yes", "--json").stdout)
    assert (gone["runs"], gone["nodes"]) == (2, 5)
    assert json.loads(call("status", "--json").stdout)["run"] is None
    assert call("forget").stdout.startswith("removed 0 runs")
