"""The database on a real server: retries, batches, counters, and errors in one sentence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from neo4j import exceptions

from graphrec_neo4j import database as module
from graphrec_neo4j.database import Database, Written
from graphrec_neo4j.errors import DatabaseError
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live

COUNT = Statement("count", "MATCH (n:T) RETURN count(n) AS n", "read")
MERGE = Statement("merge", "UNWIND $ids AS id MERGE (n:T {id: id}) RETURN count(*) AS written", "write")
NUMBERS = Statement("numbers", "UNWIND range(1, $n) AS k RETURN k, k * 2 AS twice", "read")


@pytest.fixture
def database(empty_database: Connection) -> Iterator[Database]:
    with Database(empty_database) as database:
        yield database


def test_rows_come_as_dictionaries_as_values_and_one_by_one(database: Database) -> None:
    assert database.read(NUMBERS, n=2) == [{"k": 1, "twice": 2}, {"k": 2, "twice": 4}]
    assert database.read_values(NUMBERS, n=2) == [[1, 2], [2, 4]]
    assert list(database.stream(NUMBERS, n=2)) == [(1, 2), (2, 4)]


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
    with database.transaction() as run:
        run(MERGE, ids=[1])
        assert run(COUNT) == [{"n": 1}]
        assert database.read(COUNT) == [{"n": 0}]
    with pytest.raises(DatabaseError, match="transaction failed"), database.transaction() as run:
        run(MERGE, ids=[2]), run(replace(MERGE, text="RETURN 1 / 0"))
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
    ],
)
def test_an_address_where_no_database_answers(uri: str, sentence: str) -> None:
    with pytest.raises(DatabaseError, match=sentence):
        Database(Connection(uri))


def test_a_password_never_shows() -> None:
    assert "secret" not in repr(Connection("bolt://x", password="secret"))
