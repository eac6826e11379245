"""Forget on the real server: what was there before any result is there afterwards, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from published import PlainDriver, create, dump, neighbours_for, results_for, snapshot_of

from graphrec_neo4j import runs
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import DatabaseError, PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.forget import Forgotten, count_ours, forget
from loaders.results_to_neo4j import RunDraft, publish

pytestmark = pytest.mark.live

SNAPSHOT = snapshot_of(range(20), range(10))
NOTHING = Forgotten(0, 0, 0)


@pytest.fixture
def database(empty_database: Connection) -> Iterator[Database]:
    with Database(empty_database) as connected:
        yield connected


@pytest.fixture
def driver(empty_database: Connection) -> Iterator[PlainDriver]:
    with PlainDriver(empty_database) as connected:
        yield connected


def published(database: Database, seed: int, snapshot: GraphSnapshot = SNAPSHOT) -> None:
    with Lease(database) as lease:
        results = replace(results_for(snapshot, seed), similar=neighbours_for(len(snapshot.items), seed))
        publish(database, snapshot, results, RunDraft("popularity"), lease)


def lived_in_graph(driver: PlainDriver, seed: int) -> None:
    """Nodes and relationships of many kinds, some of which are called almost as ours are."""
    create(driver, SNAPSHOT)
    random = np.random.default_rng(seed)
    pairs = [[int(u), int(i)] for u, i in random.integers(0, 10, (30, 2))]
    driver.rows(
        "UNWIND $pairs AS pair MATCH (u:User {id: pair[0]}) MATCH (i:Item {id: pair[1]}) "
        "CREATE (u)-[:INTERACTED {weight: 1.5, run: 3, until: 4}]->(i) "
        "SET u.graphrec = 1, i.graphrec_note = 'mine', u.rank = 2",
        pairs=pairs,
    )
    driver.rows("CREATE (:Thing {graphrec_note: [1, 2], name: 'GraphRecRun'})-[:RECOMMENDS {run: 1}]->(:Thing)")
    driver.rows("CREATE INDEX graphrec_note FOR (t:Thing) ON (t.graphrec_note)")
    driver.rows("CREATE CONSTRAINT graphrec_mine FOR (t:Thing) REQUIRE t.name IS UNIQUE")


@pytest.mark.parametrize("seed", range(3))
def test_forget_leaves_the_graph_as_it_was(database: Database, driver: PlainDriver, seed: int) -> None:
    lived_in_graph(driver, seed)
    before = dump(driver)
    for number in range(seed + 1):
        published(database, number)
    ours = count_ours(database)
    assert ours.runs == seed + 1
    assert ours.nodes == 30
    assert ours.relationships == driver.value("MATCH ()-[r:RECOMMENDED|SIMILAR]->() RETURN count(r)") > 0
    assert forget(database) == ours
    assert dump(driver) == before
    assert forget(database) == NOTHING
    assert dump(driver) == before


def test_forget_finds_what_runs_under_other_schemas_wrote(database: Database, driver: PlainDriver) -> None:
    create(driver, SNAPSHOT)
    driver.rows("CREATE CONSTRAINT people FOR (n:`A b```) REQUIRE n.id IS UNIQUE")
    driver.rows("MATCH (u:User) WHERE u.id < 5 SET u:`A b```")
    before = dump(driver)
    published(database, 1)
    data = SNAPSHOT.schema.model_dump(by_alias=True)
    data["nodes"]["User"]["label"] = "A b`"
    data["results"] |= {"recommended": "mag's \\ `sehr`", "similar": "ist \\ `wie`"}
    few = snapshot_of(range(5), range(10))
    published(database, 2, GraphSnapshot(GraphSchema.model_validate(data), few.nodes, few.edges))
    forget(database)
    assert dump(driver) == before


def test_forget_after_a_crash_a_rollback_and_a_lost_label(database: Database, driver: PlainDriver) -> None:
    create(driver, SNAPSHOT)
    before = dump(driver)
    for seed in (1, 2):
        published(database, seed)
    runs.rollback(database)
    driver.rows("MATCH (p:GraphRecPointer) SET p.next_run = 9")
    driver.rows("MATCH (u:User {id: 3}) REMOVE u:User SET u:Other")
    forget(database)
    driver.rows("MATCH (u:Other {id: 3}) REMOVE u:Other SET u:User")
    assert dump(driver) == before


def test_forget_that_was_broken_off_is_completed_by_the_next(database: Database, driver: PlainDriver) -> None:
    create(driver, SNAPSHOT)
    before = dump(driver)
    published(database, 1)
    command = database.command
    for stop_at in range(1, 4):
        calls = []

        def broken(statement: Statement, stop_at: int = stop_at, calls: list[str] = calls, **given: object) -> list:
            calls.append(statement.name)
            if len(calls) == stop_at:
                raise DatabaseError("the line is dead.")
            return command(statement, **given)

        database.command = broken  # type: ignore[method-assign]
        try:
            forget(database)
        except DatabaseError:
            assert runs.current_run(database) is None
    database.command = command  # type: ignore[method-assign]
    forget(database)
    assert dump(driver) == before


def test_forget_waits_for_a_sync_and_then_gives_up(database: Database, driver: PlainDriver) -> None:
    create(driver, SNAPSHOT)
    published(database, 1)
    before = [node for node in dump(driver)["nodes"] if node["labels"] != ["GraphRecPointer"]]
    with Lease(database), pytest.raises(PublishError, match="another sync is at work"):
        forget(database, wait=0.1)
    assert [node for node in dump(driver)["nodes"] if node["labels"] != ["GraphRecPointer"]] == before


def test_there_is_nothing_to_forget_in_a_database_without_results(database: Database, driver: PlainDriver) -> None:
    create(driver, SNAPSHOT)
    before = dump(driver)
    assert forget(database) == NOTHING
    assert dump(driver) == before


def test_a_run_after_forget_begins_anew(database: Database, driver: PlainDriver) -> None:
    create(driver, SNAPSHOT)
    published(database, 1)
    forget(database)
    published(database, 2)
    run = runs.current_run(database)
    assert run is not None
    assert run.number == 1
