"""The lease on the real server: one holds it, it runs out, and who lost it writes nothing."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest
from published import PlainDriver

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import DatabaseError, PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live

POINTER = "MATCH (p:GraphRecPointer {name: 'current'}) RETURN p.lease AS lease, p.lease_until - timestamp() AS left"


@pytest.fixture
def driver(empty_database: Connection) -> Iterator[PlainDriver]:
    with PlainDriver(empty_database) as connected:
        yield connected


def test_the_lease_is_in_the_database_while_it_is_held_and_gone_afterwards(
    database: Database, driver: PlainDriver
) -> None:
    with Lease(database) as lease:
        row = driver.rows(POINTER)[0]
        assert row["lease"] == lease.uuid
        assert 0 < row["left"] <= 15_000
    assert driver.rows(POINTER) == [{"lease": None, "left": None}]


def test_a_second_one_says_that_another_is_at_work(database: Database) -> None:
    waited: list[bool] = []
    with (
        Lease(database),
        pytest.raises(PublishError, match="another sync is at work"),
        Lease(database, wait=0.3, waiting=lambda: waited.append(True)),
    ):
        pass
    assert waited == [True]


def test_of_many_who_ask_at_once_one_wins(database: Database) -> None:
    held, start, all_refused = [], threading.Barrier(6), threading.Semaphore(0)

    def ask() -> None:
        start.wait()
        try:
            with Lease(database, wait=0) as lease:
                held.append(lease.uuid)
                for _ in range(5):
                    all_refused.acquire(timeout=30)
        except PublishError:
            all_refused.release()

    askers = [threading.Thread(target=ask) for _ in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(held) == 1


def test_it_is_renewed_for_longer_than_it_lasts(database: Database) -> None:
    with Lease(database, seconds=0.6, renew=0.1) as lease:
        time.sleep(1.5)
        lease.check()
        with pytest.raises(PublishError), Lease(database, wait=0):
            pass


def test_one_that_ran_out_is_taken_over_and_its_former_holder_writes_nothing(
    database: Database, driver: PlainDriver
) -> None:
    begin = statement("write/run_begin")
    with Lease(database, seconds=0.2, renew=60) as zombie:
        time.sleep(0.4)
        with Lease(database, wait=5):
            with pytest.raises(PublishError, match="another sync took over"):
                zombie.check()
            with pytest.raises(PublishError, match="another sync took over"):
                zombie.write(begin, uuid="zombie", properties={}, names={})
    assert driver.value("MATCH (r:GraphRecRun) RETURN count(r)") == 0


def test_the_former_holder_does_not_give_back_what_is_another_s(database: Database, driver: PlainDriver) -> None:
    zombie = Lease(database, seconds=0.2, renew=60)
    zombie.__enter__()
    time.sleep(0.4)
    with Lease(database, wait=5) as lease:
        zombie.__exit__(None, None, None)
        assert driver.rows(POINTER)[0]["lease"] == lease.uuid


# While it is planned, the batch is shown and holds nothing yet.
HOLDS_THE_POINTER = (
    "SHOW TRANSACTIONS YIELD currentQuery, activeLockCount "
    "WHERE currentQuery CONTAINS ':Slow' AND NOT currentQuery STARTS WITH 'SHOW' AND activeLockCount > 0 RETURN 1 AS x"
)


def test_a_batch_in_flight_holds_off_the_takeover_until_it_is_committed(
    database: Database, driver: PlainDriver
) -> None:
    slow = Statement(
        "slow",
        "MATCH (p:GraphRecPointer {name: 'current'}) SET p.fence = true WITH p WHERE p.lease = $lease "
        "CALL (p) { UNWIND range(1, 3000000) AS n WITH n WHERE n % 1000000 = 0 CREATE (:Slow) "
        "RETURN count(*) AS made } RETURN made",
        "write",
    )
    with Lease(database, seconds=0.1, renew=60) as zombie:
        made: list[int] = []
        batch = threading.Thread(target=lambda: made.append(zombie.write(slow)["made"]))
        batch.start()
        while batch.is_alive() and not driver.rows(HOLDS_THE_POINTER):
            pass
        with Lease(database, wait=20):
            before = driver.value("MATCH (s:Slow) RETURN count(s)")
        batch.join()
    assert made == [3], "the batch failed"
    assert before == 3


def test_a_schema_command_that_comes_too_late_finds_its_transaction_gone(
    database: Database, driver: PlainDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.rows("CREATE INDEX late FOR (n:Late) ON (n.x)")
    with Lease(database, seconds=1.5, renew=60) as zombie:
        really = zombie.check

        def check_and_stand_still() -> None:
            really()
            with Lease(database, wait=10):
                # Until the server has looked at how long transactions last.
                time.sleep(3)

        monkeypatch.setattr(zombie, "check", check_and_stand_still)
        with pytest.raises(PublishError, match="another sync took over"):
            zombie.schema(Statement("drop", "DROP INDEX late IF EXISTS", "schema"))
    assert driver.value("SHOW INDEXES YIELD name WHERE name = 'late' RETURN count(*)") == 1


def test_ctrl_c_while_a_statement_runs_gives_the_lease_back(database: Database, driver: PlainDriver) -> None:
    slow = Statement(
        "slow",
        "MATCH (p:GraphRecPointer {name: 'current'}) SET p.fence = true WITH p WHERE p.lease = $lease "
        "CALL (p) { UNWIND range(1, 300000000) AS n WITH n WHERE n < 0 RETURN count(*) AS none } RETURN none",
        "write",
    )
    press = threading.Timer(1.0, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    press.start()
    with pytest.raises(KeyboardInterrupt), Lease(database) as lease:
        lease.write(slow)
    assert driver.rows(POINTER) == [{"lease": None, "left": None}]


def test_the_server_ends_a_transaction_that_takes_too_long(database: Database) -> None:
    endless = Statement("endless", "UNWIND range(1, 2000000000) AS n WITH n WHERE n < 0 CREATE (:Never)", "write")
    started = time.monotonic()
    with pytest.raises(DatabaseError, match="endless took longer"):
        database.write_within(0.5, endless)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("foreign", ["(:GraphRecPointer {name: 'mine'})", "(:GraphRecRun {who: 'me'})"])
def test_labels_of_ours_that_others_use_are_refused(database: Database, driver: PlainDriver, foreign: str) -> None:
    driver.rows(f"CREATE {foreign}")
    with pytest.raises(PublishError, match="rename their labels"), Lease(database):
        pass
    assert driver.value("MATCH (n) RETURN count(n)") == 1
    assert driver.rows("SHOW CONSTRAINTS") == []
