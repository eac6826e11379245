"""What is left of runs that never were published, or were rolled back: found by one number, removed in the background.

Readers never see any of it, as it is all of runs after the current one, or ended before those that are kept. What
such a run wrote into its slot stays: the slot is where the next run writes, and what is right already is not written
again.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.queries import statement
from graphrec_neo4j.runs import all_runs, pointer

RUNS_KEPT = 50


def clear_up(database: Database, lease: Lease) -> bool:
    """Remove all that no kept run can show, and call dead what never ended; False if that was done before.

    A relationship is shown by run n while ``run <= n`` and (``until`` missing or ``until > n``). What runs after the
    current one began is deleted, the ends that they set are taken back, and what ended with the current run or
    before is deleted where the run before, to which rollback goes, does not show it either.
    """
    points = pointer(database)
    newest = (points.next_run or 1) - 1
    if points.tidied >= newest:
        return False
    current, kinds = points.run or 0, sorted({kind for run in all_runs(database) for kind in run.schema.results.types})
    clear_dead(lease, kinds, current, newest + 1)
    for kind in kinds:
        ended = statement("write/results_delete_ended", Naming.for_result(kind))
        lease.sweep(ended, former=points.previous or current)
    lease.write(statement("write/run_prune"), keep=RUNS_KEPT)
    return True


def clear_dead(lease: Lease, kinds: Iterable[str], current: int, number: int) -> None:
    """Take back what runs between ``current`` and ``number`` drew and ended; nothing to do where there was none."""
    if number > current + 1:
        for kind in kinds:
            for query in ("write/results_clear_dead", "write/results_clear_ends"):
                lease.sweep(statement(query, Naming.for_result(kind)), current=current, number=number)
