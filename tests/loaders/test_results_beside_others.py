"""Publishing where others delete and tamper, have things called as ours are, or publish at the same time."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from one_run import DRAFT, SNAPSHOT, assert_shows, published
from published import (
    PlainDriver,
    create,
    dump,
    expected_lists,
    expected_relationships,
    neighbours_for,
    results_for,
    seen_lists,
    seen_relationships,
    seen_similar,
    snapshot_of,
)

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.runs import all_runs
from loaders.result_names import check_ready
from loaders.results_to_neo4j import Published, publish

pytestmark = pytest.mark.live


@pytest.fixture
def driver(driver: PlainDriver) -> PlainDriver:
    create(driver, SNAPSHOT)
    return driver


def test_users_and_items_that_went_meanwhile_are_counted_and_missed_by_nobody(
    database: Database, driver: PlainDriver
) -> None:
    results = results_for(SNAPSHOT, seed=1, tag=0.5)
    driver.rows("MATCH (n) WHERE n.id IN ['u03', 'i04'] DELETE n")
    made = published(database, results)
    assert (made.missing_users, made.missing_items) == (1, 1)
    expected = {row for row in expected_relationships(SNAPSHOT, results) if row[0] != "u03" and row[1] != "i04"}
    assert seen_relationships(driver) == expected


def test_users_and_items_that_are_gone_or_new_in_the_next_graph(database: Database, driver: PlainDriver) -> None:
    for seed in (1, 2):
        published(database, results_for(SNAPSHOT, seed))
    driver.rows("MATCH (n) WHERE n.id IN ['u03', 'i04'] DETACH DELETE n")
    driver.rows("MATCH (n) WHERE n.id IN ['u05', 'i06'] REMOVE n:User:Item SET n:Retired")
    driver.rows("CREATE (:User {id: 'new'}), (:Item {id: 'new'})")
    gone = {"u03", "i04", "u05", "i06"}
    snapshot = snapshot_of(
        [*(key for key in SNAPSHOT.users.ids.keys if key not in gone), "new"],
        [*(key for key in SNAPSHOT.items.ids.keys if key not in gone), "new"],
    )
    for seed in (3, 4):
        results = results_for(snapshot, seed)
        published(database, results, snapshot)
        assert_shows(driver, results, snapshot)


@pytest.mark.parametrize(
    "tampering",
    [
        "MATCH (:User {id: 'u01'})-[r:RECOMMENDED]->() DELETE r",
        "MATCH (:User {id: 'u01'})-[r:RECOMMENDED]->() SET r.until = 1",
        "MATCH (u:User {id: 'u01'}) REMOVE u.graphrec_items_a, u.graphrec_items_b",
        "MATCH (i:Item {id: 'i01'}) REMOVE i.graphrec_item_vector_a, i.graphrec_item_vector_b",
        "MATCH (u:User {id: 'u01'}) MATCH (i:Item {id: 'i11'}) CREATE (u)-[:RECOMMENDED {run: 1, rank: 1}]->(i)",
        "MATCH (u:User {id: 'u01'}) CREATE (u)-[:RECOMMENDED {run: 1, rank: 1}]->(:Thing)",
        "MATCH (u:User {id: 'u01'})-[r:RECOMMENDED]->(i) CREATE (u)-[c:RECOMMENDED]->(i) SET c = properties(r)",
        "DROP INDEX graphrec_item_vector_a",
        "MATCH (i:Item {id: 'i01'}) DETACH DELETE i WITH 1 AS one CREATE (:Item {id: 'i01'})",
    ],
)
def test_what_others_did_to_our_data_is_mended_by_the_next_run(
    database: Database, driver: PlainDriver, tampering: str
) -> None:
    results = results_for(SNAPSHOT, seed=1, tag=0.5)
    for _ in range(2):
        published(database, results)
    driver.rows(tampering)
    published(database, results)
    assert_shows(driver, results)


FOREIGN = {
    "relationships": ("MATCH (u:User {id: 'u01'}) CREATE (u)-[:RECOMMENDED {run: 3}]->(:Film)", "did not make"),
    "a user's property": ("MATCH (u:User {id: 'u01'}) SET u.graphrec_why_b = 'mine'", "called as ours"),
    "an item's property": ("MATCH (i:Item {id: 'i01'}) SET i.graphrec_score_a = 1", "called as ours"),
    "an index": (
        "CREATE VECTOR INDEX graphrec_item_vector_b FOR (i:Item) ON (i.mine) "
        "OPTIONS {indexConfig: {`vector.dimensions`: 2, `vector.similarity_function`: 'cosine'}}",
        "indexes something else",
    ),
    "no key": ("DROP CONSTRAINT graphrec_key_User_id", "init"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_ours_is_refused_before_anything_is_written(
    database: Database, driver: PlainDriver, name: str
) -> None:
    text, message = FOREIGN[name]
    driver.rows(text)
    before = dump(driver)
    with pytest.raises(PublishError, match=message):
        check_ready(database, SNAPSHOT.schema)
    with Lease(database) as lease, pytest.raises(PublishError, match=message):
        publish(database, SNAPSHOT, results_for(SNAPSHOT, 1), DRAFT, lease)
    after = dump(driver)
    assert after["edges"] == before["edges"]
    assert [node for node in after["nodes"] if node["labels"] != ["GraphRecPointer"]] == before["nodes"]
    assert [index for index in after["indexes"] if index["name"] != "graphrec_pointer"] == before["indexes"]


def test_a_type_of_the_graph_itself_is_refused(database: Database, driver: PlainDriver) -> None:
    snapshot = snapshot_of(SNAPSHOT.users.ids.keys, SNAPSHOT.items.ids.keys, recommended="INTERACTED")
    with pytest.raises(PublishError, match=r"edges\.INTERACTED"):
        check_ready(database, snapshot.schema)


def test_two_publishers_at_once_publish_one_after_the_other(database: Database, driver: PlainDriver) -> None:
    made: list[Published] = []

    def one(seed: int) -> None:
        with Lease(database, wait=120) as lease:
            made.append(publish(database, SNAPSHOT, results_for(SNAPSHOT, seed), DRAFT, lease))

    both = [threading.Thread(target=one, args=(seed,)) for seed in (1, 2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert [run.run for run in made] == [1, 2]
    assert {run.number: run.state for run in all_runs(database)} == {1: "retired", 2: "published"}
    shown = seen_lists(driver)
    assert shown in [expected_lists(SNAPSHOT, results_for(SNAPSHOT, seed)) for seed in (1, 2)]


@pytest.mark.parametrize("stage", ["users", "items", "relationships", "similar"])
def test_one_that_lost_the_lease_in_the_middle_writes_no_more(
    database: Database, driver: PlainDriver, stage: str
) -> None:
    theirs = [results_for(SNAPSHOT, seed) for seed in (2, 3)]
    published(database, results_for(SNAPSHOT, 0))
    seen = []

    def stolen(now: str, done: int, total: int) -> None:
        if now == stage and not seen:
            seen.append(now)
            zombie._milliseconds = 0
            driver.rows("MATCH (p:GraphRecPointer) SET p.lease_until = 0")
            for results in theirs:
                published(database, results)

    mine = replace(results_for(SNAPSHOT, 1), similar=neighbours_for(12, 1))
    with Lease(database, renew=600) as zombie, pytest.raises(PublishError, match="another sync took over"):
        publish(database, SNAPSHOT, mine, DRAFT, zombie, progress=stolen)
    assert_shows(driver, theirs[-1])
    assert seen_similar(driver) == set()
    assert {run.number: run.state for run in all_runs(database)} == {
        1: "retired",
        2: "dead",
        3: "retired",
        4: "published",
    }
    following = results_for(SNAPSHOT, 9)
    published(database, following)
    assert_shows(driver, following)
