"""``graphrec-neo4j evaluate``: how good the models are on edges that they never saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    schema_in_force,
    schema_option,
)

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.progress import Progress
    from graphrec_neo4j.ranking.splits import Split

SHOWN = ("recall", "ndcg", "mrr", "hit_rate", "coverage")

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--model", "asked", multiple=True, help="A model, as often as wanted, or 'all'. Default: auto.")
@click.option(
    "--split", "how", type=click.Choice(["time", "leave-last", "random"]), default="random", show_default=True
)
@click.option("--train", type=_FILE, help="Judge on files instead of the database: the training part.")
@click.option("--test", type=_FILE, help="The test part, in the format of --train.")
@click.option("--ties", type=_FILE, help="Ties between the users of --train.")
@click.option("--format", "form", type=click.Choice(["edges", "adjacency"]), help="Default: sniffed from --train.")
@click.option("--k", type=click.IntRange(min=1), default=20, show_default=True, help="Length of the lists.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--budget", type=click.FloatRange(min=1), default=600, show_default=True, help="Seconds that auto may try."
)
@schema_option
@json_option
@connection_options
def evaluate(connect: Callable[[], Database], asked: tuple[str, ...], how: str, as_json: bool, **options: Any) -> None:
    """Judge models on a part of the interactions that they were not fitted on, beside popularity and P3.

    Example: graphrec-neo4j evaluate --model auto --model lightgcn --split time

    Example: graphrec-neo4j evaluate --train train.txt --test test.txt --json
    """
    from graphrec_neo4j.evaluating import judge, models_to_judge

    names, missing = models_to_judge(asked)
    for name in missing:
        note(f"{name} is left out: it needs the [gnn] extra (pip install 'graphrec-neo4j[gnn]')")
    with progress_on_stderr() as progress:
        split = _given(**options) if options["train"] or options["test"] else _cut(connect, how, progress, **options)
        found = judge(
            split, names, k=options["k"], seed=options["seed"], budget=options["budget"], progress=progress
        ).table()
    if as_json:
        answer_json(found)
        return
    answer_table(
        shown(found), title=f"{found['split']}; k = {found['k']}, {found['users']:,} users, seed {found['seed']}"
    )
    for row in found["models"]:
        if not row["chosen_on"].startswith("nothing"):
            click.echo(f"{row['model']} was chosen on {row['chosen_on']}")


def shown(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns of an evaluation that fit a terminal; ``--json`` has them all."""
    metrics = {name: f"{name}@{found['k']}" for name in SHOWN}
    return [
        {"model": row["model"], **{name: row[full] for name, full in metrics.items()}, "seconds": row["seconds"]}
        for row in found["models"]
    ]


def _given(*, train: Path | None, test: Path | None, ties: Path | None, form: Any, **_: Any) -> Split:
    from graphrec_neo4j.ranking.splits import given_split
    from loaders.from_edge_lists import read_interactions

    if train is None or test is None:
        raise click.UsageError("--train and --test go together.")
    given = read_interactions(train, test, ties, form)
    for said in given.notes:
        note(said)
    return given_split(given.snapshot, given.test)


def _cut(
    connect: Callable[[], Database], how: str, progress: Progress, *, schema_file: Path | None, seed: int, **_: Any
) -> Split:
    from graphrec_neo4j.evaluating import split_of
    from loaders.from_neo4j import from_neo4j

    with connect() as database:
        return split_of(from_neo4j(database, schema_in_force(database, schema_file), progress=progress), how, seed)
