"""Answers for pairs that are not published: the fitted model from the user's cache folder, or fitted once more."""

from __future__ import annotations

import shutil
from pathlib import Path

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.explain.sentences import Describer
from graphrec_neo4j.explain.stored import Described
from graphrec_neo4j.ids import Key
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.queries import statement
from graphrec_neo4j.runs import Run, current_run
from graphrec_neo4j.settings import cache_folder
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.from_neo4j import from_neo4j

_CONTRIBUTIONS = 5
_DIGEST_FILE = "digest.txt"


def keep_model(database: Database, uuid: str, model: Recommender, snapshot: GraphSnapshot) -> Path:
    """Save the fitted model of a run, with the digest of its graph, in place of those of this store's older runs."""
    folder = _store_folder(database)
    shutil.rmtree(folder, ignore_errors=True)
    model.save(folder / uuid)
    (folder / uuid / _DIGEST_FILE).write_text(snapshot.digest, encoding="ascii")
    return folder / uuid


def explain_pair(database: Database, user: Key, item: Key) -> tuple[Described, bool]:
    """Explain any pair under the published run; also says whether the model had to be fitted again.

    The graph is read once more; the kept model is only trusted where it was fitted on exactly this graph, else the
    run's model is fitted again with its settings and seed. Raises PublishError where nothing is published and
    UnknownIdError for a user or an item that is not there.
    """
    run = current_run(database)
    if run is None:
        raise PublishError("nothing is published in this database yet: run graphrec-neo4j sync first.")
    snapshot = from_neo4j(database, run.schema)
    user_row, item_row = snapshot.users.ids.row(user), snapshot.items.ids.row(item)
    kept = _kept_model(database, run, snapshot)
    model = kept or create(run.model, **run.settings).fit(snapshot, seed=run.seed)
    explanation = model.explain(user_row, item_row, _CONTRIBUTIONS)
    return Describer(snapshot).described(explanation, user_row, item_row), kept is None


def _kept_model(database: Database, run: Run, snapshot: GraphSnapshot) -> Recommender | None:
    folder = _store_folder(database) / run.uuid
    digest = folder / _DIGEST_FILE
    if not digest.is_file() or digest.read_text(encoding="ascii") != snapshot.digest:
        return None
    return create(run.model, **run.settings).restore(folder)


def _store_folder(database: Database) -> Path:
    return cache_folder() / "models" / str(database.read(statement("read/store"))[0]["id"])
