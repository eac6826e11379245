"""``graphrec-neo4j verify``: whether what is published is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import answer_json, answer_table, connection_options, json_option, progress_on_stderr

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database


@click.command()
@json_option
@connection_options
def verify(connect: Callable[[], Database], as_json: bool) -> None:
    """Read back all that is published and say whether it is whole; exit code 1 where it is not.

    Counts, ranks and scores, ids that are gone, vectors and their indexes, and a digest of every node's results.

    Example: graphrec-neo4j verify --json
    """
    from graphrec_neo4j import verifying

    with connect() as database, progress_on_stderr() as progress:
        found = verifying.verify(database, progress=progress)
    if as_json:
        answer_json(found.to_json())
    else:
        answer_table([{"check": one.name, "ok": "yes" if one.ok else "NO", "found": one.found} for one in found.checks])
        whole = "is whole" if found.ok else "is not whole: run graphrec-neo4j sync --full"
        click.echo(f"run {found.run} ({found.model}, {found.uuid}) {whole}")
    if not found.ok:
        raise SystemExit(1)
