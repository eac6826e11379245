"""Publishing on the real server: what readers see is exactly the current run's results, whatever they are."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from one_run import SNAPSHOT, assert_shows, published
from published import (
    PlainDriver,
    create,
    dump,
    expected_lists,
    expected_relationships,
    results_for,
    seen_lists,
    seen_relationships,
    snapshot_of,
)

from graphrec_neo4j import __version__
from graphrec_neo4j.database import Database
from graphrec_neo4j.results import NO_ITEM, TopK, Vectors
from graphrec_neo4j.runs import current_run
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot

pytestmark = pytest.mark.live


@pytest.fixture
def driver(driver: PlainDriver) -> PlainDriver:
    create(driver, SNAPSHOT)
    return driver


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
