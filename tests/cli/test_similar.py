"""``similar`` where the last sync published an item graph, against counts and cosines of dense arrays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import neo4j
import numpy as np
import pytest
from click.testing import CliRunner, Result
from world import music

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.models.item_knn import ItemKNNSettings
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.sync import SyncReport, SyncRequest, sync
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live

Call = Callable[..., Result]
WANTED = 5
MODEL = SyncRequest(model="item-knn", full=True)


@pytest.fixture(scope="module")
def graph() -> GraphSnapshot:
    """The music of the other commands' tests, of which 5 neighbours an artist are drawn."""
    made = music()
    data = made.schema.model_dump(by_alias=True)
    data["results"]["neighbours"] = WANTED
    return GraphSnapshot(GraphSchema.model_validate(data), made.nodes, made.edges)


@pytest.fixture(scope="module")
def synced(
    neo4j_connection: Connection, wipe_database: Callable[[], None], graph: GraphSnapshot, tmp_path_factory
) -> Iterator[tuple[Database, SyncReport]]:
    with pytest.MonkeyPatch.context() as patch, Database(neo4j_connection) as database:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        wipe_database()
        to_neo4j(database, graph)
        yield database, sync(database, graph.schema, MODEL)


@pytest.fixture
def call(neo4j_connection: Connection, synced: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.chdir(tmp_path)
    options = ["--uri", neo4j_connection.uri, "--password", neo4j_connection.password]
    return lambda *arguments: CliRunner().invoke(cli, [*arguments, *options])


def test_what_is_similar_comes_from_the_item_graph(graph: GraphSnapshot, call: Call) -> None:
    liked = (graph.interactions > 0).toarray().astype(float)
    shared = liked.T @ liked
    degrees = np.maximum(liked.sum(axis=0), 1)
    cosines = shared / (np.sqrt(np.outer(degrees, degrees)) + ItemKNNSettings().shrinkage)
    np.fill_diagonal(cosines, 0)
    for key in ("a05", "a17"):
        item = graph.items.ids.row(key)
        said = call("similar", key, "--k", str(WANTED), "--json")
        listed = json.loads(said.stdout)
        rows = graph.items.ids.rows_of([row["item"] for row in listed])
        assert (said.exit_code, said.stderr) == (0, "")
        assert [list(row) for row in listed] == [["rank", "item", "title", "score", "count"]] * WANTED
        assert [row["rank"] for row in listed] == [1, 2, 3, 4, 5]
        assert [row["score"] for row in listed] == pytest.approx(np.sort(cosines[item])[::-1][:WANTED], rel=1e-5)
        assert [row["score"] for row in listed] == pytest.approx(cosines[item, rows], rel=1e-5)
        assert [row["count"] for row in listed] == shared[item, rows].tolist()
        assert json.loads(call("query", "similar_in_graph", f"item_id={key}", "k=5", "--json").stdout) == listed


def test_more_than_is_drawn_is_what_there_is_and_one_line(call: Call) -> None:
    said = call("similar", "a05", "--json")
    assert (said.exit_code, len(json.loads(said.stdout))) == (0, WANTED)
    assert said.stderr == "only 5 neighbours are published for Artist 'a05', so 10 cannot be shown.\n"


def test_people_see_a_table_with_the_counts(call: Call) -> None:
    said = call("similar", "a05", "--k", "3")
    assert said.exit_code == 0
    assert all(name in said.stdout for name in ("rank", "item", "title", "score", "count"))


def test_an_item_that_nobody_touched_has_neither_neighbours_nor_a_vector(call: Call) -> None:
    said = call("similar", "a00", "--json")
    assert (said.exit_code, json.loads(said.stdout)) == (0, [])
    assert "has no published vector" in said.stderr


def test_an_item_that_is_not_there_is_one_sentence(call: Call) -> None:
    said = call("similar", "nothing")
    assert str(said.exception) == "there is no Artist with id 'nothing' in the database."


def test_an_item_that_is_not_in_the_graph_is_answered_by_vectors(driver: neo4j.Driver, call: Call) -> None:
    driver.execute_query("MATCH (:Artist {no: 'a07'})-[r:SIMILAR]->() SET r.run = r.run + 1000")
    said = call("similar", "a07", "--k", "9", "--json")
    driver.execute_query("MATCH (:Artist {no: 'a07'})-[r:SIMILAR]->() SET r.run = r.run - 1000")
    listed = json.loads(said.stdout)
    assert [list(row) for row in listed] == [["rank", "item", "title", "score"]] * 9
    assert listed == json.loads(call("query", "similar_items", "item_id=a07", "k=9", "--json").stdout)


def test_sync_counts_what_it_drew_and_draws_nothing_twice(
    graph: GraphSnapshot, synced: tuple[Database, SyncReport], call: Call
) -> None:
    database, first = synced
    drawn = json.loads(call("status", "--json").stdout)["similar"]
    assert 0 < drawn <= WANTED * len(graph.items)
    assert (first.written["similar"], first.written["similar_ended"]) == (drawn, 0)
    again = sync(database, graph.schema, MODEL)
    assert (again.written["similar"], again.written["similar_ended"]) == (0, 0)
    assert not sync(database, graph.schema, SyncRequest(model="item-knn")).published


def test_a_schema_that_wants_no_neighbours_publishes_none_and_rollback_brings_them_back(
    graph: GraphSnapshot, synced: tuple[Database, SyncReport], call: Call
) -> None:
    database, _ = synced
    drawn = json.loads(call("status", "--json").stdout)["similar"]
    results = graph.schema.results.model_copy(update={"neighbours": 0})
    report = sync(database, graph.schema.model_copy(update={"results": results}), MODEL)
    assert (report.written["similar"], report.written["similar_ended"]) == (0, drawn)
    assert "count" not in json.loads(call("similar", "a05", "--k", "1", "--json").stdout)[0]
    assert call("rollback").exit_code == 0
    assert "count" in json.loads(call("similar", "a05", "--k", "1", "--json").stdout)[0]
    assert isinstance(call("rollback").exception, PublishError)
