"""``graphrec-neo4j sync``: read, learn, judge, write, publish."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.choice_table import show_choice
from graphrec_neo4j.cli.common import (
    answer_json,
    connection_options,
    json_option,
    note,
    progress_on_stderr,
    schema_in_force,
    schema_option,
)
from graphrec_neo4j.cli.model_settings import settings_option

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.sync import SyncReport, SyncRequest


@click.command()
@click.option("--model", default="auto", show_default=True, help="See graphrec-neo4j models.")
@settings_option
@click.option("--budget", type=click.FloatRange(min=1), help="Seconds that auto may try models for.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--full", is_flag=True, help="Learn and publish also where nothing changed.")
@click.option("--dry-run", is_flag=True, help="Read, and say what would be done.")
@click.option("--watch", type=click.FloatRange(min=1), metavar="SECONDS", help="Go on, once every so many seconds.")
@click.option("--wait", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Seconds for another sync.")
@schema_option
@json_option
@connection_options
def sync(
    connect: Callable[[], Database], as_json: bool, schema_file: Path | None, watch: float | None, **options: Any
) -> None:
    """Read the graph, learn from it and publish: vectors, scores, explained recommendations.

    Safe to run from cron; readers see the former generation until the new one is whole.

    Example: graphrec-neo4j sync --model auto
    """
    from graphrec_neo4j.sync import SyncRequest

    budget = options.pop("budget")
    if budget is not None and options["model"] == "auto":
        options["settings"]["budget"] = budget
    request = SyncRequest(**options)
    with connect() as database:
        while True:
            _once(database, schema_file, request, as_json)
            if watch is None:
                return
            time.sleep(watch)


def _once(database: Database, schema_file: Path | None, request: SyncRequest, as_json: bool) -> None:
    from graphrec_neo4j.sync import sync as run_sync

    schema = schema_in_force(database, schema_file)
    with progress_on_stderr() as progress:
        report = run_sync(
            database,
            schema,
            request,
            progress=progress,
            waiting=lambda: note("another sync is at work; waiting for it"),
        )
    if as_json:
        answer_json(report.to_json())
    else:
        click.echo(sentence(report, request))
        show_choice(report.trained.get("chosen", {}))


def sentence(report: SyncReport, request: SyncRequest) -> str:
    """Say in a few lines what a sync did."""
    nodes = ", ".join(f"{count:,} {name}" for name, count in report.read["nodes"].items())
    edges = ", ".join(f"{count:,} {name}" for name, count in report.read["edges"].items())
    lines = [f"read {nodes}; {edges} in {report.seconds['read']:.1f} s"]
    changed = [name for name, differs in report.changed.items() if differs]
    if not report.published:
        doing = "would learn and publish" if request.dry_run and (changed or request.full) else "nothing to do"
        lines.append(f"{doing}: changed since run {report.run}: {', '.join(changed) or 'nothing'}")
        return "\n".join(lines)
    lines.append(f"fitted {report.model}, chosen on {report.trained.get('chosen_on', 'nothing')}")
    written = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in report.written.items())
    lines.append(f"wrote {written}")
    lines.append(f"published run {report.run} ({report.uuid}) after {report.seconds['total']:.1f} s")
    return "\n".join(lines)
