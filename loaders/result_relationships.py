"""The life of published relationships: shown while ``run <= current`` and ``until`` is missing or later.

Run numbers only grow. A run that begins first takes back what runs after the current one left behind (they died,
or were rolled back): their relationships are deleted, their ends removed. Then it ends with its own number what it
does not show any more, and begins with its number what is new. Until the pointer moves, all that is invisible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.schema import GraphSchema
from loaders.result_rows import ResultRows, Rows

USERS_A_BATCH = 500


@dataclass
class Drawn:
    """How many relationships a run kept, began and ended, and how many it could not draw as an end was gone."""

    kept: int = 0
    begun: int = 0
    ended: int = 0
    missing: int = 0


class RelationshipWriter:
    """Writes the relationships of run ``number`` over those of run ``current`` (0 for none).

    ``types`` are all relationship types that a remembered run used, of which the schema's own is written.
    """

    def __init__(
        self,
        database: Database,
        lease: Lease,
        schema: GraphSchema,
        rows: ResultRows,
        number: int,
        current: int,
        types: Iterable[str],
        progress: Progress,
    ) -> None:
        self._database, self._lease, self._rows, self._progress = database, lease, rows, progress
        self._number, self._current = number, current
        self._naming = Naming.of(schema)
        self._own = schema.results.recommended
        self._types = sorted({*types, self._own})

    def clear_dead(self) -> None:
        """Take back what runs between the current one and this one did; nothing to do where there was none."""
        if self._number > self._current + 1:
            for kind in self._types:
                for query in ("write/results_clear_dead", "write/results_clear_ends"):
                    self._lease.sweep(self._as(query, kind), current=self._current, number=self._number)

    def write(self, rows: Rows) -> Drawn:
        """Bring the relationships of the users at ``rows`` to what the results say; end those of other types."""
        drawn, sent = Drawn(), 0
        parts = (rows[start : start + USERS_A_BATCH] for start in range(0, len(rows), USERS_A_BATCH))
        batches = ({"number": self._number, **self._rows.relationship_columns(part)} for part in parts)

        def done(row: Mapping[str, int]) -> None:
            nonlocal sent
            drawn.kept += row["kept"]
            drawn.begun += row["begun"]
            drawn.ended += row["ended"]
            sent = min(sent + USERS_A_BATCH, len(rows))
            self._progress("relationships", sent, len(rows))

        self._lease.write_batches(self._as("write/results_relationships", self._own), batches, done)
        drawn.missing = self._rows.drawn(rows) - drawn.kept - drawn.begun
        for kind in self._types:
            if kind != self._own:
                self._lease.sweep(self._as("write/results_end_all", kind), number=self._number)
        return drawn

    def end_strangers(self) -> None:
        """End relationships that lead from or to nodes that are users and items no more."""
        self._lease.sweep(self._as("write/results_end_strangers", self._own), number=self._number)

    def visible(self) -> int:
        """Count the relationships that readers will see once this run is current."""
        count = self._as("read/results_count_relationships", self._own)
        return self._database.read(count, number=self._number)[0]["visible"]

    def delete_ended(self) -> None:
        """Delete what ended before this run: neither it nor the run before, to which rollback goes, shows it."""
        for kind in self._types:
            self._lease.sweep(self._as("write/results_delete_ended", kind), former=self._current)

    def _as(self, query: str, kind: str) -> Statement:
        return statement(query, replace(self._naming, results={**self._naming.results, "RECOMMENDED": kind}))
