"""``Lease``: the right to write results, held by one sync at a time and proved with every write.

The pointer node carries the holder's uuid and a time until which it holds; a thread prolongs it. Each write
statement locks the pointer first and looks for that uuid, so one whose holder lost the lease writes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from graphrec_neo4j.errors import DatabaseError, GraphRecError, PublishError
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.threads import GRACE_SECONDS

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database, Written

LEASE_SECONDS = 15.0
RENEW_SECONDS = 5.0
WAIT_SECONDS = 30.0

_POLL_SECONDS = 0.25
_ROUNDS = 20
# The server ends a transaction of ours after this long: one that stands still must not keep the pointer locked.
_BATCH_SECONDS = 20.0


class Lease:
    """The lease as a context manager; raises PublishError if another holds it for ``wait`` seconds.

    ``waiting`` is called once if it has to wait. ``seconds`` is how long the lease lasts without being renewed,
    ``renew`` how often that happens.
    """

    def __init__(
        self,
        database: Database,
        wait: float = WAIT_SECONDS,
        *,
        waiting: Callable[[], None] = lambda: None,
        seconds: float = LEASE_SECONDS,
        renew: float = RENEW_SECONDS,
    ) -> None:
        self.uuid = str(uuid4())
        self._database, self._wait, self._waiting = database, wait, waiting
        self._milliseconds, self._renew = round(seconds * 1000), renew
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="graphrec-lease", daemon=True)

    def __enter__(self) -> Self:
        self._prepare()
        try:
            self._acquire()
            self._thread.start()
        except KeyboardInterrupt:
            self._release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        # A renewal that comes later finds the lease given back; one whose answer never comes is not waited for.
        self._thread.join(GRACE_SECONDS)
        self._release()

    def _release(self) -> None:
        try:
            self._database.write(statement("write/lease_release"), lease=self.uuid)
        except GraphRecError:
            # It runs out by itself, and the error that matters is the one that is on its way.
            return

    def check(self) -> None:
        """Raise PublishError unless the lease is still held, by asking the database."""
        self.write(statement("write/lease_renew"), milliseconds=self._milliseconds)

    def write(self, fenced: Statement, **parameters: Any) -> dict[str, Any]:
        """Run a write statement that proves the lease (``$lease``) and return its one row.

        Raises PublishError where it gives none, because another sync took over.
        """
        with self._or_lost():
            return _proved(self._database.write_within(_BATCH_SECONDS, fenced, lease=self.uuid, **parameters))

    def write_batches(
        self, fenced: Statement, batches: Iterable[Mapping[str, Any]], done: Callable[[dict[str, Any]], None]
    ) -> None:
        """Do as ``write`` for every batch and call ``done`` with the row of each.

        The next batch is made and sent while the server works on the one before; the pointer's lock keeps the
        two apart.
        """
        with self._or_lost():
            self._database.write_batches(
                fenced,
                ({**batch, "lease": self.uuid} for batch in batches),
                sessions=2,
                seconds=_BATCH_SECONDS,
                done=lambda written: done(_proved(written)),
            )

    def sweep(self, fenced: Statement, **parameters: Any) -> None:
        """Run an ``IN TRANSACTIONS`` statement that returns how many of them ``failed``, until none does.

        They fail where they meet somebody else's locks, all of them where the connection breaks. Raises PublishError
        if that never ends.
        """

        def swept() -> bool:
            return not self._database.command(fenced, lease=self.uuid, **parameters)[0]["failed"]

        if not self._again(swept):
            raise PublishError(
                f"{fenced.name} kept failing on locks that others hold; run sync again when it is calmer."
            )

    def schema(self, command: Statement, **parameters: Any) -> None:
        """Run a schema command, which can be run again, under the proof that the lease is held.

        A schema command cannot look for the lease in its own transaction. So that begins first, with an end that the
        server sets long before the lease could pass to another; then the lease is proved, and prolonged; then
        comes the command. One who stands still in between finds the transaction ended.
        """

        def proved(run: Callable[..., object]) -> bool:
            self.check()
            run(command, **parameters)
            return True

        self._again(lambda: self._database.transaction(proved, self._milliseconds / 3000))

    @contextmanager
    def _or_lost(self) -> Iterator[None]:
        """Where the server ended a transaction of one who stood still, tell of the lease that was lost by that."""
        try:
            yield
        except DatabaseError as error:
            if "Transaction" in _code(error):
                written = self._database.write(
                    statement("write/lease_renew"), lease=self.uuid, milliseconds=self._milliseconds
                )
                _proved(written)
            raise

    def _again(self, done: Callable[[], bool]) -> bool:
        """Try until it is ``done`` and the lease is held; what the server refuses at the last is raised."""
        for round_ in range(_ROUNDS):
            try:
                if done():
                    self.check()
                    return True
            except DatabaseError as error:
                if round_ == _ROUNDS - 1 or not _may_pass(error):
                    raise
                # It waits for a server that restarts, as all that the driver retries does.
                self.check()
            time.sleep(min(1.0, 0.05 * 2**round_))
        return False

    def _prepare(self) -> None:
        """Refuse a database in which others use our labels; make the pointer unique."""
        if self._database.read(statement("read/lease_strangers"))[0]["strangers"]:
            raise PublishError(
                "this database has GraphRecPointer or GraphRecRun nodes that graphrec-neo4j did not make; "
                "rename their labels, for these two names are its own."
            )
        # Asking first is cheap, while CREATE waits for every open transaction even where there is nothing to do.
        if not self._database.read(statement("read/lease_constraint"))[0]["constraints"]:
            self._database.write(statement("schema/lease_pointer"))

    def _acquire(self) -> None:
        deadline = time.monotonic() + self._wait
        acquire, waited = statement("write/lease_acquire"), False
        while True:
            row = self._database.write(acquire, lease=self.uuid, milliseconds=self._milliseconds).rows[0]
            if row["held"]:
                return
            if time.monotonic() >= deadline:
                raise PublishError(
                    f"another sync is at work in this database, and {self._wait:g} s of waiting did not outlast it; "
                    "try again later or give a longer --wait."
                )
            if not waited:
                waited = True
                self._waiting()
            time.sleep(_POLL_SECONDS)

    def _keep(self) -> None:
        renew = statement("write/lease_renew")
        pause = self._renew
        while not self._ended.wait(pause):
            try:
                written = self._database.write_within(
                    _BATCH_SECONDS, renew, lease=self.uuid, milliseconds=self._milliseconds
                )
            except GraphRecError:
                pause = min(1.0, self._renew)
                continue
            if not written.rows:
                return
            pause = self._renew


def _may_pass(error: DatabaseError) -> bool:
    """Say whether it was the connection that broke, or a transaction that was ended, and not what was asked for."""
    code = _code(error)
    return not code or "Transient" in code or "Transaction" in code


def _code(error: DatabaseError) -> str:
    """The server's own code for an error, empty where it was not the server that failed."""
    return getattr(error.__cause__, "code", None) or ""


def _proved(written: Written) -> dict[str, Any]:
    """The row of a fenced write; without one the lease was lost."""
    if not written.rows:
        raise PublishError(
            "another sync took over while this one stood still; what is published stays as it was, "
            "and what this one had begun is cleaned up by the next."
        )
    return written.rows[0]
