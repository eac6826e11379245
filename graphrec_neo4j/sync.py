"""``sync``, the main verb: read the graph, learn from it, judge, write, publish."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from graphrec_neo4j import __version__
from graphrec_neo4j.affected import Affected
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import StaleRunError
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.learning import Learnt, learn
from graphrec_neo4j.lease import WAIT_SECONDS, Lease
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.reading import GraphReading
from graphrec_neo4j.refit import RefitRule, SinceFit
from graphrec_neo4j.run_cache import Made, keep, kept_run
from graphrec_neo4j.runs import Run, current_run
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.updating import update
from loaders.check_schema import check_schema
from loaders.remains import clear_up
from loaders.result_names import check_ready
from loaders.results_to_neo4j import Published, RunDraft, publish

WHOLE_EVERY = 10


@dataclass(frozen=True)
class SyncRequest:
    """What one sync is asked to do.

    ``full`` learns and publishes even where graph and request are those of the current run, and learns everything
    anew; ``refit`` is the rule by which that happens without being asked for. Edges with a watermark are read whole
    every ``whole_every`` syncs. ``dry_run`` only reads and says; ``wait`` is how many seconds another sync is waited
    for.
    """

    model: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    full: bool = False
    dry_run: bool = False
    wait: float = WAIT_SECONDS
    refit: RefitRule = field(default_factory=RefitRule)
    whole_every: int = WHOLE_EVERY


@dataclass(frozen=True)
class SyncReport:
    """What a sync did; the fields are those of ``sync --json``.

    ``run`` and ``uuid`` are those that readers now see, ``published`` says whether they are new, ``changed`` what
    differs from the run before and ``edited`` how many nodes and edges of each type, None where that is not known;
    ``learnt`` says whether the model was ``fitted`` on everything or ``updated``, because of what, and for how many
    users; ``seconds`` are by stage.
    """

    run: int | None
    uuid: str | None
    model: str
    published: bool
    read: Mapping[str, Any]
    changed: Mapping[str, Any]
    edited: Mapping[str, Any] | None
    learnt: Mapping[str, Any]
    trained: Mapping[str, Any]
    written: Mapping[str, int]
    seconds: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class _Way:
    """What was learnt, and how: what ``SyncReport.learnt`` tells."""

    learnt: Learnt
    told: Mapping[str, Any]


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
    current = current_run(database)
    reading = GraphReading.of(database, schema, current, 1 if request.full else request.whole_every, progress)
    snapshot = reading.snapshot
    changed = _changes(current, snapshot, request)
    read = time.perf_counter() - started
    changes = reading.changes(database, current) if changed["graph"] else None
    edited = changes.counts() if changes else None
    seconds = {"read": round(read, 3), "compare": round(time.perf_counter() - started - read, 3)}
    if lease is None or not (request.full or any(changed.values())):
        if lease and current:
            clear_up(database, lease)
            reading.keep_marks(database, current.uuid)
        return _report(request, current, False, reading, changed, edited, None, {}, seconds)
    way = _learnt(database, current, changes, changed, snapshot, request, progress)
    try:
        made = _published(database, snapshot, way, request, lease, seconds, progress)
    except StaleRunError as stale:
        way = _fitted(snapshot, request, str(stale).rstrip("."), progress)
        made = _published(database, snapshot, way, request, lease, seconds, progress)
    results = way.learnt.results
    keep(database, made.uuid, Made(way.learnt.model, results.top, results.walk, way.learnt.beside), snapshot)
    reading.keep_marks(database, made.uuid)
    seconds |= {**way.learnt.seconds, **made.seconds, "total": round(time.perf_counter() - started, 3)}
    counted = ("users", "items", "copied", "relationships", "ended", "similar", "similar_ended")
    written = {name: getattr(made, name) for name in counted}
    return _report(request, made, True, reading, changed, edited, way, written, seconds)


def _published(
    database: Database,
    snapshot: GraphSnapshot,
    way: _Way,
    request: SyncRequest,
    lease: Lease,
    before: Mapping[str, float],
    progress: Progress,
) -> Published:
    learnt = way.learnt
    draft = RunDraft(request.model, asdict(learnt.model.settings), request.seed, {**before, **learnt.seconds})
    return publish(database, snapshot, learnt.results, draft, lease, progress=progress)


def _learnt(
    database: Database,
    current: Run | None,
    changes: GraphChanges | None,
    changed: Mapping[str, bool],
    snapshot: GraphSnapshot,
    request: SyncRequest,
    progress: Progress,
) -> _Way:
    """Bring the current run up to date where that is asked for and can be had, else fit everything."""
    if request.full:
        return _fitted(snapshot, request, "--full asks for it", progress)
    others = [name for name, differs in changed.items() if differs and name != "graph"]
    if current is None or others:
        because = f"the {' and the '.join(others)} changed" if current else "nothing is published yet"
        return _fitted(snapshot, request, because, progress)
    made = kept_run(database, current, changes.before) if changes else None
    if changes is None or made is None:
        because = f"what run {current.number} was made of is not in this user's cache, or damaged"
        return _fitted(snapshot, request, because, progress)
    since = SinceFit.of(current.metrics, changes.share(), Affected(changes).arrivals(made.top))
    if since is None:
        return _fitted(snapshot, request, f"run {current.number} does not say when it was fitted", progress)
    if refit := request.refit.refit(since):
        return _fitted(snapshot, request, refit.because, progress, None if refit.chosen else made.model)
    updated = update(made, changes, current.metrics, since, request.seed, progress)
    if updated is None:
        return _fitted(snapshot, request, f"{request.model} has no closed form for what changed", progress)
    because = f"{changes.share():.2%} of the edges changed"
    return _Way(updated.learnt, {"how": "updated", "because": because, **updated.to_json(), **since.to_json()})


def _fitted(
    snapshot: GraphSnapshot,
    request: SyncRequest,
    because: str,
    progress: Progress,
    former: Recommender | None = None,
) -> _Way:
    learnt = learn(snapshot, request.model, request.settings, seed=request.seed, former=former, progress=progress)
    return _Way(learnt, {"how": "fitted", "because": because, "explained": len(snapshot.users)})


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


def _trained(learnt: Learnt) -> dict[str, Any]:
    return {**learnt.report, "settings": asdict(learnt.model.settings)}


def _report(
    request: SyncRequest,
    run: Run | Published | None,
    published: bool,
    reading: GraphReading,
    changed: Mapping[str, Any],
    edited: Mapping[str, Any] | None,
    way: _Way | None,
    written: Mapping[str, int],
    seconds: Mapping[str, float],
) -> SyncReport:
    number = None if run is None else run.number if isinstance(run, Run) else run.run
    read = reading.to_json()
    uuid, learnt, trained = run.uuid if run else None, way.told if way else {}, _trained(way.learnt) if way else {}
    return SyncReport(number, uuid, request.model, published, read, changed, edited, learnt, trained, written, seconds)
