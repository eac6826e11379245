"""``Database``: runs statements, streams rows, writes batches, retries. The only file that imports ``neo4j``."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import neo4j
from neo4j import exceptions

from graphrec_neo4j import __version__, failures
from graphrec_neo4j.errors import BadInputError, DatabaseError
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.settings import Connection, question_seconds
from graphrec_neo4j.threads import Workers

APPLICATION = "graphrec-neo4j"
FETCH_SIZE = 10_000
_DRIVER_WAIT_SECONDS = 30.0
# A page of a graph takes seconds and an index of a large graph hours, so these only end what nobody waits for.
_SECONDS = 3600.0
_COMMAND_SECONDS = 24 * 3600.0
_PATIENCE = 6
_QUESTIONS = ("recommend/", "explain/")
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
    so every write statement must be idempotent. ``SHOW TRANSACTIONS`` tells which statement a transaction runs, as
    ``metaData.query``, and every one has an end: what people ask that of ``GRAPHREC_QUERY_SECONDS``.
    """

    def __init__(self, connection: Connection) -> None:
        """Connect and check that the server answers and is new enough; raises DatabaseError in one sentence."""
        self.connection = connection
        if "@" in connection.uri.partition("?")[0]:
            # It may hold a password, so it is not shown.
            raise DatabaseError(
                "a Neo4j address has no user and no password in it: give these as NEO4J_USERNAME and NEO4J_PASSWORD."
            )
        if not _BOLT.match(connection.uri):
            raise DatabaseError(f"{connection.uri!r} is not a Neo4j address; one is neo4j://localhost:7687.")
        if connection.uri.startswith("bolt") and "?" in connection.uri:
            shown = failures.address(connection)
            raise DatabaseError(f"{shown!r} is not a Neo4j address: what stands behind a '?' is for neo4j:// alone.")
        # The driver logs every retry of its own; what a user must know reaches her as an error.
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
        with _as_one_sentence(connection, "connect"):
            self._driver = _driver(connection)
            try:
                self.agent = self._driver.get_server_info().agent
                if old := failures.too_old(self.agent, connection):
                    raise DatabaseError(old)
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
            return session.execute_read(_unit(statement)(lambda tx: tx.run(statement.text, parameters).data()))

    def read_values(self, statement: Statement, **parameters: Any) -> list[list[Any]]:
        """Run a read statement and return its rows as lists of values, without the names; retried as a whole."""
        with self._session(neo4j.READ_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            return session.execute_read(_unit(statement)(lambda tx: tx.run(statement.text, parameters).values()))

    def stream(self, statement: Statement, **parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Run a read statement and yield its rows one by one, in constant memory; not retried."""
        with self._session(neo4j.READ_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            for record in session.run(_query(statement), parameters):
                yield tuple(record.values())

    def write(self, statement: Statement, **parameters: Any) -> Written:
        """Run an idempotent write statement in one managed transaction, again where its commit went unanswered."""
        return self._write(statement, parameters)

    def write_within(self, seconds: float, statement: Statement, **parameters: Any) -> Written:
        """Do as ``write``; the server ends the transaction after ``seconds``, even if this process stands still.

        One that was ended so is run once more, with six times as long.
        """
        return self._write(statement, parameters, seconds)

    def _write(self, statement: Statement, given: Mapping[str, Any], seconds: float | None = None) -> Written:
        parameters = {name: _Column(value) if type(value) is list else value for name, value in given.items()}
        with self._session(neo4j.WRITE_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            try:
                return session.execute_write(_unit(statement, seconds)(_run), statement.text, parameters)
            except exceptions.IncompleteCommit:
                pass
            except exceptions.ClientError as error:
                if seconds is None or "TransactionTimedOut" not in str(error.code):
                    raise
                # A server that is busy with other work, or cold, may take long for what is small.
                seconds *= _PATIENCE
            return session.execute_write(_unit(statement, seconds)(_run), statement.text, parameters)

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

        ``seconds`` is how long the server lets a transaction live, an hour if None. ``done`` is called in this
        thread after each committed batch. At most ``2 * sessions`` batches are held in memory. The first failure
        stops the queue and is raised.
        """
        if sessions == 1:
            for batch in batches:
                done(self._write(statement, batch, seconds))
            return
        with Workers(sessions) as workers:
            pending: set[Future[Written]] = set()
            for batch in batches:
                pending.add(workers.submit(self._write, statement, batch, seconds))
                if len(pending) >= 2 * sessions:
                    finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in finished:
                        done(future.result())
            for future in pending:
                done(future.result())

    def command(self, statement: Statement, **parameters: Any) -> list[dict[str, Any]]:
        """Run a schema or ``IN TRANSACTIONS`` statement in an auto-commit transaction and return its rows."""
        with self._session(neo4j.WRITE_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            return session.run(_query(statement), parameters).data()

    @contextmanager
    def transaction(self, seconds: float = _SECONDS) -> Iterator[Callable[..., list[dict[str, Any]]]]:
        """One write transaction of several statements, committed at the end; not retried.

        The server begins it before this yields, and ends it after ``seconds``. Yields a function that takes a statement
        and its parameters and returns the rows.
        """
        with self._session(neo4j.WRITE_ACCESS) as session, _as_one_sentence(self.connection, "transaction"):
            tx = session.begin_transaction(_metadata("transaction"), seconds)
            with tx:
                yield lambda statement, **parameters: tx.run(statement.text, parameters).data()
                tx.commit()

    def paths(self, statement: Statement, **parameters: Any) -> list[neo4j.Record]:
        """Run a read statement that returns paths and give the driver's own records."""
        with self._session(neo4j.READ_ACCESS) as session, _as_one_sentence(self.connection, statement.name):
            return session.execute_read(_unit(statement)(lambda tx: list(tx.run(statement.text, parameters))))

    @contextmanager
    def _session(self, access: str) -> Iterator[neo4j.Session]:
        session, outer = (
            self._driver.session(database=self.connection.database, default_access_mode=access),
            sys.exception(),
        )
        tolerated: tuple[type[Exception], ...] = (exceptions.DriverError, exceptions.Neo4jError)
        try:
            yield session
        except BaseException as error:
            interrupt = failures.interrupt_under(error, outer)
            if interrupt is None:
                raise
            tolerated = (Exception,)
            self._start_over()
            raise interrupt from None
        finally:
            with suppress(*tolerated):
                session.close()

    def _start_over(self) -> None:
        """End every connection and take new ones: one that was left in mid-statement is in no known state."""
        former, self._driver = self._driver, _driver(self.connection)
        with suppress(Exception):
            former.close()


def _driver(connection: Connection) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(
        connection.uri,
        auth=(connection.username, connection.password),
        max_transaction_retry_time=_DRIVER_WAIT_SECONDS,
        connection_acquisition_timeout=_DRIVER_WAIT_SECONDS,
        notifications_min_severity="OFF",
        fetch_size=FETCH_SIZE,
        user_agent=f"{APPLICATION}/{__version__}",
    )


def _metadata(name: str) -> dict[str, str]:
    return {"app": APPLICATION, "query": name}


def _unit(statement: Statement, seconds: float | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a unit of work a name that the server shows, and an end."""
    usual = question_seconds() if statement.name.startswith(_QUESTIONS) else _SECONDS
    return neo4j.unit_of_work(_metadata(statement.name), usual if seconds is None else seconds)


def _query(statement: Statement) -> neo4j.Query:
    return neo4j.Query(statement.text, _metadata(statement.name), _COMMAND_SECONDS)


def _run(tx: neo4j.ManagedTransaction, text: str, parameters: dict[str, Any]) -> Written:
    result = tx.run(text, parameters)
    rows = result.data()
    counters = {
        name: value for name, value in vars(result.consume().counters).items() if type(value) is int and value > 0
    }
    return Written(rows, counters)


@contextmanager
def _as_one_sentence(connection: Connection, doing: str) -> Iterator[None]:
    """Turn what the driver raises into a GraphRecError of one sentence with a way out."""
    try:
        yield
    except exceptions.ServiceUnavailable as error:
        said = _said(error)
        # Driver 5 does not tell why it got no routing table; a direct connection does.
        if len(said) == 1 and "routing" in said[0] and connection.uri.startswith("neo4j"):
            said += _refusal(connection)
        raise DatabaseError(failures.unreachable(said, connection)) from None
    except (exceptions.ConfigurationError, ValueError, OverflowError) as error:
        if doing == "connect" and "resolve address" in str(error):
            raise DatabaseError(failures.unreachable([str(error)], connection)) from None
        if doing == "connect":
            shown = failures.address(connection)
            # What stands behind the port in an address is not shown, and the driver quotes it.
            told = failures.one_line(_said(error)[0].replace(connection.uri, shown))
            raise DatabaseError(f"{shown!r} is not a Neo4j address ({told}).") from None
        if not isinstance(error, UnicodeError | OverflowError):
            raise
        raise BadInputError(failures.unsendable(error, doing)) from None
    except exceptions.Neo4jError as error:
        text = str(error.message or error).splitlines()[0].rstrip(".")
        raise DatabaseError(failures.by_code(error.code, text, doing, connection)) from error
    except exceptions.DriverError as error:
        shown = f"{failures.address(connection)} ({connection.database})"
        raise DatabaseError(f"{doing} failed on {shown}: {failures.one_line(_said(error)[0])}.") from error


def _refusal(connection: Connection) -> list[str]:
    """What a direct connection to the same server fails with; nothing where it does not."""
    direct = connection.uri.partition("?")[0].replace("neo4j", "bolt", 1)
    try:
        with neo4j.GraphDatabase.driver(direct, auth=(connection.username, connection.password)) as driver:
            driver.verify_connectivity()
    except exceptions.DriverError as error:
        return _said(error)
    except exceptions.Neo4jError:
        return []
    return []


def _said(error: BaseException) -> list[str]:
    """What an error and its causes say, itself first."""
    causes = [error.__cause__] if error.__cause__ else []
    causes += error.exceptions if isinstance(error, BaseExceptionGroup) else []
    return [str(error) or type(error).__name__, *(text for cause in causes for text in _said(cause))]
