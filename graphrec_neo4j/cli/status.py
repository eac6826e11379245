"""``graphrec-neo4j status``: what is published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.common import answer_json, answer_table, connection_options, json_option
from graphrec_neo4j.cli.unattended import Duration

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database


@click.command()
@click.option("--within", type=Duration(), help="Exit code 1 where what is served is older: 90s, 15m, 6h or 1d.")
@json_option
@connection_options
def status(connect: Callable[[], Database], as_json: bool, within: float | None) -> None:
    """Say which run is published, how old it is, and what runs there were.

    Example: graphrec-neo4j status --json

    Example: graphrec-neo4j status --within 6h
    """
    from graphrec_neo4j import runs

    with connect() as database:
        found = runs.status(database)
    fresh = within is None or (found["hours"] is not None and 3600 * found["hours"] <= within)
    if as_json:
        answer_json(found if within is None else {**found, "fresh": fresh})
    else:
        click.echo(sentence(found) + ("" if fresh else "; that is older than was asked for"))
        if found["runs"]:
            answer_table([_row(run) for run in found["runs"]])
    if not fresh:
        raise SystemExit(1)


def _row(run: dict[str, Any]) -> dict[str, Any]:
    """One run in columns that fit a terminal; ``--json`` has them all."""
    counts = {name: f"{run[name]:,}" for name in ("users", "items", "interactions")}
    published = _in_utc(run["published_at"])
    return {"run": run["number"], "state": run["state"], "model": run["model"], "published (UTC)": published, **counts}


def _in_utc(stored: str | None) -> str:
    """A time as Cypher writes it, to the minute."""
    if stored is None:
        return ""
    from graphrec_neo4j.runs import moment

    return moment(stored).astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def sentence(found: dict[str, Any]) -> str:
    """Say in a few words what ``runs.status`` found."""
    if found["run"] is None:
        said = "nothing is published yet: run graphrec-neo4j sync"
    else:
        said = f"run {found['run']} ({found['model']}, {found['uuid']}) is published since {found['hours']:.1f} hours"
        before = found["previous"]
        said += f"; rollback goes to run {before}" if before else "; there is no run to roll back to"
    return f"{said}; a sync is at work now" if found["syncing"] else said
