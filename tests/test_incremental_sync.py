"""Incremental syncs on a real server: what others changed in Cypher is found, and published as a full sync would."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from published import PlainDriver

from graphrec_neo4j.database import Database
from graphrec_neo4j.refit import RefitRule
from graphrec_neo4j.settings import cache_folder
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.sync import SyncReport, SyncRequest, sync
from graphrec_neo4j.verifying import verify
from loaders.forget import forget
from loaders.from_generator import generate

pytestmark = pytest.mark.live

ANY_CHANGE = RefitRule(share=1.0)
LISTS = (
    "MATCH (now:GraphRecPointer {name: 'current'}) WITH now.run AS run MATCH (p:GraphRecRun {number: run}), (u:User) "
    "RETURN u.id AS user, u[p.items_in] AS items, u[p.scores_in] AS scores, u[p.reasons_in] AS reasons, "
    "u[p.why_in] AS why, u[p.walk_items_in] AS walk_items, u[p.walk_scores_in] AS walk_scores ORDER BY user"
)
DRAWN = (
    "MATCH (now:GraphRecPointer {name: 'current'}) WITH now.run AS run MATCH (u:User)-[r:RECOMMENDED]->(i:Item) "
    "WHERE r.run <= run AND (r.until IS NULL OR r.until > run) "
    "RETURN u.id AS user, i.id AS item, r.rank AS rank, r.reason AS reason ORDER BY user, rank"
)
EDITS = {
    "an edge more": "MATCH (u:User), (i:Item) WHERE NOT EXISTS {(u)-[:INTERACTED]->(i)} WITH u, i ORDER BY u.id, i.id "
    "LIMIT 1 CREATE (u)-[:INTERACTED {weight: 3.0}]->(i)",
    "an edge less": "MATCH (u:User)-[r:INTERACTED]->() WITH r ORDER BY u.id DESC LIMIT 1 DELETE r",
    "a weight": "MATCH (u:User)-[r:INTERACTED]->() WITH r ORDER BY u.id LIMIT 1 SET r.weight = 40.0",
    "a new user": "MATCH (i:Item) WITH i ORDER BY i.id LIMIT 3 MERGE (u:User {id: 'zz-new'}) SET u.name = 'Zed' "
    "CREATE (u)-[:INTERACTED {weight: 1.0}]->(i)",
    "a user gone": "MATCH (u:User) WITH u ORDER BY u.id LIMIT 1 DETACH DELETE u",
    "an item gone": "MATCH (i:Item)<-[r:INTERACTED]-() WITH i, count(r) AS n ORDER BY n DESC LIMIT 1 DETACH DELETE i",
    "a title": "MATCH (i:Item) WITH i ORDER BY i.id LIMIT 1 SET i.name = 'Another Title', i.title = 'Another Title'",
    "a tie": "MATCH (u:User), (v:User) WHERE u.id < v.id AND NOT EXISTS {(u)-[:FOLLOWS]-(v)} WITH u, v "
    "ORDER BY u.id, v.id LIMIT 1 CREATE (u)-[:FOLLOWS]->(v)",
}


@pytest.fixture
def small() -> GraphSnapshot:
    return generate(users=150, items=70, interactions_per_user=8, seed=4).snapshot


def synced(database: Database, schema: Any, model: str, **more: Any) -> SyncReport:
    return sync(database, schema, SyncRequest(model, refit=ANY_CHANGE, **more))


def assert_shows_the_same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    """Equal to 1e-6 in scores, and in everything else but the order of items with the same score."""
    assert [row["user"] for row in one] == [row["user"] for row in other]
    for left, right in zip(one, other, strict=True):
        for name in ("scores", "walk_scores"):
            np.testing.assert_allclose(left[name], right[name], rtol=1e-6, atol=1e-6)
        if len(set(np.round(left["scores"], 6))) == len(left["scores"]):
            assert (left["items"], left["reasons"]) == (right["items"], right["reasons"])


def test_edits_of_every_kind_end_where_a_full_sync_does(
    loaded: Database, driver: PlainDriver, small: GraphSnapshot
) -> None:
    synced(loaded, small.schema, "p3")
    for edit in EDITS.values():
        driver.rows(edit)
        report = synced(loaded, small.schema, "p3")
        assert (report.published, report.learnt["how"]) == (True, "updated")
        assert all(check.ok for check in verify(loaded).checks), [c for c in verify(loaded).checks if not c.ok]
    lists, drawn = driver.rows(LISTS), driver.rows(DRAWN)
    assert "zz-new" in [row["user"] for row in lists]
    forget(loaded)
    assert synced(loaded, small.schema, "p3").learnt["how"] == "fitted"
    assert_shows_the_same(lists, driver.rows(LISTS))
    assert {(row["user"], row["rank"]) for row in drawn} == {(row["user"], row["rank"]) for row in driver.rows(DRAWN)}


def test_only_what_changed_is_written_and_the_rest_is_copied_by_the_server(
    loaded: Database, driver: PlainDriver, small: GraphSnapshot
) -> None:
    users = len(small.users)
    synced(loaded, small.schema, "ease")
    driver.rows(EDITS["an edge more"])
    second = synced(loaded, small.schema, "ease")
    assert second.learnt["reached"] == 1
    explained = second.learnt["explained"]
    assert (second.written["users"], second.written["copied"]) == (explained, users - explained)
    assert second.written["relationships"] <= 10 * explained
    driver.rows(EDITS["a new user"])
    third = synced(loaded, small.schema, "ease")
    assert third.written["users"] <= explained + third.learnt["explained"]
    before = driver.rows(LISTS)
    assert all(check.ok for check in verify(loaded).checks)
    driver.rows(EDITS["a tie"])
    synced(loaded, small.schema, "ease")
    assert [row["items"] for row in driver.rows(LISTS)] == [row["items"] for row in before]


def break_the_lists(driver: PlainDriver) -> None:
    driver.rows("MATCH (u:User) REMOVE u.graphrec_user_digest_a, u.graphrec_user_digest_b")


def lose_the_cache(driver: PlainDriver) -> None:
    shutil.rmtree(cache_folder())


def damage_the_cache(driver: PlainDriver) -> None:
    for path in cache_folder().rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    ("spoil", "because"),
    [
        (lose_the_cache, "not in this user's cache"),
        (damage_the_cache, "not in this user's cache, or damaged"),
        (break_the_lists, "somebody changed what the current run published"),
    ],
)
def test_what_cannot_be_relied_on_is_learnt_anew_and_that_is_said(
    loaded: Database,
    driver: PlainDriver,
    small: GraphSnapshot,
    spoil: Callable[[PlainDriver], None],
    because: str,
) -> None:
    synced(loaded, small.schema, "p3")
    spoil(driver)
    driver.rows(EDITS["an edge more"])
    report = synced(loaded, small.schema, "p3")
    assert (report.published, report.learnt["how"]) == (True, "fitted")
    assert because in report.learnt["because"]
    assert all(check.ok for check in verify(loaded).checks)


def test_the_rule_and_full_learn_everything_anew(loaded: Database, driver: PlainDriver, small: GraphSnapshot) -> None:
    sync(loaded, small.schema, SyncRequest("p3"))
    driver.rows(EDITS["an edge more"])
    report = sync(loaded, small.schema, SyncRequest("p3", refit=RefitRule(share=0.0)))
    assert (report.learnt["how"], "of the edges changed" in report.learnt["because"]) == ("fitted", True)
    driver.rows(EDITS["an edge less"])
    assert sync(loaded, small.schema, SyncRequest("p3", full=True)).learnt["how"] == "fitted"
