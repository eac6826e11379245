"""Publishing on the real server: what readers see is exactly the current run's results, whatever happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
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

from graphrec_neo4j import __version__
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.results import NO_ITEM, Results, TopK, Vectors
from graphrec_neo4j.runs import all_runs, current_run
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.result_names import check_ready
from loaders.results_to_neo4j import Published, RunDraft, publish

pytestmark = pytest.mark.live

SNAPSHOT = snapshot_of([f"u{n:02d}" for n in range(25)], [f"i{n:02d}" for n in range(12)])
DRAFT = RunDraft("p3", {"paths": 2}, seed=7, timings={"fit": 0.5})


@pytest.fixture
def database(empty_database: Connection) -> Iterator[Database]:
    with Database(empty_database) as connected:
        yield connected


@pytest.fixture
def driver(empty_database: Connection) -> Iterator[PlainDriver]:
    with PlainDriver(empty_database) as connected:
        create(connected, SNAPSHOT)
        yield connected


def published(database: Database, results: Results, snapshot: GraphSnapshot = SNAPSHOT) -> Published:
    with Lease(database) as lease:
        return publish(database, snapshot, results, DRAFT, lease)


def assert_shows(driver: PlainDriver, results: Results, snapshot: GraphSnapshot = SNAPSHOT) -> None:
    assert seen_lists(driver) == expected_lists(snapshot, results)
    assert seen_relationships(driver) == expected_relationships(snapshot, results)


def test_readers_see_lists_vectors_scores_and_relationships(database: Database, driver: PlainDriver) -> None:
    results = results_for(SNAPSHOT, seed=1)
    made = published(database, results)
    assert (made.run, made.slot, made.users, made.items) == (1, "a", 25, 12)
    assert_shows(driver, results)
    pointer = driver.rows("MATCH (p:GraphRecPointer {name: 'current'}) RETURN p")[0]["p"]
    assert pointer["uuid"] == made.uuid
    for row, user in enumerate(SNAPSHOT.users.ids.keys):
        stored = driver.rows("MATCH (u:User {id: $id}) RETURN u", id=user)[0]["u"]
        assert stored[pointer["user_vector"]] == results.vectors.users[row].tolist()
        walked = results.walk.items[row]
        assert stored[pointer["walk_items"]] == SNAPSHOT.items.ids.keys_of(walked[walked != NO_ITEM])
    for row, item in enumerate(SNAPSHOT.items.ids.keys):
        stored = driver.rows("MATCH (i:Item {id: $id}) RETURN i", id=item)[0]["i"]
        assert stored[pointer["item_vector"]] == results.vectors.items[row].tolist()
        assert stored[pointer["item_score"]] == results.item_scores[row]


def test_the_run_says_how_it_was_made(database: Database, driver: PlainDriver) -> None:
    made = published(database, replace(results_for(SNAPSHOT, seed=1), metrics={"ndcg@20": 0.25, "none": float("nan")}))
    run = current_run(database)
    assert run is not None
    assert (run.number, run.uuid, run.model, run.state, run.slot, run.seed) == (1, made.uuid, "p3", "published", "a", 7)
    assert (run.settings, run.metrics) == ({"paths": 2}, {"ndcg@20": 0.25, "none": None})
    assert run.timings["fit"] == 0.5
    assert run.schema == SNAPSHOT.schema
    assert (run.digest, run.version) == (SNAPSHOT.digest, __version__)
    assert (run.users, run.items, run.interactions) == (25, 12, 0)
    assert run.recommendations == sum(len(row) for row in results_for(SNAPSHOT, seed=1).reasons)
    stored = driver.rows("MATCH (r:GraphRecRun) RETURN properties(r) AS r")[0]["r"]
    assert json.loads(stored["settings"]) == {"paths": 2}


def test_the_vector_index_of_the_current_slot_answers_as_exact_cosine_does(
    database: Database, driver: PlainDriver
) -> None:
    for seed in (1, 2):
        results = results_for(SNAPSHOT, seed, d=8)
        published(database, results)
        items = results.vectors.items / np.linalg.norm(results.vectors.items, axis=1, keepdims=True)
        for row, user in enumerate(SNAPSHOT.users.ids.keys):
            found = driver.rows(
                "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (u:User {id: $id}) "
                "CALL db.index.vector.queryNodes(p.item_index, 12, u[p.user_vector]) YIELD node, score "
                "RETURN node.id AS item",
                id=user,
            )
            exact = np.argsort(-(items @ results.vectors.users[row]))
            assert [line["item"] for line in found] == SNAPSHOT.items.ids.keys_of(exact)
    options = driver.rows("SHOW INDEXES YIELD name, type, state, options WHERE type = 'VECTOR' RETURN *")
    assert {line["name"] for line in options} == {f"graphrec_{k}_vector_{s}" for k in ("user", "item") for s in "ab"}
    assert {line["state"] for line in options} == {"ONLINE"}
    found = {name: value for line in options for name, value in line["options"]["indexConfig"].items()}
    # The 2026 line tells it by another name.
    assert found.get("vector.quantization.type", "NONE") == "NONE"
    assert not found.get("vector.quantization.enabled", False)


def test_publishing_the_same_again_writes_each_slot_once_and_no_relationship(
    database: Database, driver: PlainDriver
) -> None:
    results = results_for(SNAPSHOT, seed=1)
    first = [published(database, results) for _ in range(3)]
    assert [(made.users, made.items) for made in first] == [(25, 12), (25, 12), (0, 0)]
    assert [(made.relationships > 0, made.ended) for made in first] == [(True, 0), (False, 0), (False, 0)]
    assert driver.value("MATCH ()-[r:RECOMMENDED]->() RETURN collect(DISTINCT r.run)") == [1]
    assert_shows(driver, results)


def test_one_changed_user_is_all_that_is_written(database: Database, driver: PlainDriver) -> None:
    results = results_for(SNAPSHOT, seed=1, tag=0.5)
    published(database, results)
    published(database, results)
    scores = results.top.scores.copy()
    scores[3] = 0.75
    changed = replace(results, top=TopK(results.top.items, scores))
    made = published(database, changed)
    assert (made.users, made.items, made.relationships, made.ended) == (1, 0, 3, 3)
    assert_shows(driver, changed)


def test_what_nobody_can_see_any_more_is_deleted(database: Database, driver: PlainDriver) -> None:
    drawn = 0
    for seed in range(4):
        published(database, results_for(SNAPSHOT, seed))
        former, drawn = drawn, len(expected_relationships(SNAPSHOT, results_for(SNAPSHOT, seed)))
        assert driver.value("MATCH ()-[r:RECOMMENDED]->() RETURN count(r)") == former + drawn


def test_a_user_without_a_vector_loses_the_former_one(database: Database, driver: PlainDriver) -> None:
    results = results_for(SNAPSHOT, seed=1)
    for _ in range(2):
        published(database, results)
    users = results.vectors.users.copy()
    users[0] = 0
    made = published(database, replace(results, vectors=Vectors(users, results.vectors.items)))
    assert made.users == 1
    query = (
        "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (u:User) WHERE u[p.user_vector] IS NULL RETURN u.id AS id"
    )
    assert driver.rows(query) == [{"id": SNAPSHOT.users.ids.key(0)}]


def test_vectors_of_another_length_get_an_index_of_their_own(database: Database, driver: PlainDriver) -> None:
    for d in (4, 4, 6, 0):
        published(database, results_for(SNAPSHOT, seed=1, d=d))
    pointer = driver.rows("MATCH (p:GraphRecPointer {name: 'current'}) RETURN p")[0]["p"]
    assert "item_index" not in pointer
    lengths = driver.rows(
        "SHOW INDEXES YIELD name, options, type WHERE type = 'VECTOR' "
        "RETURN name, options.indexConfig['vector.dimensions'] AS d ORDER BY name"
    )
    assert [(line["name"][-1], line["d"]) for line in lengths] == [("a", 6), ("a", 6)]


def test_no_relationships_if_none_are_wanted(database: Database, driver: PlainDriver) -> None:
    results = results_for(SNAPSHOT, seed=1)
    published(database, results)
    none = snapshot_of(SNAPSHOT.users.ids.keys, SNAPSHOT.items.ids.keys, relationships=0)
    published(database, results, none)
    assert seen_relationships(driver) == set()
    assert seen_lists(driver) == expected_lists(none, results)


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


def test_integer_keys_and_people_who_are_recommended_people(database: Database, empty_database: Connection) -> None:
    people = snapshot_of(range(-3, 20), range(-3, 20))
    schema = people.schema.model_copy(update={"recommend": "User"})
    people = GraphSnapshot(schema, people.nodes, people.edges)
    with PlainDriver(empty_database) as driver:
        create(driver, snapshot_of(range(-3, 20), [1]))
        before = dump(driver)
        for seed in (1, 2, 3):
            results = results_for(people, seed)
            published(database, results, people)
            assert seen_lists(driver) == expected_lists(people, results)
            drawn = driver.rows(
                "MATCH (p:GraphRecPointer) MATCH (u:User)-[r:RECOMMENDED]->(i:User) WHERE r.run <= p.run AND "
                "(r.until IS NULL OR r.until > p.run) RETURN u.id, i.id, r.rank, r.score, r.reason"
            )
            assert {tuple(row.values()) for row in drawn} == expected_relationships(people, results)
        assert [node["labels"] for node in before["nodes"]] != []


def test_what_reasons_name_is_drawn_and_drawn_anew_when_it_changes(database: Database, driver: PlainDriver) -> None:
    results, keys = results_for(SNAPSHOT, seed=1), SNAPSHOT.items.ids.keys
    first = replace(results, because=[[([keys[0], "c"], ["Item", "Category"])] * len(row) for row in results.reasons])
    second = replace(first, because=[[([], [])] * len(first.reasons[0]), *first.because[1:]])  # type: ignore[index]
    shown = (
        "MATCH (p:GraphRecPointer) MATCH (u:User)-[r:RECOMMENDED]->() WHERE r.run <= p.run AND "
        "(r.until IS NULL OR r.until > p.run) "
        "RETURN u.id AS user, r.because AS ids, r.because_labels AS labels, r.run AS run"
    )
    published(database, first)
    before = driver.rows(shown)
    assert {(*row["ids"], *row["labels"]) for row in before} == {(keys[0], "c", "Item", "Category")}
    published(database, second)
    after = {(row["user"], row["ids"] is None, row["labels"] is None, row["run"]) for row in driver.rows(shown)}
    hers = SNAPSHOT.users.ids.keys[0]
    assert after == {
        (row["user"], row["user"] == hers, row["user"] == hers, 1 + (row["user"] == hers)) for row in before
    }


def test_another_schema_takes_the_results_of_the_former_one_away(database: Database, driver: PlainDriver) -> None:
    for seed in (1, 2):
        published(database, results_for(SNAPSHOT, seed))
    driver.rows("CREATE CONSTRAINT FOR (n:Client) REQUIRE n.id IS UNIQUE")
    driver.rows("MATCH (u:User) WHERE u.id < 'u10' SET u:Client")
    data = SNAPSHOT.schema.model_dump(by_alias=True)
    data["nodes"]["User"]["label"] = "Client"
    data["results"]["recommended"] = "LIKELY `to` like"
    clients = snapshot_of(SNAPSHOT.users.ids.keys[:10], SNAPSHOT.items.ids.keys)
    clients = GraphSnapshot(type(clients.schema).model_validate(data), clients.nodes, clients.edges)
    for seed in (3, 4, 5):
        results = results_for(clients, seed)
        published(database, results, clients)
        assert seen_relationships(driver, "LIKELY ``to`` like") == expected_relationships(clients, results)
    assert driver.value("MATCH ()-[r:RECOMMENDED]->() RETURN count(r)") == 0
    left = "MATCH (u:User) WHERE NOT u:Client AND any(k IN keys(u) WHERE k STARTS WITH 'graphrec_') RETURN count(u)"
    assert driver.value(left) == 0


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
