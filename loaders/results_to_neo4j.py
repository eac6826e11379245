"""From results to Neo4j: written into the slot that nobody reads, counted, and shown by moving one pointer.

Whatever happens before the pointer moves, readers see the generation before, whole; the next run clears the rest.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from graphrec_neo4j import __version__
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import DatabaseError, GraphRecError, PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.queries import statement
from graphrec_neo4j.results import Results
from graphrec_neo4j.runs import all_runs
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.slots import SLOTS, run_names, slot_names
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.remains import clear_up
from loaders.result_indexes import SlotIndexes
from loaders.result_names import check_ready
from loaders.result_relationships import RelationshipWriter
from loaders.result_rows import ResultRows
from loaders.result_slot import SlotWriter
from loaders.verify_results import Check, Expected, verify_results


@dataclass(frozen=True)
class RunDraft:
    """What a run node says about how results were made: the model, its settings, the seed, seconds by stage."""

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What was written: ``users`` and ``items`` count the nodes that differed from what the slot held, ``copied`` the
    users for whom the database copied it from the current slot,
    ``relationships`` the recommendations drawn that began with the run and ``ended`` those that it shows no more,
    ``similar`` and ``similar_ended`` the same of the item graph. ``missing_users`` and ``missing_items`` were deleted
    from the graph while the run was computed.
    """

    users: int = 0
    items: int = 0
    copied: int = 0
    relationships: int = 0
    ended: int = 0
    similar: int = 0
    similar_ended: int = 0
    missing_users: int = 0
    missing_items: int = 0


@dataclass(frozen=True, kw_only=True)
class Published(Written):
    """The run that is now current, what was written for it, and the seconds of each stage."""

    run: int
    uuid: str
    slot: str
    published_at: str
    seconds: Mapping[str, float]


def publish(
    database: Database,
    snapshot: GraphSnapshot,
    results: Results,
    draft: RunDraft,
    lease: Lease,
    *,
    progress: Progress = silent,
) -> Published:
    """Write ``results`` as a new run and make it the current one.

    Raises PublishError if a name is taken by others, if the results do not fit the snapshot, if another sync took
    over, or if the counts are wrong after all was written twice; StaleRunError where the results keep users of whom the
    current run has not what they rely on. What is published stays as it was then.
    """
    check_ready(database, snapshot.schema)
    rows = ResultRows(snapshot, results)
    former = {run.schema.to_json(): run.schema for run in all_runs(database)}.values()
    uuid, seconds = str(uuid4()), dict[str, float]()
    properties = _run_properties(snapshot, results, draft, rows)
    names = {slot: run_names(slot, indexed=bool(rows.dimensions)) for slot in SLOTS}
    begun = lease.write(statement("write/run_begin"), uuid=uuid, properties=properties, names=names)
    work = _Publication.of_run(database, lease, snapshot.schema, rows, begun, list(former), progress)
    with _taken_back(database, lease):
        with _timed(seconds, "clear"):
            work.clear(former)
        with _timed(seconds, "write"):
            problem = work.write_until_whole()
        if problem:
            raise PublishError(f"run {begun['number']} is not published, for {problem}; run graphrec-neo4j sync again.")
        timings = _as_json({**draft.timings, **seconds})
        moved = lease.write(statement("write/run_publish"), uuid=uuid, names=slot_names(begun["slot"]), timings=timings)
        with _timed(seconds, "tidy"):
            clear_up(database, lease)
    return Published(
        run=begun["number"],
        uuid=uuid,
        slot=begun["slot"],
        published_at=moved["published_at"],
        seconds=seconds,
        **asdict(work.written),
    )


