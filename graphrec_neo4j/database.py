"""``Database``: runs statements, streams rows, writes batches, retries. The only file that imports ``neo4j``."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import neo4j
from neo4j import exceptions

from graphrec_neo4j.errors import DatabaseError
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.settings import Connection

FETCH_SIZE = 10_000
_DRIVER_WAIT_SECONDS = 30.0
_BOLT = re.compile(r"(bolt|neo4j)(\+s|\+ssc)?://")


class _Column(list[Any]):
    """A long list as a parameter, of which the driver's log says no more than the length.

    The driver writes out all parameters for its log before it knows that nobody reads it, which would take as long
    as sending them.
    """

    def __repr__(self) -> str:
        return f"<{len(self)} values>"


@dataclass(frozen=True)
class Written:
    """What a write did: the rows that it returned and the server's own counters (``nodes_created`` …)."""

    rows: list[dict[str, Any]]
    counters: Mapping[str, int]


class Database:
    """One database over Bolt. Use as a context manager; safe to share between threads.

    Managed transactions retry transient failures for 30 s; a batch whose commit went unanswered is run again,
    so every write statement must be idempotent.
    """

    def __init__(self, connection: Connection) -> None:
        """Connect and check that the server answers; raises DatabaseError in one sentence."""
        self.connection = connection
        if "@" in connection.uri.partition("?")[0]:
            # It may hold a password, so it is not shown.
            raise DatabaseError(
                "a Neo4j address has no user and no password in it: give these as NEO4J_USERNAME and NEO4J_PASSWORD."
            )
        if not _BOLT.match(connection.uri):
            raise DatabaseError(f"{connection.uri!r} is not a Neo4j address; one is neo4j://localhost:7687.")
        # The driver logs every retry of its own; what a user must know reaches her as an error.
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
        with _as_one_sentence(connection, "connect"):
            self._driver = neo4j.GraphDatabase.driver(
                connection.uri,
                auth=(connection.username, connection.password),
                max_transaction_retry_time=_DRIVER_WAIT_SECONDS,
                connection_acquisition_timeout=_DRIVER_WAIT_SECONDS,
                notifications_min_severity="OFF",
                fetch_size=FETCH_SIZE,
            )
            try:
                self._driver.verify_connectivity()
            except BaseException:
                self._driver.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()

    def read(self, statement: Statement, **parameters: Any) -> list[dict[str, Any]]:
        """Run a read statement in READ access mode and return its rows; retried as a whole."""
        with self._session(neo4j.READ_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            return session.execute_read(lambda tx: tx.run(statement.text, parameters).data())

    def read_values(self, statement: Statement, **parameters: Any) -> list[list[Any]]:
        """Run a read statement and return its rows as lists of values, without the names; retried as a whole."""
        with self._session(neo4j.READ_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            return session.execute_read(lambda tx: tx.run(statement.text, parameters).values())

    def stream(self, statement: Statement, **parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Run a read statement and yield its rows one by one, in constant memory; not retried."""
        with self._session(neo4j.READ_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            for record in session.run(statement.text, parameters):
                yield tuple(record.values())

    def write(self, statement: Statement, **parameters: Any) -> Written:
        """Run an idempotent write statement in one managed transaction, again where its commit went unanswered."""
        return self._write(_run, statement, parameters)

    def write_within(self, seconds: float, statement: Statement, **parameters: Any) -> Written:
        """Do as ``write``; the server ends the transaction after ``seconds``, even if this process stands still."""
        return self._write(neo4j.unit_of_work(timeout=seconds)(_run), statement, parameters)

    def _write(self, run: Callable[..., Written], statement: Statement, given: Mapping[str, Any]) -> Written:
        parameters = {name: _Column(value) if type(value) is list else value for name, value in given.items()}
        with self._session(neo4j.WRITE_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            try:
                return session.execute_write(run, statement.text, parameters)
            except exceptions.IncompleteCommit:
                return session.execute_write(run, statement.text, parameters)

    def write_batches(
        self,
        statement: Statement,
        batches: Iterable[Mapping[str, Any]],
        *,
        sessions: int = 1,
        seconds: float | None = None,
        done: Callable[[Written], None] = lambda written: None,
    ) -> None:
        """Write every batch, each in its own transaction, over ``sessions`` sessions and one queue.

        ``seconds`` is how long the server lets a transaction live, without end if None. ``done`` is called in this
        thread after each committed batch. At most ``2 * sessions`` batches are held in memory. The first failure
        stops the queue and is raised.
        """
        run = neo4j.unit_of_work(timeout=seconds)(_run)
        if sessions == 1:
            for batch in batches:
                done(self._write(run, statement, batch))
            return
        with ThreadPoolExecutor(sessions) as pool:
            pending: set[Future[Written]] = set()
            for batch in batches:
                pending.add(pool.submit(self._write, run, statement, batch))
                if len(pending) >= 2 * sessions:
                    finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in finished:
                        done(future.result())
            for future in pending:
                done(future.result())

    def command(self, statement: Statement, **parameters: Any) -> list[dict[str, Any]]:
        """Run a schema or ``IN TRANSACTIONS`` statement in an auto-commit transaction and return its rows."""
        with self._session(neo4j.WRITE_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            return session.run(statement.text, parameters).data()

    @contextmanager
    def transaction(self) -> Iterator[Callable[..., list[dict[str, Any]]]]:
        """One write transaction of several statements, committed at the end; not retried.

        Yields a function that takes a statement and its parameters and returns the rows.
        """
        with self._session(neo4j.WRITE_ACCESS) as session, _as_one_sentence(self.connection, "transaction"):
            tx = session.begin_transaction()
            with tx:
                yield lambda statement, **parameters: tx.run(statement.text, parameters).data()
                tx.commit()

    def paths(self, statement: Statement, **parameters: Any) -> list[neo4j.Record]:
        """Run a read statement that returns paths and give the driver's own records."""
        with self._session(neo4j.READ_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            return session.execute_read(lambda tx: list(tx.run(statement.text, parameters)))

    def _session(self, access: str) -> neo4j.Session:
        return self._driver.session(database=self.connection.database, default_access_mode=access)


def _run(tx: neo4j.ManagedTransaction, text: str, parameters: dict[str, Any]) -> Written:
    result = tx.run(text, parameters)
    rows = result.data()
    counters = {
        name: value for name, value in vars(result.consume().counters).items() if type(value) is int and value > 0
    }
    return Written(rows, counters)


@contextmanager
def _as_one_sentence(connection: Connection, doing: str) -> Iterator[None]:
    """Turn what the driver raises into a DatabaseError of one sentence with a way out."""
    where = f"{connection.uri} ({connection.database})"
    try:
        yield
    except exceptions.AuthError:
        raise DatabaseError(
            f"{where} refuses user {connection.username!r}: check NEO4J_USERNAME and NEO4J_PASSWORD."
        ) from None
    except exceptions.ServiceUnavailable as error:
        raise DatabaseError(
            f"{where} cannot be reached ({_first_line(error)}): start the server or check NEO4J_URI."
        ) from None
    except (exceptions.ConfigurationError, ValueError) as error:
        if doing != "connect":
            raise
        raise DatabaseError(f"{connection.uri!r} is not a Neo4j address ({_first_line(error)}).") from None
    except exceptions.Neo4jError as error:
        raise DatabaseError(f"{doing} failed on {where}: {error.code}: {_first_line(error)}.") from error
    except exceptions.DriverError as error:
        raise DatabaseError(f"{doing} failed on {where}: {_first_line(error)}.") from error


def _first_line(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0].rstrip(".")
