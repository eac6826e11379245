"""Every trained model through ``sync`` on a real Neo4j: what was published is what Cypher answers from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import neo4j
import numpy as np
import pytest

from graphrec_neo4j.asking import explain, recommend, similar
from graphrec_neo4j.database import Database
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.from_generator import generate
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live

MODELS = [
    *("mf", "two-tower", "gcn", "gat", "graphsage", "ngcf", "lightgcn", "pinsage", "ultragcn", "simgcl", "directau"),
    *("social-gcn", "hetero", "han", "metapath2vec", "deepwalk", "node2vec", "transe", "distmult", "rotate"),
]
WALKERS = {"metapath2vec", "deepwalk", "node2vec"}

PUBLISHED = (
    "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (u:User) "
    "RETURN u.id AS user, u[p.items] AS items, u[p.scores] AS scores, u[p.user_vector] AS vector"
)
ITEM_VECTORS = (
    "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (i:Item) WHERE i[p.item_vector] IS NOT NULL "
    "RETURN i.id AS item, i[p.item_vector] AS vector"
)


@pytest.fixture(scope="module")
def small() -> GraphSnapshot:
    return generate(users=120, items=60, interactions_per_user=10, seed=3).snapshot


@pytest.fixture
def loaded(
    empty_database: Connection, small: GraphSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    pytest.importorskip("torch_geometric")
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    with Database(empty_database) as database:
        to_neo4j(database, small)
        yield database


def plainly(connection: Connection, cypher: str) -> list[dict]:
    """Ask as an application would, with the driver alone."""
    with neo4j.GraphDatabase.driver(connection.uri, auth=(connection.username, connection.password)) as driver:
        records, _, _ = driver.execute_query(cypher, database_=connection.database)
        return [record.data() for record in records]


def quick(model: str) -> SyncRequest:
    settings = {"dimensions": 16} if model in WALKERS else {"dimensions": 16, "epochs": 2, "batches": 4}
    return SyncRequest(model, settings)


@pytest.mark.parametrize("model", MODELS)
def test_what_is_published_is_what_cypher_answers_from(loaded: Database, small: GraphSnapshot, model: str) -> None:
    assert sync(loaded, small.schema, quick(model)).published
    lists = plainly(loaded.connection, PUBLISHED)
    assert len(lists) == len(small.users)
    for published in lists[:5]:
        answers_are_as_published(loaded, small, published)
    table = item_vectors(loaded.connection, small)
    for published in lists:
        list_is_the_best_by_dot_product(small, published, table)


def answers_are_as_published(database: Database, snapshot: GraphSnapshot, published: dict) -> None:
    user, items, scores = published["user"], published["items"], published["scores"]
    assert len(set(items)) == 20
    assert snapshot.seen[snapshot.users.ids.row(user), snapshot.items.ids.rows_of(items)].sum() == 0
    answered = recommend(database, snapshot.schema, user, 20).rows
    assert [row["item"] for row in answered] == items
    assert [row["score"] for row in answered] == scores
    assert all(row["reason"] for row in answered)
    told = explain(database, snapshot.schema, user, items[0]).to_json()
    whole = sum(one["score"] for one in told["contributions"]) + told["other"]
    assert whole == pytest.approx(scores[0], rel=1e-4, abs=1e-5)
    assert len(similar(database, snapshot.schema, items[0], 5).rows) == 5


def item_vectors(connection: Connection, snapshot: GraphSnapshot) -> np.ndarray:
    """The published vectors (n_items, d); 0 for items that have none."""
    rows = plainly(connection, ITEM_VECTORS)
    table = np.zeros((len(snapshot.items), len(rows[0]["vector"])))
    table[snapshot.items.ids.rows_of([row["item"] for row in rows])] = [row["vector"] for row in rows]
    return table


def list_is_the_best_by_dot_product(snapshot: GraphSnapshot, published: dict, table: np.ndarray) -> None:
    user = snapshot.users.ids.row(published["user"])
    listed = snapshot.items.ids.rows_of(published["items"])
    products = table @ np.array(published["vector"])
    np.testing.assert_allclose(products[listed], published["scores"], rtol=1e-4, atol=1e-5)
    best = np.sort(np.where(snapshot.seen[[user]].toarray()[0] > 0, -np.inf, products))[::-1][:20]
    np.testing.assert_allclose(best, products[listed], rtol=1e-4, atol=1e-5)
