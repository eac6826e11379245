"""sync: the whole circle on a real Neo4j, against arithmetic that knows nothing of this package."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import neo4j
import numpy as np
import pytest
from scipy import sparse

from graphrec_neo4j.answers import explain_pair
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import ModelError, PublishError, SchemaError
from graphrec_neo4j.runs import current_run
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.forget import forget
from loaders.from_generator import generate

pytestmark = pytest.mark.live


@pytest.fixture
def small() -> GraphSnapshot:
    return generate(users=220, items=90, interactions_per_user=10, seed=3).snapshot


def plainly(connection: Connection, cypher: str, **parameters: object) -> list[dict]:
    """Ask as an application would, with the driver alone."""
    with neo4j.GraphDatabase.driver(connection.uri, auth=(connection.username, connection.password)) as driver:
        records, _, _ = driver.execute_query(cypher, parameters, database_=connection.database)
        return [record.data() for record in records]


def dense_p3(snapshot: GraphSnapshot) -> np.ndarray:
    """User-Item-User-Item transition probabilities by scipy, from the edge arrays alone."""
    edges = snapshot.edges["INTERACTED"]
    assert edges.weight is not None
    shape = (len(snapshot.users), len(snapshot.items))
    strength = sparse.csr_matrix((np.log1p(edges.weight), (edges.source, edges.target)), shape=shape).toarray()
    to_item = strength / np.maximum(strength.sum(axis=1, keepdims=True), 1e-300)
    to_user = strength.T / np.maximum(strength.T.sum(axis=1, keepdims=True), 1e-300)
    return to_item @ to_user @ to_item


def test_published_scores_equal_scipy_as_a_plain_driver_reads_them(loaded: Database, small: GraphSnapshot) -> None:
    report = sync(loaded, small.schema, SyncRequest("p3"))
    assert report.published
    assert report.run == 1
    expected = dense_p3(small)
    seen = small.seen.toarray() > 0
    rows = plainly(
        loaded.connection,
        "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (u:User) "
        "RETURN u.id AS user, u[p.items] AS items, u[p.scores] AS scores",
    )
    assert len(rows) == len(small.users)
    for row in rows:
        user = small.users.ids.row(row["user"])
        want = np.where(seen[user], -np.inf, expected[user])
        listed = small.items.ids.rows_of(row["items"])
        assert not seen[user][listed].any()
        reached = np.array(row["scores"]) > 0
        np.testing.assert_allclose(np.array(row["scores"])[reached], want[listed][reached], rtol=1e-5)
        best = np.sort(want)[::-1][: reached.sum()]
        np.testing.assert_allclose(np.array(row["scores"])[reached], best, rtol=1e-5)


def test_contributions_as_stored_add_up_to_the_published_score(loaded: Database, small: GraphSnapshot) -> None:
    sync(loaded, small.schema, SyncRequest("p3"))
    row = plainly(
        loaded.connection,
        "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (u:User) WITH u, p ORDER BY u.id LIMIT 1 "
        "RETURN u[p.scores][0] AS score, u[p.why][0] AS why",
    )[0]
    lines = row["why"].split("\n")
    total, exact, other = lines[0].split("\t")
    parts = [float(line.split("\t")[0]) for line in lines[1:] if "\t" in line and line[0].isdigit()]
    assert exact == "1"
    assert float(total) == pytest.approx(row["score"], rel=1e-6)
    assert sum(parts) + float(other) == pytest.approx(float(total), rel=1e-6)


def test_a_second_sync_of_the_same_graph_publishes_nothing(loaded: Database, small: GraphSnapshot) -> None:
    first = sync(loaded, small.schema, SyncRequest("p3"))
    second = sync(loaded, small.schema, SyncRequest("p3"))
    assert not second.published
    assert (second.run, second.uuid) == (first.run, first.uuid)
    assert not any(second.changed.values())


def test_full_publishes_anyway_and_writes_only_what_the_other_slot_lacks(
    loaded: Database, small: GraphSnapshot
) -> None:
    sync(loaded, small.schema, SyncRequest("p3"))
    second = sync(loaded, small.schema, SyncRequest("p3", full=True))
    third = sync(loaded, small.schema, SyncRequest("p3", full=True))
    assert (second.run, third.run) == (2, 3)
    assert second.written["relationships"] == third.written["relationships"] == 0
    assert third.written["users"] == third.written["items"] == 0


def test_another_model_another_seed_or_a_changed_edge_is_a_change(loaded: Database, small: GraphSnapshot) -> None:
    sync(loaded, small.schema, SyncRequest("p3"))
    assert sync(loaded, small.schema, SyncRequest("rp3beta", dry_run=True)).changed["model"]
    assert sync(loaded, small.schema, SyncRequest("p3", seed=1, dry_run=True)).changed["model"]
    plainly(loaded.connection, "MATCH (:User)-[r:INTERACTED]->(:Item) WITH r LIMIT 1 DELETE r")
    assert sync(loaded, small.schema, SyncRequest("p3", dry_run=True)).changed["graph"]


def test_a_dry_run_writes_nothing(loaded: Database, small: GraphSnapshot) -> None:
    assert not sync(loaded, small.schema, SyncRequest("p3", dry_run=True)).published
    assert plainly(loaded.connection, "MATCH (n) WHERE n:GraphRecRun OR n:GraphRecPointer RETURN n") == []
    assert current_run(loaded) is None


@pytest.mark.parametrize("model", ["popularity", "rp3beta", "ppr", "spectral", "auto"])
def test_every_model_publishes_whole_lists_and_vectors(loaded: Database, small: GraphSnapshot, model: str) -> None:
    report = sync(loaded, small.schema, SyncRequest(model))
    assert report.published
    row = plainly(
        loaded.connection,
        "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (u:User) "
        "RETURN min(size(u[p.items])) AS items, min(size(u[p.reasons])) AS reasons, "
        "count(u[p.user_vector]) AS vectors, count(u) AS users",
    )[0]
    assert row["items"] == row["reasons"] == 20
    assert row["vectors"] == row["users"] == len(small.users)


def test_forget_after_sync_leaves_the_graph_as_it_was(loaded: Database, small: GraphSnapshot) -> None:
    dump = (
        "MATCH (n) OPTIONAL MATCH (n)-[r]->(m) "
        "RETURN labels(n) AS l, properties(n) AS p, type(r) AS t, properties(r) AS q, m.id AS m"
    )

    def everything() -> list[str]:
        rows = plainly(loaded.connection, dump) + plainly(loaded.connection, "SHOW INDEXES YIELD name, type")
        return sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)

    before = everything()
    sync(loaded, small.schema, SyncRequest("p3"))
    sync(loaded, small.schema, SyncRequest("spectral"))
    assert everything() != before
    forget(loaded)
    assert everything() == before


def test_a_pair_that_is_not_published_is_explained_by_the_kept_model(loaded: Database, small: GraphSnapshot) -> None:
    sync(loaded, small.schema, SyncRequest("p3"))
    expected = dense_p3(small)
    user = small.users.ids.key(0)
    item_row = int(np.argsort(np.where(expected[0] > 0, expected[0], np.inf))[0])
    described, refitted = explain_pair(loaded, user, small.items.ids.key(item_row))
    assert not refitted
    assert described.score == pytest.approx(expected[0, item_row], rel=1e-5)
    assert sum(reason.score for reason in described.reasons) + described.other == pytest.approx(described.score)


def test_after_the_graph_changed_the_model_is_fitted_again_and_that_is_said(
    loaded: Database, small: GraphSnapshot
) -> None:
    sync(loaded, small.schema, SyncRequest("p3"))
    plainly(loaded.connection, "MATCH (:User)-[r:INTERACTED]->(:Item) WITH r LIMIT 1 DELETE r")
    _, refitted = explain_pair(loaded, small.users.ids.key(0), small.items.ids.key(0))
    assert refitted


def test_a_kept_model_of_another_release_is_fitted_again(
    loaded: Database, small: GraphSnapshot, tmp_path: Path
) -> None:
    sync(loaded, small.schema, SyncRequest("spectral"))
    [kept] = (tmp_path / "cache").rglob("model.npz")
    with np.load(kept) as arrays:
        others = {f"former_{name}": arrays[name] for name in arrays.files}
    np.savez(kept, **others)
    pair = small.users.ids.key(0), small.items.ids.key(0)
    described, refitted = explain_pair(loaded, *pair)
    assert refitted
    sync(loaded, small.schema, SyncRequest("spectral", full=True))
    assert explain_pair(loaded, *pair) == (described, False)


def test_what_became_of_the_graph_is_told_in_numbers(loaded: Database, small: GraphSnapshot, tmp_path: Path) -> None:
    first = sync(loaded, small.schema, SyncRequest("p3"))
    assert first.edited is None
    [gone] = plainly(
        loaded.connection,
        """MATCH (u:User)-[r:INTERACTED]->(i:Item) WITH u, r, i ORDER BY u.id, i.id LIMIT 1 DELETE r
           WITH u MATCH (i:Item) WHERE NOT EXISTS { (u)-[:INTERACTED]->(i) } WITH u, i ORDER BY i.id DESC LIMIT 2
           CREATE (u)-[:INTERACTED {weight: 1.0}]->(i) RETURN count(*) AS made""",
    )
    plainly(loaded.connection, "CREATE (:User {id: 'somebody new', name: 'New'})")
    plainly(loaded.connection, "MATCH (i:Item) WITH i ORDER BY i.id LIMIT 3 SET i.title = 'another title of ' + i.id")
    told = {
        "nodes": {
            "User": {"added": 1, "removed": 0, "changed": 0},
            "Item": {"added": 0, "removed": 0, "changed": 3},
        },
        "edges": {"INTERACTED": {"added": gone["made"], "removed": 1, "changed": 0}},
    }
    assert sync(loaded, small.schema, SyncRequest("p3", dry_run=True)).edited == told
    [kept] = (tmp_path / "cache").rglob("snapshot.npz")
    kept.write_bytes(kept.read_bytes()[:-20])
    again = sync(loaded, small.schema, SyncRequest("p3"))
    assert (again.published, again.edited) == (True, None)
    assert sync(loaded, small.schema, SyncRequest("p3")).edited is None


def test_nothing_published_is_one_sentence(loaded: Database) -> None:
    with pytest.raises(PublishError, match="run graphrec-neo4j sync first"):
        explain_pair(loaded, "nobody", "nothing")


def test_an_unknown_model_and_setting_fail_before_anything_is_read(loaded: Database, small: GraphSnapshot) -> None:
    with pytest.raises(ModelError, match="the nearest is 'spectral'"):
        sync(loaded, small.schema, SyncRequest("spectrl"))
    with pytest.raises(ModelError, match="has no setting"):
        sync(loaded, small.schema, SyncRequest("spectral", {"dimension": 3}))


def test_a_schema_that_does_not_fit_names_the_nearest_label(loaded: Database, small: GraphSnapshot) -> None:
    text = small.schema.to_json().replace('"label":"User"', '"label":"Usr"')
    with pytest.raises(SchemaError, match=r"Usr.*'User'"):
        sync(loaded, GraphSchema.from_json(text), SyncRequest("p3"))


def test_jobs_by_skill_work_without_any_interaction(empty_database: Connection) -> None:
    schema = GraphSchema.parse(
        'recommend_to = "Member"\nrecommend = "Job"\n[nodes.Member]\n[nodes.Job]\n[nodes.Skill]\n'
        '[edges.HAS_SKILL]\nfrom = "Member"\nto = "Skill"\n[edges.REQUIRES]\nfrom = "Job"\nto = "Skill"\n'
    )
    plainly(
        empty_database,
        "CREATE (m:Member {id: 'ada'}), (a:Skill {id: 'algebra'}), (b:Skill {id: 'brewing'}), (x:Job {id: 'analyst'}), "
        "(y:Job {id: 'brewer'}), (m)-[:HAS_SKILL]->(a), (x)-[:REQUIRES]->(a), (y)-[:REQUIRES]->(b)",
    )
    with Database(empty_database) as database:
        (
            database.command(_constraint("Member")),
            database.command(_constraint("Job")),
            database.command(_constraint("Skill")),
        )
        assert sync(database, schema, SyncRequest("auto")).published
    row = plainly(
        empty_database,
        "MATCH (p:GraphRecPointer), (u:Member) "
        "RETURN u[p.items] AS items, u[p.scores] AS scores, u[p.reasons] AS reasons",
    )[0]
    assert row["items"] == ["analyst", "brewer"]
    assert row["scores"][0] > row["scores"][1] == 0
    assert "algebra" in row["reasons"][0]


def _constraint(label: str) -> object:
    from graphrec_neo4j.queries import Statement

    return Statement("constraint", f"CREATE CONSTRAINT FOR (n:{label}) REQUIRE n.id IS UNIQUE", "schema")


@pytest.mark.parametrize("after", [0.3, 1.0, 2.0])
def test_a_killed_sync_leaves_the_former_generation_and_the_next_one_succeeds(
    loaded: Database, small: GraphSnapshot, after: float
) -> None:
    sync(loaded, small.schema, SyncRequest("p3"))
    lists = (
        "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (u:User) "
        "RETURN u.id AS user, u[p.items] AS items ORDER BY user"
    )
    before = plainly(loaded.connection, lists)
    connection = loaded.connection
    code = "from graphrec_neo4j.cli import main; main()"
    arguments = ["sync", "--model", "spectral", "--full", "--uri", connection.uri, "--password", connection.password]
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    child.wait()
    if current_run(loaded).model == "p3":  # type: ignore[union-attr]
        assert plainly(loaded.connection, lists) == before
    report = sync(loaded, small.schema, SyncRequest("rp3beta", wait=40))
    assert report.published
    marks = plainly(
        loaded.connection,
        "MATCH ()-[r:RECOMMENDED]->() RETURN collect(DISTINCT r.run) AS runs, collect(DISTINCT r.until) AS ends",
    )[0]
    known = {run.number for run in [current_run(loaded)] if run} | {1, report.run, report.run - 1}  # type: ignore[operator]
    assert set(marks["runs"]) | set(marks["ends"]) <= known
