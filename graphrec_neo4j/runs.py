"""``Run``: one generation of results in the database, the pointer to the current one, and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.lease import WAIT_SECONDS, Lease
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.slots import SLOTS, slot_names

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database

_COUNTS = ("interactions", "recommendations", "similar")


@dataclass(frozen=True)
class Run:
    """One generation: ``state`` is writing, published, retired or dead; times are ISO 8601 texts.

    ``interactions`` counts the edges that it learnt from, ``recommendations`` the entries of all lists and ``similar``
    the edges of its item graph.
    """

    number: int
    uuid: str
    model: str
    state: str
    slot: str
    settings: Mapping[str, Any]
    seed: int
    digest: str
    metrics: Mapping[str, Any]
    timings: Mapping[str, float]
    schema: GraphSchema
    version: str
    started_at: str
    published_at: str | None
    users: int
    items: int
    interactions: int
    recommendations: int
    similar: int

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Run:
        """Build a run from a row of ``read/run_current`` or ``read/run_all``."""
        texts = {name: json.loads(row[name]) for name in ("settings", "metrics", "timings")}
        return cls(**{**row, **texts, "schema": GraphSchema.from_json(row["schema"])})

    def summary(self) -> dict[str, Any]:
        """Return what ``status`` says about each run."""
        names = ("number", "uuid", "model", "state", "started_at", "published_at", "users", "items")
        return {name: getattr(self, name) for name in (*names, *_COUNTS)}


@dataclass(frozen=True)
class Pointer:
    """What the pointer node says: the run that readers see, the one that rollback goes to, who is at work.

    What runs up to number ``tidied`` left behind, and no run that is kept can show, has been removed.
    """

    run: int | None = None
    previous: int | None = None
    next_run: int | None = None
    hours: float | None = None
    syncing: bool = False
    tidied: int = 0


def moment(stored: str) -> datetime:
    """Return a time as Cypher writes it, with the offset of its server and maybe the name of a zone."""
    return datetime.fromisoformat(stored.partition("[")[0])


def pointer(database: Database) -> Pointer:
    """Read the pointer; one without a run where nothing was ever published."""
    rows = database.read(statement("read/run_pointer"))
    return Pointer(**rows[0]) if rows else Pointer()


def current_run(database: Database) -> Run | None:
    """Return the run that readers see, or None where nothing is published."""
    rows = database.read(statement("read/run_current"))
    return Run.of_row(rows[0]) if rows else None


def all_runs(database: Database) -> list[Run]:
    """Return every run that is remembered, newest first."""
    return [Run.of_row(row) for row in database.read(statement("read/run_all"))]


def status(database: Database) -> dict[str, Any]:
    """Say what is published, since how many hours, what rollback would bring, and what runs there were.

    The fields of the current run are None where nothing is published.
    """
    points, runs = pointer(database), all_runs(database)
    current = next((run for run in runs if run.number == points.run), None)
    named = ("uuid", "model", "published_at", "users", "items", *_COUNTS)
    return {
        "run": points.run,
        **{name: getattr(current, name, None) for name in named},
        "hours": None if points.hours is None else round(points.hours, 3),
        "previous": points.previous,
        "syncing": points.syncing,
        "runs": [run.summary() for run in runs],
    }


def rollback(database: Database, wait: float = WAIT_SECONDS, *, waiting: Callable[[], None] = lambda: None) -> Run:
    """Publish the previous generation again and return its run; the newer one is retired.

    Raises PublishError where there is no previous one (there is none after a rollback, nor once the next sync has
    begun to write into its slot), or if a sync is at work for ``wait`` seconds; ``waiting`` is called once before that.
    """
    _previous(database)
    with Lease(database, wait, waiting=waiting) as lease:
        to = _previous(database)
        names = {slot: slot_names(slot) for slot in SLOTS}
        lease.write(statement("write/run_rollback"), to=to, names=names)
    run = current_run(database)
    if run is None or run.number != to:
        raise PublishError(f"run {to} was rolled back to, and then something else was published or forgotten.")
    return run


def _previous(database: Database) -> int:
    points = pointer(database)
    if points.run is None:
        raise PublishError("nothing is published in this database yet: run graphrec-neo4j sync first.")
    if points.previous is None:
        raise PublishError(
            f"there is no generation before run {points.run} to go back to: only the one that was current when it "
            "was published is kept, until the next sync or a rollback; run graphrec-neo4j sync for a new one."
        )
    return points.previous
