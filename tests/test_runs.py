"""Runs on the real server: numbers, rollback, status, and a random life checked against a model of it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from published import (
    PlainDriver,
    create,
    expected_lists,
    expected_relationships,
    expected_similar,
    neighbours_for,
    results_for,
    seen_lists,
    seen_relationships,
    seen_similar,
    snapshot_of,
)

from graphrec_neo4j import runs
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.results import Results
from graphrec_neo4j.settings import Connection
from loaders.results_to_neo4j import RunDraft, publish

pytestmark = pytest.mark.live

SNAPSHOT = snapshot_of(range(20), range(10))
DRAFT = RunDraft("popularity")


@pytest.fixture
def driver(driver: PlainDriver) -> PlainDriver:
    create(driver, SNAPSHOT)
    return driver


class _Died(Exception):
    pass


class _Mortal(Lease):
    """A lease under which the process dies before its nth write or sweep."""

    lives: int = 10**9

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise _Died

    def write(self, fenced: Statement, **parameters: Any) -> dict[str, Any]:
        self._live()
        return super().write(fenced, **parameters)

    def write_batches(self, fenced: Statement, *rest: Any) -> None:
        self._live()
        super().write_batches(fenced, *rest)

    def sweep(self, fenced: Statement, **parameters: Any) -> None:
        self._live()
        super().sweep(fenced, **parameters)


def made_of(seed: int) -> Results:
    """The results of a seed: no vectors, as their indexes are not the point here, and every third no item graph."""
    similar = neighbours_for(len(SNAPSHOT.items), seed) if seed % 3 else None
    return replace(results_for(SNAPSHOT, seed, d=0), similar=similar)


def similar_of(seed: int) -> set[tuple[Any, ...]]:
    nearest = made_of(seed).similar
    return expected_similar(SNAPSHOT, nearest) if nearest else set()


def published(database: Database, seed: int, lives: int = 10**9) -> None:
    with _Mortal(database) as lease:
        lease.lives = lives
        publish(database, SNAPSHOT, made_of(seed), DRAFT, lease)


def assert_shows(driver: PlainDriver, seed: int) -> None:
    results = made_of(seed)
    assert seen_relationships(driver) == expected_relationships(SNAPSHOT, results)
    assert seen_similar(driver) == similar_of(seed)
    assert seen_lists(driver) == expected_lists(SNAPSHOT, results)


def test_publish_publish_rollback_publish_crash_publish(database: Database, driver: PlainDriver) -> None:
    published(database, seed=1)
    published(database, seed=2)
    assert runs.rollback(database).number == 1
    assert_shows(driver, 1)
    published(database, seed=3)
    assert_shows(driver, 3)
    with pytest.raises(_Died):
        published(database, seed=4, lives=4)
    assert_shows(driver, 3)
    published(database, seed=5)
    assert_shows(driver, 5)
    states = {run.number: run.state for run in runs.all_runs(database)}
    assert states == {1: "retired", 2: "retired", 3: "retired", 4: "dead", 5: "published"}


@pytest.mark.parametrize("walk", range(3))
def test_after_any_life_readers_see_exactly_the_current_generation(
    database: Database, driver: PlainDriver, walk: int
) -> None:
    random = np.random.default_rng(walk)
    shown: int | None = None
    before: int | None = None
    for _ in range(14):
        action = random.choice(["publish", "publish", "crash", "crash", "rollback"])
        seed = int(random.integers(6))
        if action == "rollback" and before is None:
            with pytest.raises(PublishError):
                runs.rollback(database)
        elif action == "rollback":
            runs.rollback(database)
            shown, before = before, None
        elif action == "publish":
            published(database, seed)
            shown, before = seed, shown
        else:
            try:
                published(database, seed, lives=int(random.integers(1, 14)))
                shown, before = seed, shown
            except _Died:
                # Dying after the pointer moved leaves the run published, dying before leaves no way back.
                moved = runs.all_runs(database)[0].state == "published"
                shown, before = (seed, shown) if moved else (shown, None)
        if shown is None:
            assert runs.current_run(database) is None
            assert seen_relationships(driver) == seen_similar(driver) == set()
        else:
            assert_shows(driver, shown)
    published(database, 7)
    published(database, 8)
    kept = [expected_relationships(SNAPSHOT, results_for(SNAPSHOT, seed, d=0)) for seed in (7, 8)]
    assert driver.value("MATCH ()-[r:RECOMMENDED]->() RETURN count(r)") == len(kept[0] | kept[1])
    assert driver.value("MATCH ()-[r:SIMILAR]->() RETURN count(r)") == len(similar_of(7) | similar_of(8))


def test_rollback_without_a_generation_before_says_so(database: Database, driver: PlainDriver) -> None:
    with pytest.raises(PublishError, match="nothing is published"):
        runs.rollback(database)
    published(database, seed=1)
    with pytest.raises(PublishError, match="no generation before run 1"):
        runs.rollback(database)
    published(database, seed=2)
    runs.rollback(database)
    with pytest.raises(PublishError, match="no generation before run 1"):
        runs.rollback(database)


def test_rollback_waits_for_a_sync_and_then_gives_up(database: Database, driver: PlainDriver) -> None:
    published(database, seed=1)
    published(database, seed=2)
    with Lease(database), pytest.raises(PublishError, match="another sync is at work"):
        runs.rollback(database, wait=0.1)
    assert_shows(driver, 2)


def test_status_says_what_is_published(database: Database, driver: PlainDriver) -> None:
    assert runs.status(database)["run"] is None
    published(database, seed=1)
    published(database, seed=2)
    found = runs.status(database)
    assert (found["run"], found["previous"], found["model"], found["syncing"]) == (2, 1, "popularity", False)
    assert (found["users"], found["items"], found["interactions"]) == (20, 10, 0)
    assert found["similar"] == len(similar_of(2))
    assert found["recommendations"] == sum(len(row) for row in results_for(SNAPSHOT, 2).reasons)
    assert 0 <= found["hours"] < 1
    assert [(run["number"], run["state"]) for run in found["runs"]] == [(2, "published"), (1, "retired")]
    with Lease(database):
        assert runs.status(database)["syncing"]


def test_old_runs_are_forgotten_but_never_the_current_and_the_one_before(
    database: Database, driver: PlainDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.remains.RUNS_KEPT", 2)
    for seed in range(3):
        published(database, seed)
    for _ in range(3):
        with pytest.raises(_Died):
            published(database, seed=9, lives=2)
    published(database, seed=4)
    assert [run.number for run in runs.all_runs(database)] == [7, 6, 3]
    runs.rollback(database)
    assert_shows(driver, 2)


def reading(connection: Connection, stop: threading.Event, check: Callable[[PlainDriver], None]) -> threading.Thread:
    def read() -> None:
        with PlainDriver(connection) as driver:
            while not stop.is_set():
                check(driver)

    thread = threading.Thread(target=read)
    thread.start()
    return thread


PINNED = "MATCH (now:GraphRecPointer {name: 'current'}) WITH now.run AS run"


def test_readers_during_publishing_see_one_generation_whole(
    database: Database, driver: PlainDriver, empty_database: Connection
) -> None:
    """Every score of run n is n, so an answer that is a mixture shows."""
    answers: list[tuple[int, set[float], int]] = []
    query = {
        "lists": f"{PINNED} MATCH (p:GraphRecRun {{number: run}}) MATCH (u:User {{id: $id}}) "
        "RETURN run, u[p.scores_in] AS scores",
        "relationships": f"{PINNED} MATCH (u:User {{id: $id}})-[r:RECOMMENDED]->(:Item) "
        "WHERE r.run <= run AND (r.until IS NULL OR r.until > run) RETURN run, collect(r.score) AS scores",
    }

    def check(reader: PlainDriver) -> None:
        for text in query.values():
            row = reader.rows(text, id=len(answers) % 20)[0]
            answers.append((row["run"], set(row["scores"]), len(row["scores"])))

    def tagged(number: int) -> None:
        with Lease(database) as lease:
            publish(database, SNAPSHOT, results_for(SNAPSHOT, number, tag=number, d=0), DRAFT, lease)

    tagged(1)
    stop = threading.Event()
    readers = [reading(empty_database, stop, check) for _ in range(2)]
    for number in range(2, 9):
        tagged(number)
    stop.set()
    for reader in readers:
        reader.join()
    assert len({run for run, _, _ in answers}) > 3
    assert [answer for answer in answers if answer[1] != {answer[0]}] == []
    assert {length for _, _, length in answers} == {3, 5}


PUBLISHER = Path(__file__).parent / "publish_for_ever.py"


def test_a_publisher_killed_at_any_moment_leaves_the_former_generation_whole(
    database: Database, driver: PlainDriver, empty_database: Connection
) -> None:
    """The publisher's seeds go up by one with each run, so that the current run's results are known."""
    random, seen = np.random.default_rng(0), 0
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, str(PUBLISHER), empty_database.uri, empty_database.password],
            stdout=subprocess.PIPE,
            cwd=PUBLISHER.parent.parent.parent,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(random.uniform(0.05, 1.5))
        child.kill()
        child.wait()
        current = runs.current_run(database)
        if current is None:
            assert seen_relationships(driver) == set()
        else:
            seen = current.seed
            assert_shows(driver, seen)
    with Lease(database, wait=30) as lease:
        results = made_of(1000)
        publish(database, SNAPSHOT, results, DRAFT, lease)
    assert_shows(driver, 1000)
    assert driver.value("MATCH ()-[r:SIMILAR]->() RETURN count(r)") == len(
        similar_of(1000) | (similar_of(seen) if seen else set())
    )
    drawn = len(expected_relationships(SNAPSHOT, results))
    former = len(expected_relationships(SNAPSHOT, results_for(SNAPSHOT, seen, d=0))) if seen else 0
    assert driver.value("MATCH ()-[r:RECOMMENDED]->() RETURN count(r)") == drawn + former
    assert driver.value("MATCH (r:GraphRecRun {state: 'writing'}) RETURN count(r)") == 0
