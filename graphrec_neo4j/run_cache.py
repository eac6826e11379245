"""What one run leaves in the user's cache folder: its models, its lists, and the graph that they were made of.

Nothing here is needed. What is missing, damaged, of another release or of another graph is read, or fitted, anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.queries import statement
from graphrec_neo4j.results import TopK
from graphrec_neo4j.runs import Run
from graphrec_neo4j.settings import cache_folder
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.snapshot_store import DAMAGED, load_snapshot, save_snapshot
from loaders.watermark_store import load_watermarks, save_watermarks
from loaders.watermarks import KnownGraph, Watermark

_DIGEST_FILE = "digest.txt"
_SNAPSHOT_FILE = "snapshot.npz"
_LISTS_FILE = "lists.npz"
_WATERMARKS_FILE = "watermarks.npz"
_BESIDE = "beside"


@dataclass(frozen=True, eq=False)
class Made:
    """A fitted model with the lists that it published, those of the meta-path walk, and what gave the vectors.

    ``beside`` is the model whose vectors were published where ``model`` has none.
    """

    model: Recommender
    top: TopK
    walk: TopK
    beside: Recommender | None = None


def keep(database: Database, uuid: str, made: Made, snapshot: GraphSnapshot) -> None:
    """Save what a run was made of, in place of what older runs of this store left."""
    store = _store_folder(database)
    shutil.rmtree(store, ignore_errors=True)
    folder = store / uuid
    made.model.save(folder)
    if made.beside is not None:
        made.beside.save(folder / _BESIDE)
    tables = {f"{name}_{part}": getattr(top, part) for name, top in _lists_of(made) for part in ("items", "scores")}
    np.savez(folder / _LISTS_FILE, **tables)
    save_snapshot(snapshot, folder / _SNAPSHOT_FILE)
    (folder / _DIGEST_FILE).write_text(snapshot.digest, encoding="ascii")


def kept_model(database: Database, run: Run, snapshot: GraphSnapshot) -> Recommender | None:
    """Return the model of ``run`` if it was fitted on exactly ``snapshot`` and can be restored."""
    folder = _store_folder(database) / run.uuid
    digest = folder / _DIGEST_FILE
    if not digest.is_file() or digest.read_text(encoding="ascii") != snapshot.digest:
        return None
    return _restored(create(run.model, **run.settings), folder)


def kept_snapshot(database: Database, run: Run) -> GraphSnapshot | None:
    """Return the graph that ``run`` was made of, if it is there whole and has the digest that the run node says."""
    snapshot = load_snapshot(_store_folder(database) / run.uuid / _SNAPSHOT_FILE)
    return snapshot if snapshot is not None and snapshot.digest == run.digest else None


def keep_watermarks(database: Database, uuid: str, marks: Mapping[str, Watermark], reads: int) -> None:
    """Save up to where the graph of a run was read, and how many ``reads`` ago it was read whole."""
    if marks:
        save_watermarks(_store_folder(database) / uuid / _WATERMARKS_FILE, marks, reads)


def kept_watermarks(database: Database, run: Run, snapshot: GraphSnapshot) -> tuple[KnownGraph, int] | None:
    """Return up to where ``snapshot``, the graph of ``run``, was read, and how many reads ago it was read whole."""
    found = load_watermarks(_store_folder(database) / run.uuid / _WATERMARKS_FILE)
    if found is None:
        return None
    marks, reads = found
    for name, mark in marks.items():
        kind = snapshot.schema.edges.get(name)
        if kind is None or len(mark.degrees) != len(snapshot.nodes[kind.source]):
            return None
    return KnownGraph(snapshot, marks), reads


def kept_run(database: Database, run: Run, snapshot: GraphSnapshot) -> Made | None:
    """Return what ``run`` was made of, beside ``snapshot``, its graph; None where a part is missing or damaged."""
    folder, model = _store_folder(database) / run.uuid, kept_model(database, run, snapshot)
    try:
        with np.load(folder / _LISTS_FILE, allow_pickle=False) as tables:
            top, walk = (TopK(tables[f"{name}_items"], tables[f"{name}_scores"]) for name in ("top", "walk"))
    except (*DAMAGED, GraphRecError):
        return None
    if model is None or {len(top), len(walk)} != {len(snapshot.users)}:
        return None
    beside = _restored(create("spectral"), folder / _BESIDE) if (folder / _BESIDE).is_dir() else None
    return Made(model, top, walk, beside)


def _lists_of(made: Made) -> tuple[tuple[str, TopK], ...]:
    return ("top", made.top), ("walk", made.walk)


def _restored(model: Recommender, folder: Path) -> Recommender | None:
    try:
        return model.restore(folder)
    except (*DAMAGED, GraphRecError):
        return None  # Another release kept other arrays; fitting anew gives the same model.


def _store_folder(database: Database) -> Path:
    return cache_folder() / "models" / str(database.read(statement("read/store"))[0]["id"])
