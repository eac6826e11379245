"""``graphrec-neo4j init``: a graphrec.toml for a database that is there already."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import (
    answer_json,
    connection_options,
    json_option,
    note,
    progress_on_stderr,
)
from graphrec_neo4j.errors import SchemaError

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.schema import GraphSchema


@click.command()
@click.option(
    "--schema",
    "schema_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("graphrec.toml"),
    show_default=True,
    help="The file to write; one that is there already is never overwritten.",
)
@click.option("--yes", is_flag=True, help="Make missing keys unique in the database without asking.")
@json_option
@connection_options
def init(connect: Callable[[], Database], schema_file: Path, yes: bool, as_json: bool) -> None:
    """Look at a database, propose how to read its graph, and write that as a commented graphrec.toml.

    Nothing in the database is changed, but for uniqueness constraints on the keys, after asking.

    Example: graphrec-neo4j init --uri neo4j://localhost:7687
    """
    from graphrec_neo4j.schema_toml import schema_to_toml
    from loaders.inspect import inspect_database
    from loaders.propose import propose

    if schema_file.exists():
        raise SchemaError(f"{schema_file} is there already; move it away or name another file with --schema.")
    with connect() as database:
        with progress_on_stderr() as progress:
            proposal = propose(inspect_database(database, progress=progress))
        schema_file.write_text(schema_to_toml(proposal.schema, proposal.comments), encoding="utf-8")
        for sentence in proposal.assumptions:
            note(f"assumed: {sentence}")
        note(f"wrote {schema_file}: read it, and correct what was assumed wrongly")
        created = _make_keys(database, proposal.schema, yes)
    if as_json:
        schema = json.loads(proposal.schema.to_json())
        answer_json({"schema": schema, "assumptions": list(proposal.assumptions), "created": created})


def _make_keys(database: Database, schema: GraphSchema, yes: bool) -> list[str]:
    """Make the keys unique that nothing indexes yet, if the person agrees."""
    from loaders.keys import create_keys, unindexed

    missing = unindexed(database, schema)
    if not missing:
        return []
    keys = ", ".join(f"{schema.nodes[name].label}.{schema.nodes[name].key}" for name in missing)
    asking = sys.stdin.isatty()
    if yes or (asking and click.confirm(f"Make {keys} unique, which makes reading and writing fast?", err=True)):
        created = create_keys(database, schema)
        note(f"created {', '.join(created)}")
        return created
    note(f"{keys} are not indexed, so reading and writing are slow; init --yes or load makes them unique")
    return []
