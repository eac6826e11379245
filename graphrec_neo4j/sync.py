"""``sync``, the main verb: read the graph, learn from it, judge, write, publish."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from graphrec_neo4j import __version__
from graphrec_neo4j.database import Database
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.learning import Learnt, learn
from graphrec_neo4j.lease import WAIT_SECONDS, Lease
from graphrec_neo4j.models import create
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.run_cache import keep, kept_snapshot
from graphrec_neo4j.runs import Run, current_run
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.check_schema import check_schema
from loaders.from_neo4j import from_neo4j
from loaders.result_names import check_ready
from loaders.results_to_neo4j import Published, RunDraft, publish


@dataclass(frozen=True)
class SyncRequest:
    """What one sync is asked to do.

    ``full`` learns and publishes even where graph and request are those of the current run; ``dry_run`` only
    reads and says; ``wait`` is how many seconds another sync is waited for.
    """

    model: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    full: bool = False
    dry_run: bool = False
    wait: float = WAIT_SECONDS


@dataclass(frozen=True)
class SyncReport:
    """What a sync did; the fields are those of ``sync --json``.

    ``run`` and ``uuid`` are those that readers now see, ``published`` says whether they are new, ``changed`` what
    differs from the run before and ``edited`` how many nodes and edges of each type, None where that is not known;
    ``seconds`` are by stage.
    """

    run: int | None
    uuid: str | None
    model: str
    published: bool
    read: Mapping[str, Any]
    changed: Mapping[str, Any]
    edited: Mapping[str, Any] | None
    trained: Mapping[str, Any]
    written: Mapping[str, int]
    seconds: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def sync(
    database: Database,
    schema: GraphSchema,
    request: SyncRequest,
    *,
    progress: Progress = silent,
    waiting: Callable[[], None] = lambda: None,
) -> SyncReport:
    """Bring what is published up to date with the graph.

    Holds the lease from before the graph is read until the pointer has moved; whatever happens in between, readers
    see the former generation. ``waiting`` is called once if another sync is waited for.
    """
    create(request.model, **request.settings)
    check_schema(database, schema)
    if request.dry_run:
        return _sync(database, schema, request, None, progress)
    check_ready(database, schema)
    with Lease(database, request.wait, waiting=waiting) as lease:
        return _sync(database, schema, request, lease, progress)


def _sync(
    database: Database, schema: GraphSchema, request: SyncRequest, lease: Lease | None, progress: Progress
) -> SyncReport:
    started = time.perf_counter()
    snapshot = from_neo4j(database, schema, progress=progress)
    current = current_run(database)
    changed = _changes(current, snapshot, request)
    edited = _edited(database, current, snapshot) if changed["graph"] else None
    seconds = {"read": round(time.perf_counter() - started, 3)}
    if lease is None or not (request.full or any(changed.values())):
        return _report(request, current, False, snapshot, changed, edited, {}, {}, seconds)
    learnt = learn(snapshot, request.model, request.settings, seed=request.seed, progress=progress)
    seconds |= learnt.seconds
    draft = RunDraft(request.model, asdict(learnt.model.settings), request.seed, seconds)
    made = publish(database, snapshot, learnt.results, draft, lease, progress=progress)
    keep(database, made.uuid, learnt.model, snapshot)
    seconds |= {**made.seconds, "total": round(time.perf_counter() - started, 3)}
    counted = ("users", "items", "relationships", "ended", "similar", "similar_ended")
    written = {name: getattr(made, name) for name in counted}
    return _report(request, made, True, snapshot, changed, edited, _trained(learnt), written, seconds)


def _changes(current: Run | None, snapshot: GraphSnapshot, request: SyncRequest) -> dict[str, bool]:
    """What differs from the run that is published; all of it where none is."""
    if current is None:
        return dict.fromkeys(("graph", "schema", "model", "version"), True)
    settings = json.loads(json.dumps(asdict(create(request.model, **request.settings).settings)))
    same_model = (current.model, current.seed, dict(current.settings)) == (request.model, request.seed, settings)
    return {
        "graph": current.digest != snapshot.digest,
        "schema": current.schema != snapshot.schema,
        "model": not same_model,
        "version": current.version != __version__,
    }


def _edited(database: Database, current: Run | None, snapshot: GraphSnapshot) -> dict[str, Any] | None:
    """How many nodes and edges of each type were added, removed and changed since the current run's graph.

    None where that graph is not in the cache, or was read by another schema.
    """
    before = kept_snapshot(database, current) if current else None
    if before is None or before.schema != snapshot.schema:
        return None
    return GraphChanges.between(before, snapshot).counts()


def _trained(learnt: Learnt) -> dict[str, Any]:
    return {**learnt.report, "settings": asdict(learnt.model.settings)}


def _report(
    request: SyncRequest,
    run: Run | Published | None,
    published: bool,
    snapshot: GraphSnapshot,
    changed: Mapping[str, Any],
    edited: Mapping[str, Any] | None,
    trained: Mapping[str, Any],
    written: Mapping[str, int],
    seconds: Mapping[str, float],
) -> SyncReport:
    number = None if run is None else run.number if isinstance(run, Run) else run.run
    read = {
        "nodes": {name: len(nodes) for name, nodes in snapshot.nodes.items()},
        "edges": {name: len(edges) for name, edges in snapshot.edges.items()},
    }
    uuid = run.uuid if run else None
    return SyncReport(number, uuid, request.model, published, read, changed, edited, trained, written, seconds)
