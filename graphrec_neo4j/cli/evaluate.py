"""``graphrec-neo4j evaluate``: how good the models are on edges that they never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.common import (
    answer_json,
    connection_options,
    json_option,
    memory_option,
    note,
    page_option,
    progress_on_stderr,
    schema_in_force,
    schema_option,
    write_page,
)
from graphrec_neo4j.cli.evaluation_tables import show_comparison, show_evaluation
from graphrec_neo4j.cli.faithfulness_table import show_explanations
from graphrec_neo4j.cli.model_settings import settings_by_model, settings_option

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.progress import Progress
    from graphrec_neo4j.ranking.splits import Split

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--model", "asked", multiple=True, help="A model, as often as wanted, or 'all'. Default: auto.")
@click.option("--compare", is_flag=True, help="Every model, every metric, with intervals; as --model all, and more.")
@page_option("Write the comparison as one self-contained page.")
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
@click.option("--explanations", is_flag=True, help="Also how true reasons are: score without the edges they name.")
@settings_option
@schema_option
@json_option
@memory_option
@connection_options
def evaluate(
    connect: Callable[[], Database],
    asked: tuple[str, ...],
    compare: bool,
    html: Path | None,
    how: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Judge models on a part of the interactions that they were not fitted on, beside the baselines.

    Example: graphrec-neo4j evaluate --model auto --model lightgcn --split time

    Example: graphrec-neo4j evaluate --model p3 --model spectral --set spectral.dimensions=256

    Example: graphrec-neo4j evaluate --compare --html comparison.html

    Example: graphrec-neo4j evaluate --train train.txt --test test.txt --json
    """
    from graphrec_neo4j.evaluating import CUTOFFS, EVERY_MODEL, entrants, judge

    settings = settings_by_model(options["settings"], asked or ("auto",))
    with progress_on_stderr() as progress:
        split = _given(**options) if options["train"] or options["test"] else _cut(connect, how, progress, **options)
        who = entrants((*asked, EVERY_MODEL) if compare else asked, split.train)
        found = judge(
            split,
            who,
            **{name: options[name] for name in ("k", "seed", "budget", "explanations")},
            settings=settings,
            cutoffs=CUTOFFS if compare or html else (),
            progress=progress,
        )
    for left_out in found["left_out"]:
        note(f"{left_out['model']} is left out: {left_out['reason']}")
    if html:
        _write_page(html, found)
    if as_json:
        answer_json(found)
    else:
        (show_comparison if compare else show_evaluation)(found)
        if options["explanations"]:
            show_explanations(found)


def _write_page(path: Path, found: dict[str, Any]) -> None:
    from datetime import date

    from graphrec_neo4j import __version__
    from graphrec_neo4j.report import page

    write_page(path, page(found, version=__version__, made_on=date.today()))


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
