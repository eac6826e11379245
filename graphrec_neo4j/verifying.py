"""``verify``: whether what readers see is whole, and still what was written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.runs import current_run
from loaders.verify_digests import verify_digests
from loaders.verify_results import Check, Expected, verify_results


@dataclass(frozen=True)
class Verified:
    """The run that readers see, and what was looked at."""

    run: int
    uuid: str
    model: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether all is as it should be."""
        return all(check.ok for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return the value of ``verify --json``."""
        return asdict(self) | {"ok": self.ok}


def verify(database: Database, *, progress: Progress = silent) -> Verified:
    """Look at everything that the current run published, in the lists, vectors, relationships, indexes and digests.

    Users and items that were deleted since the sync show as lacking, new ones do not. Raises PublishError where nothing
    is published, and where another run was published meanwhile.
    """
    run = current_run(database)
    if run is None:
        raise PublishError("nothing is published in this database yet: run graphrec-neo4j sync first.")
    expected = Expected(users=run.users, items=run.items, entries=run.recommendations)
    checks = [*verify_results(database, run.schema, run.number, run.slot, expected)]
    checks += verify_digests(database, run.schema, run.number, run.slot, progress=progress)
    now = current_run(database)
    if now is None or now.uuid != run.uuid:
        raise PublishError(f"run {run.number} is no longer the one that is published; verify again.")
    return Verified(run.number, run.uuid, run.model, tuple(checks))
