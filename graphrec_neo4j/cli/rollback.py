"""``graphrec-neo4j rollback``: the generation before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import answer_json, connection_options, json_option, note, wait_option

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database


@click.command()
@wait_option
@json_option
@connection_options
def rollback(connect: Callable[[], Database], wait: float, as_json: bool) -> None:
    """Publish the generation before the current one again, in one step.

    Possible once after each sync; the next sync begins anew from there.

    Example: graphrec-neo4j rollback
    """
    from graphrec_neo4j import runs

    with connect() as database:
        run = runs.rollback(database, wait, waiting=lambda: note("a sync is at work; waiting for it"))
    if as_json:
        answer_json({"run": run.number, "uuid": run.uuid, "model": run.model, "published_at": run.published_at})
    else:
        click.echo(f"run {run.number} ({run.model}, first published at {run.published_at}) is published again")
