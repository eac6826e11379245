"""Edges with a watermark: what is read beside a known graph is what a whole read gives, whatever others did."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from published import PlainDriver

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import SchemaError
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.sync import SyncReport, SyncRequest, sync
from loaders.from_generator import generate
from loaders.from_neo4j import from_neo4j, read_graph
from loaders.loaded import LoadedGraph
from loaders.watermark_store import load_watermarks, save_watermarks
from loaders.watermarks import KnownGraph, Watermark

MARK_ALL = "MATCH ()-[r:INTERACTED]->() SET r.changed_at = 1"
# Each picks by a random number; those that make or change an edge set its watermark, as the schema promises.
EDITS = {
    "add": "MATCH (u:User) WITH u ORDER BY u.id SKIP $n % 100 LIMIT 1 MATCH (i:Item) WITH u, i ORDER BY i.id "
    "SKIP $n % 60 LIMIT 1 CREATE (u)-[:INTERACTED {weight: 3.0, changed_at: $now}]->(i)",
    "delete": "MATCH (:User)-[r:INTERACTED]->() WITH r ORDER BY r.weight SKIP $n % 300 LIMIT 1 DELETE r",
    "reweigh": "MATCH (u:User)-[r:INTERACTED]->(i) WITH u, r, i ORDER BY u.id, i.id SKIP $n % 300 LIMIT 1 "
    "SET r.weight = toFloat($n), r.changed_at = $now",
    "rename a user": "MATCH (u:User) WITH u ORDER BY u.id SKIP $n % 99 LIMIT 1 SET u.id = 'renamed ' + $now + '-' + $n",
    "rename an item": "MATCH (i:Item) WITH i ORDER BY i.id SKIP $n % 9 LIMIT 1 SET i.id = 'renamed ' + $now + '-' + $n",
    "delete a user": "MATCH (u:User) WITH u ORDER BY u.id SKIP $n % 90 LIMIT 1 DETACH DELETE u",
    "delete an item": "MATCH (i:Item) WITH i ORDER BY i.id SKIP $n % 50 LIMIT 1 DETACH DELETE i",
    "an item of another kind": "MATCH (i:Item) WITH i ORDER BY i.id SKIP $n % 50 LIMIT 1 REMOVE i:Item SET i:Shelved",
    "items of that kind again": "MATCH (i:Shelved) REMOVE i:Shelved SET i:Item",
    "a new user": "MATCH (i:Item) WITH i ORDER BY i.id LIMIT 3 MERGE (u:User {id: 'new ' + $now}) "
    "CREATE (u)-[:INTERACTED {changed_at: $now}]->(i)",
    "merge users": "MATCH (u:User) WITH u ORDER BY u.id SKIP $n % 90 LIMIT 2 WITH collect(u) AS two "
    "WITH two[0] AS kept, two[1] AS gone CALL (kept, gone) { MATCH (gone)-[r:INTERACTED]->(i) "
    "CREATE (kept)-[:INTERACTED {weight: r.weight, time: r.time, changed_at: $now}]->(i) } DETACH DELETE gone",
    "a title": "MATCH (i:Item) WITH i ORDER BY i.id LIMIT 1 SET i.title = 'Title ' + $now",
}


@pytest.fixture
def small() -> GraphSnapshot:
    return generate(users=120, items=70, interactions_per_user=8, seed=4).snapshot


@pytest.fixture
def marked(small: GraphSnapshot) -> GraphSchema:
    kind = small.schema.edges["INTERACTED"].model_copy(update={"watermark": "changed_at"})
    return small.schema.model_copy(update={"edges": {**small.schema.edges, "INTERACTED": kind}})


def known(loaded: LoadedGraph) -> KnownGraph:
    return KnownGraph(loaded.snapshot, loaded.marks)


@pytest.mark.live
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_whatever_others_did_is_read_as_if_everything_was(
    loaded: Database, driver: PlainDriver, marked: GraphSchema, seed: int, index: bool
) -> None:
    driver.rows(MARK_ALL)
    if index:
        driver.rows("CREATE INDEX marks FOR ()-[r:INTERACTED]-() ON (r.changed_at)")
    random = np.random.default_rng(seed)
    latest, picked = read_graph(loaded, marked), 0
    for now in range(2, 26):
        for edit in random.choice(list(EDITS), size=int(random.integers(1, 4))):
            driver.rows(EDITS[edit], n=int(random.integers(1000)), now=now)
        latest = read_graph(loaded, marked, known=known(latest))
        whole = from_neo4j(loaded, marked)
        assert latest.snapshot == whole, (now, edit)
        picked += latest.read_again["INTERACTED"] < len(whole.users)
    assert picked > 15
    assert latest.marks["INTERACTED"].highest is not None


@pytest.mark.live
def test_only_sources_that_may_differ_are_read_and_every_so_often_all_are(
    loaded: Database, driver: PlainDriver, marked: GraphSchema
) -> None:
    def synced(**more: Any) -> SyncReport:
        return sync(loaded, marked, SyncRequest("p3", whole_every=4, **more))

    driver.rows(MARK_ALL + " WITH r LIMIT 1 SET r.changed_at = 2")
    users = synced().read["read_again"]["INTERACTED"]
    assert synced().read["read_again"]["INTERACTED"] == 1
    # What keeps an older watermark is what only a whole read finds.
    driver.rows(
        "MATCH (u:User)-[r:INTERACTED]->() WHERE NOT EXISTS { (u)-[:INTERACTED {changed_at: 2}]->() } "
        "WITH r LIMIT 1 SET r.weight = 77.0"
    )
    reports = [synced() for _ in range(3)]
    assert [report.read["read_again"]["INTERACTED"] for report in reports] == [1, 1, users]
    assert [report.published for report in reports] == [False, False, True]
    assert synced(full=True).read["read_again"]["INTERACTED"] == users


@pytest.mark.live
def test_a_watermark_that_no_order_is_known_of_is_refused(
    loaded: Database, driver: PlainDriver, marked: GraphSchema
) -> None:
    driver.rows(MARK_ALL.replace("= 1", "= 'yesterday'"))
    with pytest.raises(SchemaError, match="the watermark 'changed_at' of INTERACTED is 'yesterday'"):
        read_graph(loaded, marked)


@pytest.mark.parametrize(
    "highest", [None, 3, 2.5, date(2026, 12, 1), datetime(2026, 12, 1, 4, 5, 6, 789), datetime.now(UTC)]
)
def test_watermarks_come_back_from_disk_as_they_were(tmp_path: Path, highest: Any) -> None:
    path = tmp_path / "store" / "watermarks.npz"
    save_watermarks(path, {"BOUGHT": Watermark(highest, np.arange(4)), "SEEN": Watermark(7, np.arange(2))}, 3)
    found = load_watermarks(path)
    assert found is not None
    marks, reads = found
    assert (reads, marks["BOUGHT"].highest, marks["SEEN"].highest) == (3, highest, 7)
    assert marks["BOUGHT"].degrees.tolist() == [0, 1, 2, 3]
    path.write_bytes(path.read_bytes()[:-40])
    assert load_watermarks(path) is None


def test_a_path_has_no_watermark() -> None:
    with pytest.raises(SchemaError, match=r"edges\.RATED has a watermark, which only a relationship can"):
        GraphSchema.parse(
            """
            recommend_to = "User"
            recommend = "Item"
            [nodes.User]
            [nodes.Item]
            [edges.RATED]
            from = "User"
            to = "Item"
            via = { label = "Rating", first = "GAVE", second = "OF" }
            watermark = "at"
            """
        )