@dataclass
class _Publication:
    """One run while it is written: its three writers, and what they did."""

    slot: SlotWriter
    indexes: SlotIndexes
    relationships: RelationshipWriter
    rows: ResultRows
    current: str | None
    checks: Callable[[Expected], Iterator[Check]]
    written: Written = field(default_factory=Written)
    expected: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_run(
        cls,
        database: Database,
        lease: Lease,
        schema: GraphSchema,
        rows: ResultRows,
        begun: Mapping[str, Any],
        former: list[GraphSchema],
        progress: Progress,
    ) -> _Publication:
        """Set the writers up for the run that ``write/run_begin`` began."""
        number, slot, current = begun["number"], begun["slot"], begun["current"]
        drawings = {"relationships": rows.recommended, "similar": rows.similar}
        types = {kind for other in former for kind in other.results.types}
        return cls(
            SlotWriter(database, lease, schema, rows, slot, progress),
            SlotIndexes(database, lease, schema, slot, rows.dimensions, rows.vector_counts),
            RelationshipWriter(database, lease, drawings, number, current, types, progress),
            rows,
            next(other for other in SLOTS if other != slot) if current else None,
            lambda expected: verify_results(database, schema, number, slot, expected),
        )

    def clear(self, former: Iterable[GraphSchema]) -> None:
        """Take back what dead runs did, and what runs under other schemas left in the slot."""
        self.relationships.clear_dead()
        for schema in former:
            self.slot.clear_labels_of(schema)

    def write(self, *, everything: bool = False) -> None:
        """Write what differs from what is there, or all of it."""
        state = self.slot.look(self.current, everything=everything)
        changed = {"user_vector": len(state.users) + len(state.copied), "item_vector": len(state.items)}
        self.indexes.prepare(changed)
        users, items = self.slot.write(state)
        recommended = self.relationships.write("relationships", state.recommended)
        similar = self.relationships.write("similar", state.similar)
        self.relationships.end_former_types()
        if everything:
            self.relationships.end_strangers()
        self.indexes.ensure()
        self.written = Written(
            users=len(state.users),
            items=len(state.items),
            copied=len(state.copied),
            relationships=recommended.begun,
            ended=recommended.ended,
            similar=similar.begun,
            similar_ended=similar.ended,
            missing_users=users,
            missing_items=items,
        )
        self.expected = {
            "relationships": self.rows.recommended.total - recommended.missing,
            "similar": self.rows.similar.total - similar.missing,
        }

    def write_until_whole(self) -> str | None:
        """Write and look; where something is wrong, write all of it anew and say what is wrong then."""
        self.write()
        if not self.problem():
            return None
        # Somebody touched what we wrote, so what the digests say is not to be trusted.
        self.write(everything=True)
        return self.problem()

    def problem(self) -> str | None:
        """Say what is wrong with what was written, or None."""
        problem = self.slot.problem(self.written.missing_users, self.written.missing_items)
        if problem:
            return problem
        for name, expected in self.expected.items():
            visible = self.relationships.visible(name)
            if visible != expected:
                kind = self.relationships.drawings[name].kind
                return f"{visible} instead of {expected} relationships {kind!r} would show"
        if not self.indexes.are_online():
            return "a vector index is not online"
        return next((f"{check.name}: {check.found}" for check in self._checks() if not check.ok), None)

    def _checks(self) -> Iterator[Check]:
        written, rows = self.written, self.rows
        expected = Expected(
            users=len(rows.users) - written.missing_users,
            items=len(rows.items) - written.missing_items,
            entries=None if written.missing_users else rows.recommendations,
            drawn=self.expected["relationships"],
            gone=written.missing_items,
        )
        return self.checks(expected)


@contextmanager
def _taken_back(database: Database, lease: Lease) -> Iterator[None]:
    """Where a run is broken off, by Ctrl-C say, remove what no kept run can show, if the database can still be asked.

    Else that is left to the next sync.
    """
    try:
        yield
    except DatabaseError:
        raise
    except BaseException:
        with suppress(GraphRecError):
            clear_up(database, lease)
        raise


def _run_properties(snapshot: GraphSnapshot, results: Results, draft: RunDraft, rows: ResultRows) -> dict[str, Any]:
    """The properties of the run node, those that change with its state left out."""
    learnt = [len(snapshot.edges[name]) for name in snapshot.schema.by_role("interaction")]
    return {
        "model": draft.model,
        "settings": _as_json(draft.settings),
        "seed": draft.seed,
        "digest": snapshot.digest,
        "metrics": _as_json(results.metrics),
        "timings": _as_json(draft.timings),
        "schema": snapshot.schema.to_json(),
        "version": __version__,
        "users": len(snapshot.users),
        "items": len(snapshot.items),
        "interactions": sum(learnt),
        "recommendations": rows.recommendations,
        "similar": rows.similar.total,
        "popular": rows.popular(),
    }


def _as_json(values: Mapping[str, Any]) -> str:
    """A mapping as JSON; a metric that is not a number becomes null, which JSON can say."""
    plain = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }
    return json.dumps(plain, ensure_ascii=False, default=str)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - start, 3)
