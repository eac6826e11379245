"""The life of published relationships: shown while ``run <= current`` and ``until`` is missing or later.

Run numbers only grow. A run that begins first takes back what runs after the current one left behind (they died,
or were rolled back): their relationships are deleted, their ends removed. Then it ends with its own number what it
does not show any more, and begins with its number what is new. Until the pointer moves, all that is invisible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.queries import Statement, statement
from loaders.remains import clear_dead
from loaders.result_lists import Drawing, Rows

RELATIONSHIPS_A_BATCH = 5_000
SOURCES_A_BATCH = 500


@dataclass
class Drawn:
    """How many relationships a run kept, began and ended, and how many it could not draw as an end was gone."""

    kept: int = 0
    begun: int = 0
    ended: int = 0
    missing: int = 0


class RelationshipWriter:
    """Writes the relationships of run ``number`` over those of run ``current`` (0 for none).

    ``drawings`` are all that the run draws, by the names under which progress speaks of them; ``former`` are all
    relationship types that a remembered run used.
    """

    def __init__(
        self,
        database: Database,
        lease: Lease,
        drawings: Mapping[str, Drawing],
        number: int,
        current: int,
        former: Iterable[str],
        progress: Progress,
    ) -> None:
        self._database, self._lease, self._progress = database, lease, progress
        self.drawings = drawings
        self._number, self._current = number, current
        self._own = {drawing.kind for drawing in drawings.values()}
        self._types = sorted({*former, *self._own})

    def clear_dead(self) -> None:
        """Take back what runs between the current one and this one did; nothing to do where there was none."""
        clear_dead(self._lease, self._types, self._current, self._number)

    def write(self, name: str, rows: Rows) -> Drawn:
        """Bring the lists at ``rows`` of one drawing to what the results say."""
        drawing, drawn, sent = self.drawings[name], Drawn(), 0
        size = _batch_size(drawing)
        parts = (rows[start : start + size] for start in range(0, len(rows), size))
        batches = ({"number": self._number, **drawing.columns(part)} for part in parts)

        def done(row: Mapping[str, int]) -> None:
            nonlocal sent
            drawn.kept += row["kept"]
            drawn.begun += row["begun"]
            drawn.ended += row["ended"]
            sent = min(sent + size, len(rows))
            self._progress(name, sent, len(rows))

        self._lease.write_batches(_drawn_as("write/results_relationships", drawing), batches, done)
        drawn.missing = drawing.size(rows) - drawn.kept - drawn.begun
        return drawn

    def end_former_types(self) -> None:
        """End what was drawn as a type that this run does not draw."""
        for kind in self._types:
            if kind not in self._own:
                self._lease.sweep(_as("write/results_end_all", kind), number=self._number)

    def end_strangers(self) -> None:
        """End relationships that lead from or to nodes that are users and items no more."""
        for drawing in self.drawings.values():
            self._lease.sweep(_drawn_as("write/results_end_strangers", drawing), number=self._number)

    def visible(self, name: str) -> int:
        """Count the relationships of one drawing that readers will see once this run is current."""
        count = _as("read/results_count_relationships", self.drawings[name].kind)
        return self._database.read(count, number=self._number)[0]["visible"]


def _batch_size(drawing: Drawing) -> int:
    """How many lists go into a batch, so that a short list costs few round trips and a long one no long lock."""
    longest = int(drawing.lengths.max(initial=0))
    return min(SOURCES_A_BATCH, max(1, RELATIONSHIPS_A_BATCH // max(1, longest)))


def _as(query: str, kind: str) -> Statement:
    return statement(query, Naming.for_result(kind))


def _drawn_as(query: str, drawing: Drawing) -> Statement:
    return statement(query, Naming.for_result(drawing.kind, *drawing.ends))
