"""``graphrec-neo4j demo``: the whole circle in two minutes, on a generated graph."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.common import answer_reasons, connection_options, note, progress_on_stderr
from graphrec_neo4j.cli.evaluation_tables import show_evaluation

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.ids import Key
    from graphrec_neo4j.snapshot import GraphSnapshot
    from graphrec_neo4j.sync import SyncReport


@click.command()
@connection_options
def demo(connect: Callable[[], Database]) -> None:
    """Start the local server, load a generated graph, sync, and show what comes of it.

    Example: graphrec-neo4j demo
    """
    from graphrec_neo4j import asking
    from graphrec_neo4j.demo import DemoModels, judge_demo, load_demo, sync_demo

    models = DemoModels.installed()
    if not models.neural:
        note("LightGCN is left out: it needs the [gnn] extra (pip install 'graphrec-neo4j[gnn]')")
    with connect() as database, progress_on_stderr() as progress:
        graph, loaded = load_demo(database, progress)
        click.echo(f"Loaded {_counts(loaded.nodes)}; {_counts(loaded.edges)}.")
        for report in sync_demo(database, graph, models, progress):
            _say_published(report)
        user = _busy_person(graph.snapshot)
        name, best = _show_person(database, graph.snapshot, user)
        link = asking.browser_page(database, graph.snapshot.schema, str(user), str(best))
        table = judge_demo(graph, models, progress=progress).table()
    click.echo("\nHow good is it?")
    show_evaluation(table)
    _say_how_to_go_on(str(name), str(user), str(best), link)


def _counts(counts: Any) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _say_published(report: SyncReport) -> None:
    click.echo(f"Published run {report.run}, {report.model}, after {report.seconds['total']:.1f} s.")


def _busy_person(snapshot: GraphSnapshot) -> Key:
    """Someone with a history to speak of, friends, and no more of either than fits a screen: the same each time."""
    interactions = snapshot.interactions.getnnz(axis=1)
    ties = snapshot.matrix("FOLLOWS").getnnz(axis=1)
    fits = (interactions >= 15) & (interactions <= 40) & (ties >= 3)
    return snapshot.users.ids.key(int(fits.argmax()))


def _show_person(database: Database, snapshot: GraphSnapshot, user: Key) -> tuple[str, Key]:
    """Print her recommendations; return her name and the id of the first."""
    from graphrec_neo4j import asking

    name = asking.name_of(database, snapshot.schema, snapshot.schema.recommend_to, user)
    rows = asking.recommend(database, snapshot.schema, user, 5).rows
    answer_reasons(rows, f"\nFor {name}:")
    return name, rows[0]["item"]


def _say_how_to_go_on(name: str, user: str, best: str, link: str) -> None:
    from graphrec_neo4j.queries import load_query

    click.echo()
    for purpose, command in _next_commands(user, best).items():
        click.echo(f"{purpose + ':':<17} {command}")
    click.echo(f"""
The Cypher that answers, for your application:
  :param user_id => '{user}';
  :param k => 10;""")
    click.echo("\n".join(f"  {line}" for line in load_query("recommend/top_items").body.splitlines()))
    login = " (user neo4j; server status names the password's file)" if _is_local() else ""
    click.echo(f"\nThe paths from {name} to it in Neo4j Browser{login}:")
    click.echo(link)


def _next_commands(user: str, best: str) -> dict[str, str]:
    """What to type next, by its purpose; a server that is not ours to stop is left out."""
    commands = {
        "Ask again": _command("recommend", user),
        "Why, in full": _command("explain", user, best),
        "Go back": _command("rollback"),
    }
    if _is_local():
        commands["Stop the server"] = _command("server", "stop", options=("home",))
    return commands


def _is_local() -> bool:
    """Whether the demo went to the local server, as neither an option nor the environment names another."""
    from graphrec_neo4j.settings import given_connection

    return given_connection(click.get_current_context().params["uri"]) is None


def _command(*words: str, options: Sequence[str] = ("uri", "username", "database", "home")) -> str:
    """A command line to paste: it works where the environment is not activated, and asks the demo's own server."""
    program = "graphrec-neo4j" if shutil.which("graphrec-neo4j") else sys.argv[0]
    given = click.get_current_context().params
    named = [text for option in options if given[option] for text in (f"--{option}", str(given[option]))]
    return shlex.join([program, *words, *named])
