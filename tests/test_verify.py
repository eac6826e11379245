"""``verify`` on a real server: what is whole passes, and every way to spoil it is seen by the check that is for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from published import PlainDriver, create, neighbours_for, results_for, snapshot_of

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.results import Results
from graphrec_neo4j.runs import current_run
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.verifying import verify
from loaders.results_to_neo4j import RunDraft, publish

pytestmark = pytest.mark.live

SNAPSHOT = snapshot_of([f"u{n:02d}" for n in range(12)], [f"i{n:02d}" for n in range(10)])
CURRENT = "MATCH (q:GraphRecPointer) MATCH (p:GraphRecRun {number: q.run}) "
FIRST = CURRENT + "MATCH (u:User) WHERE size(u[p.items_in]) > 2 WITH p, u ORDER BY u.id LIMIT 1 "


def whole_results(seed: int) -> Results:
    """Made-up results with an item graph and reasons that name a node."""
    results = results_for(SNAPSHOT, seed, d=8)
    because = [[([SNAPSHOT.items.ids.keys[0]], ["Item"])] * len(row) for row in results.reasons]
    return replace(results, because=because, similar=neighbours_for(len(SNAPSHOT.items), seed))


KEPT = """
MATCH (n) WHERE n:User OR n:Item
RETURN labels(n)[0] AS label, n.id AS id, properties(n) AS held,
       [(n)-[r:RECOMMENDED]->(i) | [i.id, properties(r)]] AS recommended,
       [(n)-[r:SIMILAR]->(i) | [i.id, properties(r)]] AS similar
