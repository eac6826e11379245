"""``graphrec-neo4j sync``: read, learn, judge, write, publish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.choice_table import show_choice
from graphrec_neo4j.cli.common import (
    answer_json,
    connection_options,
    in_a_folder,
    json_option,
    memory_option,
    progress_on_stderr,
    schema_in_force,
    schema_option,
)
from graphrec_neo4j.cli.model_settings import settings_option
from graphrec_neo4j.cli.unattended import Duration, Log, Rhythm, again_and_again
from graphrec_neo4j.errors import DatabaseError, GraphRecError
from graphrec_neo4j.refit import RefitRule

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.sync import SyncReport, SyncRequest


@click.command()
@click.option("--model", default="auto", show_default=True, help="See graphrec-neo4j models.")
@settings_option
@click.option("--budget", type=click.FloatRange(min=1), help="Seconds that auto may try models for.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--full", is_flag=True, help="Learn everything anew and publish, also where nothing changed.")
@click.option(
    "--refit-share",
    type=click.FloatRange(min=0),
    default=RefitRule.share,
    show_default=True,
    help="Learn everything anew once more than this share of the edges changed since that was done.",
)
@click.option(
    "--refit-days",
    type=click.FloatRange(min=0),
    default=RefitRule.days,
    show_default=True,
    help="Learn everything anew once it was done so many days ago.",
)
@click.option(
    "--whole-every",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Read edges that have a watermark whole once in so many syncs.",
)
@click.option("--dry-run", is_flag=True, help="Read, and say what would be done.")
@click.option("--watch", type=click.FloatRange(min=1), metavar="SECONDS", help="Go on, that long after each end.")
@click.option("--every", type=Duration(), help="Go on, from start to start: 90s, 15m, 6h or 1d.")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What stderr gets.")
@click.option(
    "--prometheus",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=in_a_folder,
    help="Text file to keep for a monitor.",
)
@click.option("--wait", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Seconds for another sync.")
@schema_option
@json_option
@memory_option
@connection_options
def sync(
    connect: Callable[[], Database],
    as_json: bool,
    schema_file: Path | None,
    watch: float | None,
    every: float | None,
    log: str,
    prometheus: Path | None,
    **options: Any,
) -> None:
    """Read the graph, learn from it and publish: vectors, scores, explained recommendations.

    Safe to run from cron; readers see the former generation until the new one is whole. With --watch or --every it
    goes on, and what fails later than the first time is logged and tried again.

    Example: graphrec-neo4j sync --model auto

    Example: graphrec-neo4j sync --every 15m --log json --prometheus /var/lib/node_exporter/graphrec.prom
    """
    from graphrec_neo4j.sync import SyncRequest

    if watch is not None and every is not None:
        raise click.UsageError("--watch and --every are two rhythms; give one.")
    budget = options.pop("budget")
    if budget is not None and options["model"] == "auto":
        options["settings"]["budget"] = budget
    rule = RefitRule(options.pop("refit_share"), options.pop("refit_days"))
    request, told = SyncRequest(**options, refit=rule), Log(as_json=log == "json")

    def once() -> None:
        report = _counted(connect, lambda database: _once(database, schema_file, request, told), prometheus)
        _tell(report, request, as_json, told)

    again_and_again(once, Rhythm(watch, every), told)


def _counted(connect: Callable[[], Database], run: Callable[[Database], SyncReport], sample: Path | None) -> SyncReport:
    """Sync once and write for the monitor, if there is one, how it ended; also where the database does not answer."""
    from graphrec_neo4j.monitoring import write_sample

    def ended(how: str, database: Database | None) -> None:
        if sample:
            write_sample(sample, database, how)

    try:
        with connect() as database:
            try:
                report = run(database)
            except DatabaseError:
                raise
            except GraphRecError:
                ended("failed", database)
                raise
            ended("published" if report.published else "unchanged", database)
            return report
    except DatabaseError:
        ended("failed", None)
        raise


def _tell(report: SyncReport, request: SyncRequest, as_json: bool, log: Log) -> None:
    if as_json:
        answer_json(report.to_json())
    elif not log.as_json:
        click.echo(sentence(report, request))
        show_choice(report.trained.get("chosen", {}))
    if log.as_json:
        facts = {name: getattr(report, name) for name in ("run", "changed", "seconds")}
        log("published" if report.published else "unchanged", sentence(report, request), **facts)


def _once(database: Database, schema_file: Path | None, request: SyncRequest, log: Log) -> SyncReport:
    from graphrec_neo4j.sync import sync as run_sync

    schema = schema_in_force(database, schema_file)
    with progress_on_stderr() as progress:
        return run_sync(
            database,
            schema,
            request,
            progress=progress,
            waiting=lambda: log("waiting", "another sync is at work; waiting for it"),
        )


def sentence(report: SyncReport, request: SyncRequest) -> str:
    """Say in a few lines what a sync did."""
    nodes = ", ".join(f"{count:,} {name}" for name, count in report.read["nodes"].items())
    edges = ", ".join(f"{count:,} {name}" for name, count in report.read["edges"].items())
    lines = [f"read {nodes}; {edges} in {report.seconds['read']:.1f} s"]
    lines += [f"by its watermark, {name} from {n:,} sources" for name, n in report.read.get("read_again", {}).items()]
    lines += _edited(report)
    changed = [name for name, differs in report.changed.items() if differs]
    if not report.published:
        doing = "would learn and publish" if request.dry_run and (changed or request.full) else "nothing to do"
        lines.append(f"{doing}: changed since run {report.run}: {', '.join(changed) or 'nothing'}")
        return "\n".join(lines)
    lines += _learnt(report)
    written = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in report.written.items())
    lines.append(f"wrote {written}")
    lines.append(f"published run {report.run} ({report.uuid}) after {report.seconds['total']:.1f} s")
    return "\n".join(lines)


def _learnt(report: SyncReport) -> list[str]:
    """How the model came about, and for how many users that means something."""
    told, chosen_on = report.learnt, report.trained.get("chosen_on", "nothing")
    if told["how"] == "fitted":
        return [f"fitted {report.model}, for {told['because']}; chosen on {chosen_on}"]
    anybody = "anybody's scores may have changed"
    reached = anybody if told["reached"] is None else f"{told['reached']:,} users' scores can have changed"
    since = f"{told['changed']:.2%} since it was fitted"
    return [
        f"updated {report.model}, for {told['because']} ({since}); {reached}, {told['explained']:,} were explained anew"
    ]


def _edited(report: SyncReport) -> list[str]:
    """What became of the graph, in numbers, where something did and a run was there before."""
    if not report.changed["graph"]:
        return []
    if report.edited is None:
        first = all(report.changed.values())
        unknown = "the graph of the run before is not in this user's cache, so what changed is not told in numbers"
        return [] if first else [unknown]
    told = [
        f"{name}: " + ", ".join(f"{count:,} {how}" for how, count in counts.items() if count)
        for part in report.edited.values()
        for name, counts in part.items()
    ]
    return ["changed " + "; ".join(told)]
