"""A graph to publish made-up results of, and what everybody must see afterwards."""

from __future__ import annotations

from published import (
    PlainDriver,
    expected_lists,
    expected_relationships,
    seen_lists,
    seen_relationships,
    snapshot_of,
)

from graphrec_neo4j.database import Database
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.results import Results
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.results_to_neo4j import Published, RunDraft, publish

SNAPSHOT = snapshot_of([f"u{n:02d}" for n in range(25)], [f"i{n:02d}" for n in range(12)])
DRAFT = RunDraft("p3", {"paths": 2}, seed=7, timings={"fit": 0.5})


def published(database: Database, results: Results, snapshot: GraphSnapshot = SNAPSHOT) -> Published:
    with Lease(database) as lease:
        return publish(database, snapshot, results, DRAFT, lease)


def assert_shows(driver: PlainDriver, results: Results, snapshot: GraphSnapshot = SNAPSHOT) -> None:
    assert seen_lists(driver) == expected_lists(snapshot, results)
    assert seen_relationships(driver) == expected_relationships(snapshot, results)
