"""What one run leaves in the user's cache folder: the fitted model and the graph that it was fitted on.

Nothing here is needed. What is missing, damaged, of another release or of another graph is read, or fitted, anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.queries import statement
from graphrec_neo4j.runs import Run
from graphrec_neo4j.settings import cache_folder
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.snapshot_store import load_snapshot, save_snapshot

_DIGEST_FILE = "digest.txt"
_SNAPSHOT_FILE = "snapshot.npz"


def keep(database: Database, uuid: str, model: Recommender, snapshot: GraphSnapshot) -> None:
    """Save the model and the graph of a run, in place of what older runs of this store left."""
    folder = _store_folder(database)
    shutil.rmtree(folder, ignore_errors=True)
    model.save(folder / uuid)
    save_snapshot(snapshot, folder / uuid / _SNAPSHOT_FILE)
    (folder / uuid / _DIGEST_FILE).write_text(snapshot.digest, encoding="ascii")


def kept_model(database: Database, run: Run, snapshot: GraphSnapshot) -> Recommender | None:
    """Return the model of ``run`` if it was fitted on exactly ``snapshot`` and can be restored."""
    folder = _store_folder(database) / run.uuid
    digest = folder / _DIGEST_FILE
    if not digest.is_file() or digest.read_text(encoding="ascii") != snapshot.digest:
        return None
    try:
        return create(run.model, **run.settings).restore(folder)
    except (ModelError, TypeError, ValueError):
        return None  # Another release kept other arrays, or the files are damaged; fitting anew gives the same model.


def kept_snapshot(database: Database, run: Run) -> GraphSnapshot | None:
    """Return the graph that ``run`` was made of, if it is there whole and has the digest that the run node says."""
    snapshot = load_snapshot(_store_folder(database) / run.uuid / _SNAPSHOT_FILE)
    return snapshot if snapshot is not None and snapshot.digest == run.digest else None


def _store_folder(database: Database) -> Path:
    return cache_folder() / "models" / str(database.read(statement("read/store"))[0]["id"])
