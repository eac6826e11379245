"""``graphrec-neo4j train``: fit one model and save it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.common import (
    answer_json,
    answer_table,
    connection_options,
    json_option,
    memory_option,
    note,
    progress_on_stderr,
    schema_in_force,
    schema_option,
)
from graphrec_neo4j.cli.model_settings import settings_option

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.fitting import FitReport
    from graphrec_neo4j.progress import Progress
    from graphrec_neo4j.snapshot import GraphSnapshot
    from graphrec_neo4j.training.options import Epoch

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--model", default="lightgcn", show_default=True, help="See graphrec-neo4j models.")
@settings_option
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--path", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where to save it. Default: ./MODEL."
)
@click.option("--data", type=_FILE, help="Learn from a file instead of the database: edges or adjacency.")
@click.option("--ties", type=_FILE, help="Ties between the users of --data.")
@click.option("--judge/--no-judge", default=True, help="Fit it again without a tenth of the edges, to judge it.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in --path, where a training was cut off.")
@click.option("--tune", "trials", type=click.IntRange(min=1), metavar="N", help="Try N settings first, with Optuna.")
@schema_option
@json_option
@memory_option
@connection_options
def train(
    connect: Callable[[], Database],
    schema_file: Path | None,
    data: Path | None,
    ties: Path | None,
    folder: Path | None,
    trials: int | None,
    as_json: bool,
    **request: Any,
) -> None:
    """Fit one model on the graph and save it, with a line for each epoch.

    After an interruption, the same command with --resume goes on and ends with the same numbers. On several processors
    or GPUs: torchrun --nproc-per-node 2 --no-python graphrec-neo4j train --model lightgcn

    Example: graphrec-neo4j train --model lightgcn --set epochs=32 --set patience=3
    """
    from graphrec_neo4j.fitting import CHECKPOINT, FitRequest, fit_and_save
    from graphrec_neo4j.training.options import is_first_process

    wanted = FitRequest(folder=folder or Path(request["model"]), trials=trials or 0, **request)
    with progress_on_stderr() as progress:
        snapshot = _from_file(data, ties) if data else _from_database(connect, schema_file, progress)
        try:
            with _told_on_stderr() as watch:
                report = fit_and_save(snapshot, wanted, watch, progress)
        except KeyboardInterrupt:
            if (wanted.folder / CHECKPOINT).exists():
                note(f"cut off; {wanted.folder / CHECKPOINT} is what the same command with --resume goes on from.")
            raise
    if is_first_process():
        answer_json(report.to_json()) if as_json else _show(report)


def _from_database(connect: Callable[[], Database], schema_file: Path | None, progress: Progress) -> GraphSnapshot:
    from loaders.from_neo4j import from_neo4j

    with connect() as database:
        return from_neo4j(database, schema_in_force(database, schema_file), progress=progress)


def _from_file(data: Path, ties: Path | None) -> GraphSnapshot:
    from loaders.from_edge_lists import load_adjacency, load_edges
    from loaders.loaded import accept
    from loaders.sniff import sniff_format

    loaded = (load_edges if sniff_format(data) == "edges" else load_adjacency)(data, ties=ties)
    for said in loaded.notes:
        note(said)
    return accept(loaded)


@contextmanager
def _told_on_stderr() -> Iterator[Callable[[Epoch], None]]:
    """A line for each epoch: its loss, its metric, and how long the rest will take."""

    def told(epoch: Epoch) -> None:
        metric = "" if math.isnan(epoch.score) else f", NDCG@20 {epoch.score:.4f}"
        left = (epoch.of - epoch.number) * epoch.seconds
        note(f"epoch {epoch.number} of {epoch.of}: loss {epoch.loss:.4f}{metric}, {left:.0f} s left at most")

    yield told


def _show(report: FitReport) -> None:
    told = report.to_json()
    click.echo(f"{told['model']} is in {told['path']} after {told['seconds']:.1f} s, chosen on {told['chosen_on']}")
    if smoothing := told.get("trained", {}).get("smoothing"):
        layers = ", ".join(f"{value:.2f}" for value in smoothing)
        click.echo(f"mean cosine of two nodes after each layer: {layers} (1: all alike)")
    if tuned := told.get("tuned"):
        click.echo(f"the best of {len(tuned['trials'])} settings, NDCG@20 {tuned['ndcg@20']:.4f} on {tuned['on']}")
    if told["metrics"]:
        answer_table([told["metrics"]])
