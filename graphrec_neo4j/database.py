"""``Database``: runs statements, writes batches, retries. The only file that imports ``neo4j``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import neo4j
from neo4j import exceptions

from graphrec_neo4j import __version__, failures
from graphrec_neo4j.errors import BadInputError, DatabaseError
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.settings import Connection, question_seconds
from graphrec_neo4j.threads import Workers, apart

Found = TypeVar("Found")

APPLICATION = "graphrec-neo4j"
FETCH_SIZE = 10_000
_DRIVER_WAIT_SECONDS = 30.0
# A page of a graph takes seconds and an index of a large graph hours, so these only end what nobody waits for.
_SECONDS = 3600.0
_COMMAND_SECONDS = 24 * 3600.0
_PATIENCE = 6
_QUESTIONS = ("recommend/", "explain/")


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
        if wrong := failures.no_address(connection):
            raise DatabaseError(wrong)
        # The driver logs every retry of its own; what a user must know reaches her as an error.
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
        self._driver, self.agent = apart(lambda: _connected(connection))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        apart(self._driver.close)

    def read(self, statement: Statement, **parameters: Any) -> list[dict[str, Any]]:
        """Run a read statement in READ access mode and return its rows; retried as a whole."""
        return self._read(statement, lambda tx: tx.run(statement.text, parameters).data())

    def read_values(self, statement: Statement, **parameters: Any) -> list[list[Any]]:
        """Run a read statement and return its rows as lists of values, without the names; retried as a whole."""
        return self._read(statement, lambda tx: tx.run(statement.text, parameters).values())

    def paths(self, statement: Statement, **parameters: Any) -> list[neo4j.Record]:
        """Run a read statement that returns paths and give the driver's own records; retried as a whole."""
        return self._read(statement, lambda tx: list(tx.run(statement.text, parameters)))

    def _read(self, statement: Statement, work: Callable[[neo4j.ManagedTransaction], list[Found]]) -> list[Found]:
        named = _unit(statement)(work)
        return self._within(neo4j.READ_ACCESS, statement.name, lambda session: session.execute_read(named))

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

        def write(session: neo4j.Session, seconds: float | None = seconds) -> Written:
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

        return self._within(neo4j.WRITE_ACCESS, statement.name, write)

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
        query = neo4j.Query(statement.text, _metadata(statement.name), _COMMAND_SECONDS)
        return self._within(neo4j.WRITE_ACCESS, statement.name, lambda session: session.run(query, parameters).data())

    def transaction(
        self, work: Callable[[Callable[..., list[dict[str, Any]]]], Found], seconds: float = _SECONDS
    ) -> Found:
        """Return what ``work`` does in one write transaction, committed at its end; not retried.

        The server begins it before ``work`` is called, and ends it after ``seconds``. What ``work`` is given takes a
        statement and its parameters and returns the rows.
        """

        def worked(session: neo4j.Session) -> Found:
            with session.begin_transaction(_metadata("transaction"), seconds) as tx:
                found = work(lambda statement, **parameters: tx.run(statement.text, parameters).data())
                tx.commit()
                return found

        return self._within(neo4j.WRITE_ACCESS, "transaction", worked)

    def _within(self, access: str, doing: str, work: Callable[[neo4j.Session], Found]) -> Found:
        """Do ``work`` in a session of its own, out of the reach of Ctrl-C.

        The driver is not made to be interrupted: over half a message it fails anew, or waits for minutes for the rest.
        """

        def done() -> Found:
            with _as_one_sentence(self.connection, doing):
                session = self._driver.session(database=self.connection.database, default_access_mode=access)
                try:
                    return work(session)
                finally:
                    with suppress(exceptions.DriverError, exceptions.Neo4jError):
                        session.close()

        return apart(done)


def _connected(connection: Connection) -> tuple[neo4j.Driver, str]:
    """Return a driver and what the server that it reached calls itself."""
    with _as_one_sentence(connection, "connect"):
        driver = _driver(connection)
        try:
            agent = _agent(driver)
            if old := failures.too_old(agent, connection):
                raise DatabaseError(old)
        except BaseException:
            driver.close()
            raise
        return driver, agent


def _agent(driver: neo4j.Driver) -> str:
    try:
        return str(driver.get_server_info().agent)
    except (exceptions.ServiceUnavailable, exceptions.SessionExpired) as error:
        if not failures.broke_off(_said(error)):
            raise
        return str(driver.get_server_info().agent)


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
        if doing == "connect" and isinstance(error, exceptions.SessionExpired):
            raise DatabaseError(failures.unreachable(_said(error), connection)) from None
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
