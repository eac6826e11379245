"""The database on a real server: retries, batches, counters, and errors in one sentence."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from neo4j import exceptions

from graphrec_neo4j import database as module
from graphrec_neo4j import failures, threads
from graphrec_neo4j.database import Database, Written
from graphrec_neo4j.errors import BadInputError, DatabaseError
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.settings import Connection, question_seconds

pytestmark = pytest.mark.live

COUNT = Statement("count", "MATCH (n:T) RETURN count(n) AS n", "read")
MERGE = Statement("merge", "UNWIND $ids AS id MERGE (n:T {id: id}) RETURN count(*) AS written", "write")
NUMBERS = Statement("numbers", "UNWIND range(1, $n) AS k RETURN k, k * 2 AS twice", "read")


def test_rows_come_as_dictionaries_and_as_values(database: Database) -> None:
    assert database.read(NUMBERS, n=2) == [{"k": 1, "twice": 2}, {"k": 2, "twice": 4}]
    assert database.read_values(NUMBERS, n=2) == [[1, 2], [2, 4]]


def test_a_write_returns_its_rows_and_the_servers_counters(database: Database) -> None:
    made = database.write(MERGE, ids=[1, 2])
    assert made.rows == [{"written": 2}]
    assert made.counters == {"nodes_created": 2, "properties_set": 2, "labels_added": 2}
    assert database.write(MERGE, ids=[1, 2]).counters == {}


def test_long_parameters_are_not_written_out_for_a_log_that_nobody_reads(database: Database) -> None:
    class Loud(str):
        def __repr__(self) -> str:
            raise AssertionError("the driver spelt out a parameter")

    assert database.write(MERGE, ids=[Loud("one")]).rows == [{"written": 1}]


def test_a_commit_that_goes_unanswered_is_run_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run, tries = module._run, []

    def unanswered(*arguments: object) -> Written:
        made = run(*arguments)  # type: ignore[arg-type]
        tries.append(made)
        if len(tries) == 1:
            arguments[0]._commit()  # type: ignore[attr-defined]
            raise exceptions.IncompleteCommit("no answer")
        return made

    monkeypatch.setattr(module, "_run", unanswered)
    database.write(MERGE, ids=[1, 2])
    assert len(tries) == 2
    assert tries[1].counters == {}
    assert database.read(COUNT) == [{"n": 2}]


@pytest.mark.parametrize("sessions", [1, 2, 3])
def test_batches_are_all_written_and_reported_once(database: Database, sessions: int) -> None:
    written: list[int] = []
    batches = ({"ids": list(range(start, start + 10))} for start in range(0, 100, 10))
    database.write_batches(MERGE, batches, sessions=sessions, done=lambda made: written.append(made.rows[0]["written"]))
    assert written == [10] * 10
    assert database.read(COUNT) == [{"n": 100}]


@pytest.mark.parametrize("sessions", [1, 2])
def test_the_first_failure_stops_the_queue(database: Database, sessions: int) -> None:
    given: list[int] = []

    def batches() -> Iterator[dict[str, object]]:
        for number in range(100):
            given.append(number)
            yield {"ids": [number]}

    fails = replace(MERGE, text="UNWIND $ids AS id MERGE (n:T {id: id / (id - 3)})")
    with pytest.raises(DatabaseError, match=r"merge failed on .*: Neo.ClientError.Statement.ArithmeticError"):
        database.write_batches(fails, batches(), sessions=sessions)
    assert len(given) <= 3 + 1 + 2 * sessions


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    def work(run: Callable[..., list[dict[str, object]]]) -> list[dict[str, object]]:
        run(MERGE, ids=[1])
        assert database.read(COUNT) == [{"n": 0}]
        return run(COUNT)

    assert database.transaction(work) == [{"n": 1}]
    with pytest.raises(DatabaseError, match="transaction failed"):
        database.transaction(lambda run: (run(MERGE, ids=[2]), run(replace(MERGE, text="RETURN 1 / 0"))))
    assert database.read(COUNT) == [{"n": 1}]


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseError, match=r"merge failed on .*AccessMode"):
        database.read(MERGE, ids=[1])
    assert database.read(COUNT) == [{"n": 0}]


def test_a_write_within_a_time_is_ended_by_the_server(database: Database) -> None:
    slow = replace(MERGE, text="UNWIND range(1, 1000000000) AS a WITH sum(a) AS s CREATE (:T {id: s})")
    started = time.perf_counter()
    with pytest.raises(DatabaseError, match="TransactionTimedOut"):
        database.write_within(1, slow)
    assert time.perf_counter() - started < 20
    assert database.read(COUNT) == [{"n": 0}]


def test_a_statement_names_itself_in_show_transactions(database: Database) -> None:
    """One of every kind runs for some seconds while another session looks."""
    slow = "UNWIND range(1, 2000000000) AS a WITH sum(a) AS s RETURN s"
    runs: dict[str, Callable[[Statement], object]] = {
        "read": database.read,
        "values": database.read_values,
        "paths": database.paths,
        "write": database.write,
        "within": lambda statement: database.write_within(60, statement),
        "batches": lambda statement: database.write_batches(statement, [{}], sessions=2),
        "command": database.command,
    }
    look = "SHOW TRANSACTIONS YIELD metaData, transactionId WHERE metaData.query = $name RETURN metaData, transactionId"
    end = "TERMINATE TRANSACTIONS $ids YIELD message RETURN message"
    with ThreadPoolExecutor(1) as pool:
        for kind, run in runs.items():
            name, shown = f"slow/{kind}", list[dict[str, Any]]()
            running = pool.submit(run, Statement(name, slow, "read"))
            while not shown and not running.done():
                shown = database.read(Statement("look", look, "read"), name=name)
            database.command(Statement("end", end, "read"), ids=[row["transactionId"] for row in shown])
            with pytest.raises(DatabaseError, match=f"{name} failed on .*Terminated"):
                running.result()
            assert shown[0]["metaData"] == {"app": "graphrec-neo4j", "query": name}


def test_a_question_that_takes_too_long_is_ended_and_says_what_to_do(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHREC_QUERY_SECONDS", "0.5")
    slow = Statement("recommend/slow", "UNWIND range(1, 2000000000) AS a RETURN sum(a) AS s", "read")
    with pytest.raises(DatabaseError, match=r"recommend/slow took longer .*: ask for less, or set GRAPHREC_QUERY_SEC"):
        database.read(slow)


@pytest.mark.parametrize("given", ["soon", "0", "-1", "inf", "nan"])
def test_seconds_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(BadInputError, match="GRAPHREC_QUERY_SECONDS is"):
        question_seconds({"GRAPHREC_QUERY_SECONDS": given})


def test_seconds_for_a_question() -> None:
    assert (question_seconds({}), question_seconds({"GRAPHREC_QUERY_SECONDS": "2.5"})) == (60.0, 2.5)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("half \ud800", "half a surrogate pair"), (2**63, "out of 64 bits"), ([-(2**63) - 1], "out of 64 bits")],
)
def test_a_value_that_bolt_cannot_carry_is_one_sentence_and_the_connection_lives(
    database: Database, value: object, sentence: str
) -> None:
    for run in (database.read, database.write, database.command):
        with pytest.raises(BadInputError, match=sentence):
            run(Statement("echo", "RETURN $value AS value", "read"), value=value)
    assert database.read(NUMBERS, n=1) == [{"k": 1, "twice": 2}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("CALL no.such.procedure()", "lacks a procedure that ask calls .*: take Neo4j 5.26 LTS or a later one"),
        ("RETRUN 1", "ask failed on .*SyntaxError"),
    ],
)
def test_what_a_server_lacks_is_said(database: Database, text: str, sentence: str) -> None:
    with pytest.raises(DatabaseError, match=sentence):
        database.read(Statement("ask", text, "read"))


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_a_database_that_is_not_there_is_said(neo4j_connection: Connection, scheme: str) -> None:
    uri = neo4j_connection.uri.replace("bolt://", f"{scheme}://")
    with (
        pytest.raises(DatabaseError, match=r"has no database 'other': SHOW DATABASES lists .* NEO4J_DATABASE"),
        Database(replace(neo4j_connection, uri=uri, database="other")) as database,
    ):
        database.read(COUNT)


def test_a_bad_statement_is_one_sentence(database: Database) -> None:
    with pytest.raises(DatabaseError) as refused:
        database.read(Statement("bad", "RETURN\n1 +", "read"))
    assert "\n" not in str(refused.value)
    assert "bad failed on" in str(refused.value)


def test_a_wrong_password_says_what_to_check(neo4j_connection: Connection) -> None:
    with pytest.raises(DatabaseError, match="refuses user 'neo4j': check NEO4J_USERNAME and NEO4J_PASSWORD"):
        Database(replace(neo4j_connection, password="wrong"))


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("bolt://127.0.0.1:1", r"127\.0\.0\.1:1 \(neo4j\) cannot be reached .*: start the server or check NEO4J_URI"),
        ("http://127.0.0.1:7474", "'http://127.0.0.1:7474' is not a Neo4j address"),
        ("nonsense", "'nonsense' is not a Neo4j address"),
        ("neo4j://127.0.0.1:1", r"neo4j://127\.0\.0\.1:1 \(neo4j\) cannot be reached .*refused.*: start the server"),
        ("neo4j+s://127.0.0.1:1", r"neo4j\+s://127\.0\.0\.1:1 \(neo4j\) cannot be reached .*: start the server"),
        (
            "bolt://no-such-host.invalid",
            r"there is no host of the name in bolt://no-such-host\.invalid: check NEO4J_URI",
        ),
        ("neo4j://no-such-host.invalid", "there is no host of the name in neo4j://no-such-host.invalid"),
        ("bolt://127.0.0.1:1?token=secret", r"'bolt://127\.0\.0\.1:1' is not a Neo4j address"),
        ("bolt://127.0.0.1:99999999", "is not a Neo4j address|cannot be reached|no host"),
    ],
)
def test_an_address_where_no_database_answers(uri: str, sentence: str) -> None:
    with pytest.raises(DatabaseError, match=sentence):
        Database(Connection(uri))


def test_an_address_is_shown_without_what_is_asked_behind_it() -> None:
    with pytest.raises(DatabaseError) as refused:
        Database(Connection("neo4j://127.0.0.1:1?token=secret"))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("agent", "old"),
    [
        *((agent, False) for agent in ("Neo4j/5.26.0", "Neo4j/2026.08.1", "Neo4j/5.27-aura", "Other/1.0")),
        *((agent, True) for agent in ("Neo4j/5.25.1", "Neo4j/4.4.30")),
    ],
)
def test_a_server_that_is_too_old_is_said(agent: str, old: bool) -> None:
    told = failures.too_old(agent, Connection("bolt://there"))
    assert (told is not None) == old
    if old:
        assert told == f"bolt://there is {agent.replace('/', ' ')}: take Neo4j 5.26 LTS or a later one."


def test_a_password_never_shows() -> None:
    assert "secret" not in repr(Connection("bolt://x", password="secret"))


def test_ctrl_c_does_not_break_off_what_the_driver_is_at(database: Database) -> None:
    """It comes while a commit is on its way, and the write is there, whole, before anyone is told."""
    pause = Statement("pause", "UNWIND range(1, 3000000) AS a WITH sum(a) AS s CREATE (:T {id: s})", "write")
    threading.Timer(0.05, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        database.write(pause)
    assert database.read(COUNT) == [{"n": 1}]


def test_ctrl_c_does_not_wait_for_an_answer_that_never_comes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "GRACE_SECONDS", 0.1)
    endless = Statement("endless", "UNWIND range(1, 2000000000) AS a WITH sum(a) AS s RETURN s", "read")
    threading.Timer(0.5, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
    started = time.perf_counter()
    with Database(database.connection) as mine:
        with pytest.raises(KeyboardInterrupt):
            mine.read(endless)
        assert mine.read(NUMBERS, n=1) == [{"k": 1, "twice": 2}]
    assert time.perf_counter() - started < 5
