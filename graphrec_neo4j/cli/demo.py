"""``graphrec-neo4j demo``: the whole circle in two minutes, on a generated graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.common import answer_table, connection_options, note, progress_on_stderr

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.snapshot import GraphSnapshot
    from graphrec_neo4j.sync import SyncReport

COLUMNS = ("model", "recall@20", "ndcg@20", "hit_rate@20", "coverage@20", "novelty@20", "seconds")


@click.command()
@connection_options
def demo(connect: Callable[[], Database]) -> None:
    """Start the local server, load a generated graph, sync, and show what comes of it.

    Example: graphrec-neo4j demo
    """
    from graphrec_neo4j.demo import DemoModels, judge_demo, load_demo, sync_demo

    models = DemoModels.installed()
    if not models.neural:
        note("LightGCN is left out: it needs the [gnn] extra (pip install 'graphrec-neo4j[gnn]')")
    with connect() as database, progress_on_stderr() as progress:
        graph, loaded = load_demo(database, progress)
        click.echo(f"Loaded {_counts(loaded.nodes)}; {_counts(loaded.edges)}.")
        for report in sync_demo(database, graph, models, progress):
            _say_published(report)
        person = _busy_person(graph.snapshot)
        _show_person(database, graph.snapshot, person)
        table = judge_demo(graph, models, progress=progress).table()
    answer_table(table["models"], COLUMNS, f"\nHow good is it? {table['split']}; {table['users']:,} users")
    _say_how_to_go_on(graph.snapshot.users.ids.key(person), database)


def _counts(counts: Any) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _say_published(report: SyncReport) -> None:
    click.echo(f"Published run {report.run}, {report.model}, after {report.seconds['total']:.1f} s.")


def _busy_person(snapshot: GraphSnapshot) -> int:
    """Someone with a history to speak of, friends, and no more of either than fits a screen: the same each time."""
    interactions = snapshot.interactions.getnnz(axis=1)
    ties = snapshot.matrix("FOLLOWS").getnnz(axis=1)
    fits = (interactions >= 15) & (interactions <= 40) & (ties >= 3)
    return int(fits.argmax())


def _show_person(database: Database, snapshot: GraphSnapshot, person: int) -> None:
    from graphrec_neo4j.queries import statement

    names = snapshot.users.names
    name = snapshot.users.ids.key(person) if names is None else names[person]
    rows = database.read(statement("recommend/top_items", snapshot.schema), user_id=snapshot.users.ids.key(person), k=5)
    answer_table(rows, ("rank", "title", "score", "reason"), f"\nFor {name}")


def _say_how_to_go_on(user: Any, database: Database) -> None:
    from graphrec_neo4j.queries import load_query

    click.echo(f"\nAsk again:          graphrec-neo4j recommend {user}")
    click.echo(f"Why:                graphrec-neo4j explain {user} ITEM")
    click.echo("In Cypher:")
    click.echo(f"  :param user_id => '{user}'; :param k => 10;")
    click.echo("\n".join(f"  {line}" for line in load_query("recommend/top_items").body.splitlines()))
    click.echo(f"In Neo4j Browser:   graphrec-neo4j browser {user}")
    click.echo("Stop the server:    graphrec-neo4j server stop")
