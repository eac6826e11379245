"""``graphrec-neo4j forget``: remove everything that was ever written as a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import answer_json, connection_options, json_option, note, wait_option

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@json_option
@connection_options
def forget(connect: Callable[[], Database], yes: bool, wait: float, as_json: bool) -> None:
    """Remove all results from the database: runs, lists, vectors, indexes, published relationships.

    Your own nodes, relationships and properties stay as they are, and so do the constraints on their keys.

    Example: graphrec-neo4j forget --yes
    """
    from loaders.forget import count_ours
    from loaders.forget import forget as forget_results

    with connect() as database:
        ours = count_ours(database)
        what = f"{ours.runs} runs, {ours.relationships:,} relationships and what is stored on {ours.nodes:,} nodes"
        if not yes and any(asdict(ours).values()):
            click.confirm(f"Remove {what} from {database.connection.uri}?", abort=True, err=True)
        gone = forget_results(database, wait, waiting=lambda: note("a sync is at work; waiting for it"))
    if as_json:
        answer_json(asdict(gone))
    else:
        click.echo(
            f"removed {gone.runs} runs, {gone.relationships:,} relationships and what was on {gone.nodes:,} nodes"
        )
