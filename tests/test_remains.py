"""What broken runs leave behind is found and removed, once, and nothing that readers or rollback need goes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from published import (
    PlainDriver,
    create,
    expected_lists,
    expected_relationships,
    results_for,
    seen_lists,
    seen_relationships,
    snapshot_of,
)

from graphrec_neo4j import runs
from graphrec_neo4j.database import Database
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.queries import Statement
from loaders.remains import clear_up
from loaders.results_to_neo4j import RunDraft, publish

pytestmark = pytest.mark.live

SNAPSHOT = snapshot_of(range(20), range(10))
HIDDEN = (
    "MATCH (p:GraphRecPointer) MATCH ()-[r:RECOMMENDED]->() "
    "WITH r, [p.run, coalesce(p.previous, p.run)] AS kept "
    "WHERE NOT any(run IN kept WHERE r.run <= run AND (r.until IS NULL OR r.until > run)) "
    "RETURN count(r)"
)
WRITING = "MATCH (r:GraphRecRun {state: 'writing'}) RETURN count(r)"


class _Broken(Lease):
    """A lease under which ``strikes`` happens in place of the first statement of a name."""

    statement = ""

    def strikes(self) -> None:
        raise AssertionError

    def write(self, fenced: Statement, **parameters: Any) -> dict[str, Any]:
        if fenced.name == self.statement:
            self.statement = ""
            self.strikes()
        return super().write(fenced, **parameters)

    def sweep(self, fenced: Statement, **parameters: Any) -> None:
        if fenced.name == self.statement:
            self.statement = ""
            self.strikes()
        super().sweep(fenced, **parameters)


@pytest.fixture
def driver(driver: PlainDriver) -> PlainDriver:
    create(driver, SNAPSHOT)
    return driver


def publish_seed(database: Database, seed: int, statement: str = "", strikes: Callable[[], None] | None = None) -> None:
    with _Broken(database) as lease:
        lease.statement = statement
        if strikes:
            lease.strikes = strikes  # type: ignore[method-assign]
        publish(database, SNAPSHOT, results_for(SNAPSHOT, seed, d=0), RunDraft("popularity"), lease)


def assert_shows(driver: PlainDriver, seed: int) -> None:
    results = results_for(SNAPSHOT, seed, d=0)
    assert seen_relationships(driver) == expected_relationships(SNAPSHOT, results)
    assert seen_lists(driver) == expected_lists(SNAPSHOT, results)


def ctrl_c() -> None:
    raise KeyboardInterrupt


class _Died(SystemExit):
    """Stands for a process that ends at once, which runs nothing after it."""


def dies(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def strikes() -> None:
        monkeypatch.setattr("loaders.results_to_neo4j.clear_up", lambda *_: False)
        raise _Died

    return strikes


@pytest.mark.parametrize("statement", ["write/run_publish", "write/results_delete_ended"])
def test_ctrl_c_leaves_nothing_for_the_next_sync_to_remove(
    database: Database, driver: PlainDriver, statement: str
) -> None:
    for seed in (1, 2, 3):
        publish_seed(database, seed)
    with pytest.raises(KeyboardInterrupt):
        publish_seed(database, 4, statement, ctrl_c)
    assert_shows(driver, 3 if statement == "write/run_publish" else 4)
    assert driver.value(HIDDEN) == driver.value(WRITING) == 0
    with Lease(database) as lease:
        assert not clear_up(database, lease)


def test_a_run_that_died_is_cleared_up_once_and_the_current_one_stays(
    database: Database, driver: PlainDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_seed(database, 1)
    publish_seed(database, 2)
    with monkeypatch.context() as patched, pytest.raises(_Died):
        publish_seed(database, 3, "write/run_publish", dies(patched))
    assert driver.value(HIDDEN) > 0
    assert driver.value(WRITING) == 1
    with Lease(database) as lease:
        assert clear_up(database, lease)
        assert not clear_up(database, lease)
    assert driver.value(HIDDEN) == driver.value(WRITING) == 0
    assert_shows(driver, 2)
    publish_seed(database, 4)
    assert_shows(driver, 4)


def test_a_run_that_died_after_its_pointer_moved_can_still_be_rolled_back_from(
    database: Database, driver: PlainDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (1, 2, 3):
        publish_seed(database, seed)
    with monkeypatch.context() as patched, pytest.raises(_Died):
        publish_seed(database, 4, "write/results_delete_ended", dies(patched))
    with Lease(database) as lease:
        assert clear_up(database, lease)
    assert_shows(driver, 4)
    assert driver.value(HIDDEN) == 0
    runs.rollback(database)
    assert_shows(driver, 3)
    with Lease(database) as lease:
        clear_up(database, lease)
    assert_shows(driver, 3)


def test_the_very_first_run_that_dies_leaves_nothing(
    database: Database, driver: PlainDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, pytest.raises(_Died):
        publish_seed(database, 1, "write/run_publish", dies(patched))
    with Lease(database) as lease:
        assert clear_up(database, lease)
    assert driver.value("MATCH ()-[r:RECOMMENDED]->() RETURN count(r)") == driver.value(WRITING) == 0
