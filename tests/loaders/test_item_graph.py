"""The item graph on the real server: SIMILAR relationships live as the recommended ones do. Lists without vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from published import (
    PlainDriver,
    create,
    dump,
    expected_relationships,
    expected_similar,
    neighbours_for,
    results_for,
    seen_relationships,
    seen_similar,
    snapshot_of,
)

from graphrec_neo4j import runs
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.results import Neighbours, Results, TopK
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.forget import forget
from loaders.result_names import check_ready
from loaders.results_to_neo4j import Published, RunDraft, publish

pytestmark = pytest.mark.live

USERS, ITEMS = [f"u{n:02d}" for n in range(8)], [f"i{n:02d}" for n in range(12)]
SNAPSHOT = snapshot_of(USERS, ITEMS)
STORED = "MATCH ()-[r:SIMILAR]->() RETURN count(r)"


@pytest.fixture
def database(empty_database: Connection) -> Iterator[Database]:
    with Database(empty_database) as connected:
        yield connected


@pytest.fixture
def driver(driver: PlainDriver) -> PlainDriver:
    create(driver, SNAPSHOT)
    return driver


def with_graph(nearest: Neighbours | None, snapshot: GraphSnapshot = SNAPSHOT) -> Results:
    return replace(results_for(snapshot, seed=1, d=0), similar=nearest)


def published(database: Database, nearest: Neighbours | None, snapshot: GraphSnapshot = SNAPSHOT) -> Published:
    with Lease(database) as lease:
        return publish(database, snapshot, with_graph(nearest, snapshot), RunDraft("item-knn"), lease)


def shown(nearest: Neighbours, snapshot: GraphSnapshot = SNAPSHOT) -> set[tuple]:
    return expected_similar(snapshot, nearest)


def test_only_what_differs_begins_and_ends_over_three_runs(database: Database, driver: PlainDriver) -> None:
    graphs = [neighbours_for(12, seed) for seed in (1, 2, 3)]
    before: set[tuple] = set()
    for nearest in graphs:
        now = shown(nearest)
        made = published(database, nearest)
        assert seen_similar(driver) == now
        assert (made.similar, made.similar_ended) == (len(now - before), len(before - now))
        assert (made.relationships > 0, made.ended) == (made.run == 1, 0)
        before = now
    kept = shown(graphs[0]) & shown(graphs[1]) & shown(graphs[2])
    since = "MATCH (i)-[r:SIMILAR {run: 1}]->(o) WHERE r.until IS NULL RETURN i.id, o.id, r.rank, r.score, r.count"
    assert kept
    assert {tuple(row.values()) for row in driver.rows(since)} == kept
    assert driver.value(STORED) == len(shown(graphs[1]) | shown(graphs[2]))
    current = runs.current_run(database)
    assert current is not None
    assert current.similar == runs.status(database)["similar"] == len(before)


def test_the_same_graph_again_fills_each_slot_once_and_writes_no_relationship(
    database: Database, driver: PlainDriver
) -> None:
    made = [published(database, neighbours_for(12, 1)) for _ in range(3)]
    assert [(run.items, run.similar, run.similar_ended) for run in made] == [
        (12, len(shown(neighbours_for(12, 1))), 0),
        (12, 0, 0),
        (0, 0, 0),
    ]
    assert driver.value("MATCH ()-[r:SIMILAR]->() RETURN collect(DISTINCT [r.run, r.until])") == [[1, None]]


def test_one_changed_list_is_all_that_is_written(database: Database, driver: PlainDriver) -> None:
    items = np.array([[(n + 1) % 12, (n + 2) % 12] for n in range(12)], dtype=np.int32)
    nearest = Neighbours(TopK(items, np.full((12, 2), 0.5, np.float32)), np.full((12, 2), 3))
    for _ in range(2):
        published(database, nearest)
    counts = nearest.counts.copy()
    counts[5, 1] = 4
    made = published(database, replace(nearest, counts=counts))
    assert (made.users, made.items, made.similar, made.similar_ended) == (0, 1, 1, 1)
    assert seen_similar(driver) == shown(replace(nearest, counts=counts))


def test_a_model_without_an_item_graph_ends_it_and_rollback_shows_it_again(
    database: Database, driver: PlainDriver
) -> None:
    nearest = neighbours_for(12, 1)
    published(database, nearest)
    made = published(database, None)
    assert (made.similar, made.similar_ended) == (0, len(shown(nearest)))
    assert seen_similar(driver) == set()
    assert runs.rollback(database).similar == len(shown(nearest))
    assert seen_similar(driver) == shown(nearest)
    for _ in range(2):
        published(database, None)
    assert driver.value(STORED) == 0
    assert driver.value("MATCH (i:Item) RETURN count(i.graphrec_similar_digest_a)") == 0


@pytest.mark.parametrize("wanted", [0, 1, 50])
def test_as_many_neighbours_are_drawn_as_the_schema_says(database: Database, driver: PlainDriver, wanted: int) -> None:
    nearest = neighbours_for(12, 1)
    few = snapshot_of(USERS, ITEMS, neighbours=wanted)
    for snapshot in (SNAPSHOT, few, SNAPSHOT):
        published(database, nearest, snapshot)
        assert seen_similar(driver) == shown(nearest, snapshot)
    assert max((row[2] for row in shown(nearest, few)), default=0) == min(wanted, 4)


def test_items_that_are_gone_or_new(database: Database, driver: PlainDriver) -> None:
    published(database, neighbours_for(12, 1))
    driver.rows("MATCH (i:Item {id: 'i03'}) DETACH DELETE i")
    made = published(database, neighbours_for(12, 2))
    assert made.missing_items == 1
    assert seen_similar(driver) == {row for row in shown(neighbours_for(12, 2)) if "i03" not in row[:2]}
    driver.rows("MATCH (i:Item {id: 'i05'}) REMOVE i:Item SET i:Retired CREATE (:Item {id: 'new'})")
    fewer = snapshot_of(USERS, [*(key for key in ITEMS if key not in ("i03", "i05")), "new"])
    for seed in (3, 4):
        published(database, neighbours_for(11, seed), fewer)
        assert seen_similar(driver) == shown(neighbours_for(11, seed), fewer)


@pytest.mark.parametrize(
    "tampering",
    [
        "MATCH (:Item {id: 'i01'})-[r:SIMILAR]->() DELETE r",
        "MATCH (:Item {id: 'i01'})-[r:SIMILAR]->() SET r.until = 1",
        "MATCH (i:Item {id: 'i01'}), (o:Item {id: 'i02'}) CREATE (i)-[:SIMILAR {run: 1, rank: 9}]->(o)",
        "MATCH (i:Item {id: 'i01'}) CREATE (i)-[:SIMILAR {run: 1, rank: 1}]->(:Thing)",
        "MATCH (i:Item)-[r:SIMILAR]->(o) CREATE (i)-[c:SIMILAR]->(o) SET c = properties(r)",
    ],
)
def test_what_others_did_to_the_item_graph_is_mended_by_the_next_run(
    database: Database, driver: PlainDriver, tampering: str
) -> None:
    items = np.array([[(n + 1) % 12, (n + 2) % 12] for n in range(12)], dtype=np.int32)
    nearest = Neighbours(TopK(items, np.full((12, 2), 0.5, np.float32)), np.full((12, 2), 3))
    published(database, nearest)
    driver.rows(tampering)
    published(database, nearest)
    assert seen_similar(driver) == shown(nearest)


def test_people_who_are_recommended_people_have_a_graph_of_people(
    database: Database, empty_database: Connection
) -> None:
    people = snapshot_of(range(-3, 10), range(-3, 10))
    schema = people.schema.model_copy(update={"recommend": "User"})
    people = GraphSnapshot(schema, people.nodes, people.edges)
    with PlainDriver(empty_database) as driver:
        create(driver, snapshot_of(range(-3, 10), [1]))
        before = dump(driver)
        for seed in (1, 2, None, 3):
            nearest = None if seed is None else neighbours_for(13, seed)
            published(database, nearest, people)
            assert seen_similar(driver, label="User") == (shown(nearest, people) if nearest else set())
            drawn = driver.rows("MATCH (u:User)-[r:RECOMMENDED]->(i:User) RETURN u.id, i.id, r.rank, r.score, r.reason")
            assert {tuple(row.values()) for row in drawn} == expected_relationships(people, with_graph(None, people))
        forget(database)
        assert dump(driver) == before


def test_other_names_end_what_was_drawn_under_the_former_ones(database: Database, driver: PlainDriver) -> None:
    before = dump(driver)
    swapped = snapshot_of(USERS, ITEMS, recommended="SIMILAR", similar="RECOMMENDED")
    renamed = snapshot_of(USERS, ITEMS, recommended="FOR `you`", similar="LIKE \\ it")
    recommended = expected_relationships(SNAPSHOT, with_graph(None))
    for seed, snapshot in enumerate((SNAPSHOT, swapped, renamed, renamed, SNAPSHOT)):
        nearest, names = neighbours_for(12, seed), snapshot.schema.results
        published(database, nearest, snapshot)
        kinds = [name.replace("`", "``").replace("\\", "\\u005C") for name in (names.similar, names.recommended)]
        assert seen_similar(driver, kinds[0]) == shown(nearest, snapshot)
        assert seen_relationships(driver, kinds[1]) == recommended
        if snapshot is renamed:
            assert seen_similar(driver) == seen_similar(driver, "RECOMMENDED") == set()
    forget(database)
    assert dump(driver) == before


@pytest.mark.parametrize("made_by", ["nobody", "a run of theirs"])
def test_similar_relationships_that_are_not_ours_are_refused_before_anything_is_written(
    database: Database, driver: PlainDriver, made_by: str
) -> None:
    properties = "{score: 0.5}" if made_by == "nobody" else "{score: 0.5, run: 3}"
    driver.rows(f"MATCH (i:Item {{id: 'i01'}}), (o:Item {{id: 'i02'}}) CREATE (i)-[:SIMILAR {properties}]->(o)")
    before = dump(driver)
    message = r"'SIMILAR' relationships that graphrec-neo4j did not make.*\[results\] similar = "
    with Lease(database) as lease, pytest.raises(PublishError, match=message):
        publish(database, SNAPSHOT, with_graph(neighbours_for(12, 1)), RunDraft("item-knn"), lease)
    after = dump(driver)
    assert after["edges"] == before["edges"]
    assert [node for node in after["nodes"] if node["labels"] != ["GraphRecPointer"]] == before["nodes"]


def test_a_type_of_the_graph_itself_is_refused(database: Database, driver: PlainDriver) -> None:
    with pytest.raises(PublishError, match=r"edges\.FOLLOWS.*\[results\] similar = "):
        check_ready(database, snapshot_of(USERS, ITEMS, similar="FOLLOWS").schema)
