"""``graphrec-neo4j load``: files into Neo4j."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.common import (
    answer_json,
    answer_table,
    connection_options,
    json_option,
    note,
    progress_on_stderr,
    schema_option,
)

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.schema import GraphSchema
    from loaders.loaded import LoadedGraph
    from loaders.to_neo4j import LoadSummary


@click.command()
@click.argument("form", metavar="FORMAT")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--skip-bad",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Load the good rows and put the bad ones, with reasons, into FILE.",
)
@schema_option
@json_option
@connection_options
def load(
    connect: Callable[[], Database],
    form: str,
    path: Path | None,
    skip_bad: Path | None,
    schema_file: Path | None,
    as_json: bool,
) -> None:
    """Load PATH as FORMAT: csv, movielens, lastfm, edges, adjacency; or generated, without a path.

    Safe to repeat: what is there already is left as it is. Nothing is written if any row is bad, unless
    --skip-bad is given. Without a graphrec.toml, one is written into the current folder.

    Example: graphrec-neo4j load movielens ml-latest-small
    """
    from graphrec_neo4j.schema import GraphSchema
    from graphrec_neo4j.settings import schema_path
    from loaders.formats import load as read_format
    from loaders.loaded import accept
    from loaders.to_neo4j import to_neo4j

    found = schema_path(schema_file)
    loaded = read_format(form, path, GraphSchema.load(found) if found else None)
    snapshot = accept(loaded, skip_bad)
    with connect() as database, progress_on_stderr() as progress:
        summary = to_neo4j(database, snapshot, progress=progress)
    for sentence in (*loaded.notes, *summary.notes):
        note(sentence)
    if not found:
        _keep(snapshot.schema)
    if as_json:
        answer_json(_as_json(loaded, summary))
    else:
        _tell(loaded, summary, skip_bad)


def _keep(schema: GraphSchema) -> None:
    """Write the schema into the current folder, where every later command finds it."""
    from graphrec_neo4j.schema_toml import schema_to_toml
    from graphrec_neo4j.settings import SCHEMA_FILE

    Path(SCHEMA_FILE).write_text(schema_to_toml(schema), encoding="utf-8")
    note(f"wrote {SCHEMA_FILE}, which says how this graph is read")


def _as_json(loaded: LoadedGraph, summary: LoadSummary) -> dict[str, Any]:
    return {
        "nodes": dict(summary.nodes),
        "edges": dict(summary.edges),
        "bad_rows": len(loaded.bad_rows),
        "duplicates": sum(loaded.duplicates.values()),
        "seconds": round(summary.seconds, 3),
        "created_nodes": summary.created_nodes,
        "created_edges": summary.created_edges,
        "properties_set": summary.properties_set,
        "constraints": list(summary.constraints),
    }


def _tell(loaded: LoadedGraph, summary: LoadSummary, skip_bad: Path | None) -> None:
    rows = [{"type": name, "rows": count} for name, count in {**summary.nodes, **summary.edges}.items()]
    answer_table(rows)
    total = sum(row["rows"] for row in rows if isinstance(row["rows"], int))
    speed = f"{summary.seconds:.1f} s, {total / max(summary.seconds, 1e-9):,.0f} rows/s"
    if summary.changed:
        made = f"{summary.created_nodes:,} nodes and {summary.created_edges:,} edges are new"
        click.echo(f"{made}, {summary.properties_set:,} properties were set ({speed})")
    else:
        click.echo(f"nothing changed: all of it was there already ({speed})")
    if loaded.bad_rows:
        click.echo(f"{len(loaded.bad_rows):,} bad rows are in {skip_bad}")
    merged = sum(loaded.duplicates.values())
    if merged:
        click.echo(f"{merged:,} duplicate rows were merged by the schema's rules")
