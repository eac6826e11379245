"""Forget: everything that results ever put into the database goes, and nothing else.

The user's graph stays, as do the ``graphrec_key_…`` constraints that guard its keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.lease import WAIT_SECONDS, Lease
from graphrec_neo4j.queries import statement
from graphrec_neo4j.runs import all_runs, pointer
from graphrec_neo4j.slots import all_properties, index_names


@dataclass(frozen=True)
class Forgotten:
    """What was there of ours, and is gone: runs, relationships, and nodes that bore properties of ours."""

    runs: int
    relationships: int
    nodes: int


def count_ours(database: Database) -> Forgotten:
    """Count what :func:`forget` would remove."""
    counts = database.read(statement("read/forget_counts"), names=all_properties())[0]
    count = "read/forget_relationships"
    relationships = sum(database.read(statement(count, naming))[0]["relationships"] for naming in _types(database))
    return Forgotten(counts["runs"], relationships, counts["nodes"])


def forget(database: Database, wait: float = WAIT_SECONDS, *, waiting: Callable[[], None] = lambda: None) -> Forgotten:
    """Remove all runs with everything that they wrote; what is not there is not missed, so it can be repeated.

    Readers see nothing published from the first moment on. The runs, which say under which names results were
    written, go last, so one that was broken off is completed by the next. Raises PublishError if a sync is at work
    for ``wait`` seconds.
    """
    if not _ever(database):
        return Forgotten(0, 0, 0)
    with Lease(database, wait, waiting=waiting) as lease:
        ours = count_ours(database)
        lease.write(statement("write/forget_unpublish"))
        for naming in _types(database):
            lease.sweep(statement("write/forget_relationships", naming))
        for name in index_names():
            lease.schema(statement("schema/results_drop_index"), name=name)
        lease.sweep(statement("write/forget_properties"), names=all_properties())
        lease.write(statement("write/forget_runs"))
    database.write(statement("schema/forget_pointer"))
    return ours


def _ever(database: Database) -> bool:
    constrained = database.read(statement("read/lease_constraint"))[0]["constraints"]
    return bool(constrained or pointer(database).next_run)


def _types(database: Database) -> list[Naming]:
    """A naming for each relationship type that a remembered run used."""
    kinds = dict.fromkeys(kind for run in all_runs(database) for kind in run.schema.results.types)
    return [Naming.for_result(kind) for kind in kinds]