"""
BACK = """
UNWIND $rows AS row
MATCH (n {id: row.id}) WHERE row.label IN labels(n)
CALL (n, row) {
  UNWIND row.recommended AS one MATCH (i:Item {id: one[0]}) CREATE (n)-[r:RECOMMENDED]->(i) SET r = one[1]
}
CALL (n, row) { UNWIND row.similar AS one MATCH (i:Item {id: one[0]}) CREATE (n)-[r:SIMILAR]->(i) SET r = one[1] }
"""


@pytest.fixture(scope="module")
def published_twice(neo4j_connection: Connection, wipe_database: Callable[[], None]) -> Iterator[Database]:
    wipe_database()
    with Database(neo4j_connection) as connected, PlainDriver(neo4j_connection) as driver:
        create(driver, SNAPSHOT)
        for seed in (1, 2):
            with Lease(connected) as lease:
                publish(connected, SNAPSHOT, whole_results(seed), RunDraft("p3"), lease)
        yield connected


@pytest.fixture
def driver(published_twice: Database) -> Iterator[PlainDriver]:
    """A plain driver, after which users and items are again as they were."""
    with PlainDriver(published_twice.connection) as connected:
        rows = connected.rows(KEPT)
        yield connected
        connected.rows("MATCH (n) WHERE n:User OR n:Item DETACH DELETE n")
        connected.rows("UNWIND $rows AS row CREATE (n:$(row.label)) SET n = row.held", rows=rows)
        connected.rows(BACK, rows=rows)


@pytest.fixture
def database(published_twice: Database, driver: PlainDriver) -> Database:
    return published_twice


def wrong(database: Database) -> set[str]:
    return {check.name for check in verify(database).checks if not check.ok}


def test_what_was_published_is_whole(database: Database) -> None:
    found = verify(database)
    assert (found.ok, wrong(database), found.run) == (True, set(), 2)
    assert len({check.name for check in found.checks}) == len(found.checks) > 12


HELD = "each User holds what was written"
SPOILT = {
    "a list is gone": (FIRST + "REMOVE u[p.items_in]", {"every user has her list"}),
    "an entry is gone": (FIRST + "SET u[p.items_in] = tail(u[p.items_in])", {"lists have all their entries"}),
    "a reason is gone": (
        FIRST + "SET u[p.reasons_in] = tail(u[p.reasons_in])",
        {"lists have a score, a reason and its parts for each entry"},
    ),
    "an item twice": (
        FIRST + "SET u[p.items_in] = [u[p.items_in][1]] + tail(u[p.items_in])",
        {"no list has an item twice"},
    ),
    "the order of scores": (FIRST + "SET u[p.scores_in] = [score IN u[p.scores_in] | -score]", {"scores descend"}),
    "a score that is no number": (
        FIRST + "SET u[p.scores_in] = [0.0 / 0.0] + tail(u[p.scores_in])",
        {"scores are finite"},
    ),
    "a walk score without an end": (
        FIRST + "SET u[p.walk_scores_in] = [1.0 / 0.0] + tail(u[p.walk_scores_in])",
        {"scores are finite"},
    ),
    "an item that is gone": (
        FIRST + "WITH u[p.items_in][0] AS id MATCH (i:Item {id: id}) DETACH DELETE i",
        {"the items that lists name are there", "every item has its score"},
    ),
    "a shorter vector": (
        FIRST + "SET u[p.user_vector_in] = tail(u[p.user_vector_in])",
        {"vectors have one length", "vector indexes are online and of that length"},
    ),
    "a rank": (
        FIRST + "MATCH (u)-[r:RECOMMENDED {rank: 2}]->() WHERE r.until IS NULL SET r.rank = 7",
        {"ranks of RECOMMENDED run from 1 without a gap"},
    ),
    "where a relationship leads": (
        FIRST
        + "MATCH (u)-[r:RECOMMENDED {rank: 1}]->() WHERE r.until IS NULL MATCH (i:Item) WHERE i.id <> u[p.items_in][0] "
        "WITH u, r, i LIMIT 1 CREATE (u)-[s:RECOMMENDED]->(i) SET s = properties(r) DELETE r",
        {"RECOMMENDED is what the lists say"},
    ),
    "a relationship of no run": (
        FIRST + "MATCH (i:Item) WITH u, i LIMIT 1 CREATE (u)-[:RECOMMENDED {run: 99, rank: 1, score: 0.5}]->(i)",
        {"no relationship is of a later run"},
    ),
    "the words of a reason": (FIRST + "SET u[p.reasons_in] = ['x'] + tail(u[p.reasons_in])", {HELD}),
    "what a drawn reason names": (
        FIRST + "MATCH (u)-[r:RECOMMENDED {rank: 1}]->() WHERE r.until IS NULL SET r.because = ['x']",
        {HELD},
    ),
    "a number of a vector": (
        FIRST + "SET u[p.user_vector_in] = [0.25] + tail(u[p.user_vector_in])",
        {HELD},
    ),
    "the score of an item": (
        CURRENT + "MATCH (i:Item {id: 'i01'}) SET i[p.item_score_in] = 3.5",
        {"each Item holds what was written"},
    ),
    "a count of the item graph": (
        "MATCH (:Item)-[r:SIMILAR]->() WHERE r.until IS NULL WITH r LIMIT 1 SET r.count = 77",
        {"each Item holds what was written"},
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_spoilt_is_seen(database: Database, driver: PlainDriver, name: str) -> None:
    text, seen = SPOILT[name]
    driver.rows(text)
    assert seen <= wrong(database)
    if seen <= {HELD, "each Item holds what was written"}:
        assert wrong(database) == seen


def test_a_user_who_came_after_the_sync_is_no_fault(database: Database, driver: PlainDriver) -> None:
    driver.rows("CREATE (:User {id: 'u99'}), (:Item {id: 'i99'})")
    assert wrong(database) == set()


def test_the_command_says_it_in_a_table_and_by_its_exit_code(
    database: Database, driver: PlainDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("uri", "username", "password", "database"):
        monkeypatch.setenv(f"NEO4J_{name.upper()}", getattr(database.connection, name))
    whole = CliRunner().invoke(cli, ["verify"])
    assert (whole.exit_code, "is whole" in whole.stdout) == (0, True)
    driver.rows(SPOILT["the order of scores"][0])
    spoilt = CliRunner().invoke(cli, ["verify", "--json"])
    told = json.loads(spoilt.stdout)
    assert (spoilt.exit_code, told["ok"], told["run"]) == (1, False, 2)
    assert {"name": "scores descend", "ok": False, "found": "1 lists whose scores do not"} in told["checks"]


def test_a_sync_that_wrote_something_else_is_not_published(
    database: Database, monkeypatch: pytest.MonkeyPatch, driver: PlainDriver
) -> None:
    """A trigger that spoils what is written, however often: the pointer stays where it is."""
    from loaders import results_to_neo4j

    real = results_to_neo4j.verify_results

    def spoiling(*given: object) -> object:
        number = driver.value("MATCH (r:GraphRecRun) RETURN max(r.number)")
        driver.rows(
            "MATCH (p:GraphRecRun {number: $number}) MATCH (u:User) WHERE size(u[p.scores_in]) > 2 "
            "SET u[p.scores_in] = [score IN u[p.scores_in] | -score]",
            number=number,
        )
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(results_to_neo4j, "verify_results", spoiling)
    with Lease(database) as lease, pytest.raises(PublishError, match="scores descend"):
        publish(database, SNAPSHOT, whole_results(3), RunDraft("p3"), lease)
    run = current_run(database)
    assert run is not None
    assert run.number == 2
    assert np.isfinite(run.users)


def test_z_an_index_that_is_gone_is_seen_and_what_rollback_goes_to_is_whole(
    database: Database, driver: PlainDriver
) -> None:
    driver.rows(f"DROP INDEX {driver.value(CURRENT + 'RETURN p.item_index')}")
    assert wrong(database) == {"vector indexes are online and of that length"}
    with Lease(database) as lease:
        publish(database, SNAPSHOT, whole_results(4), RunDraft("p3"), lease)
    assert wrong(database) == set()
