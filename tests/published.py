"""Small graphs and made-up results to publish, and what a plain driver then sees; for the tests of publishing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import neo4j
import numpy as np

from graphrec_neo4j.ids import IdMap, Key
from graphrec_neo4j.results import NO_ITEM, Neighbours, Results, TopK, Vectors
from graphrec_neo4j.schema import GraphSchema, default_schema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

KEY_CONSTRAINTS = (
    "CREATE CONSTRAINT graphrec_key_User_id IF NOT EXISTS FOR (n:User) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT graphrec_key_Item_id IF NOT EXISTS FOR (n:Item) REQUIRE n.id IS UNIQUE",
)
_NO_EDGES = np.array([], dtype=np.int32)


class PlainDriver:
    """A driver that knows nothing of ours, as applications use it."""

    def __init__(self, connection: Connection) -> None:
        auth = (connection.username, connection.password)
        self._driver = neo4j.GraphDatabase.driver(connection.uri, auth=auth, notifications_min_severity="OFF")

    def __enter__(self) -> PlainDriver:
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.close()

    def rows(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        with self._driver.session() as session:
            return session.run(text, parameters).data()

    def value(self, text: str, **parameters: Any) -> Any:
        with self._driver.session() as session:
            return session.run(text, parameters).single(strict=True).value()


def snapshot_of(users: Sequence[Key], items: Sequence[Key], relationships: int = 3, **results: Any) -> GraphSnapshot:
    """Users and items without edges, under the default schema; ``results`` are more entries of its [results]."""
    kind = "integer" if isinstance(users[0], int) else "string"
    data = default_schema(kind, kind).model_dump(by_alias=True)
    data["results"] = {"relationships": relationships, **results}
    nodes = {
        "User": Nodes(IdMap("User", users, kind)),
        "Item": Nodes(IdMap("Item", items, kind)),
        "Category": Nodes(IdMap("Category", [], "string")),
    }
    schema = GraphSchema.model_validate(data)
    return GraphSnapshot(schema, nodes, dict.fromkeys(schema.edges, Edges(_NO_EDGES, _NO_EDGES)))


def create(driver: PlainDriver, snapshot: GraphSnapshot) -> None:
    """Put the snapshot's users and items into the database, with unique keys."""
    for constraint in KEY_CONSTRAINTS:
        driver.rows(constraint)
    driver.rows("UNWIND $ids AS id CREATE (:User {id: id})", ids=list(snapshot.users.ids.keys))
    driver.rows("UNWIND $ids AS id CREATE (:Item {id: id})", ids=list(snapshot.items.ids.keys))


def results_for(snapshot: GraphSnapshot, seed: int, k: int = 5, tag: float | None = None, d: int = 4) -> Results:
    """Random lists of 0 to k items; with a ``tag``, every score of the run is that number."""
    random = np.random.default_rng(seed)
    n_users, n_items = len(snapshot.users), len(snapshot.items)
    items = np.array([random.permutation(n_items)[:k] for _ in range(n_users)], dtype=np.int32)
    scores = np.sort(random.random(items.shape).astype(np.float32), axis=1)[:, ::-1].copy()
    if tag is not None:
        scores[:] = tag
    else:
        short = random.integers(0, k + 1, n_users)
        items[np.arange(k) >= short[:, None]] = NO_ITEM
        scores[items == NO_ITEM] = -np.inf
    top = TopK(items, scores)
    reasons = [[f"reason {seed} {item}" for item in row if item != NO_ITEM] for row in items.tolist()]
    vectors = Vectors(
        random.standard_normal((n_users, d)).astype(np.float32), random.standard_normal((n_items, d)).astype(np.float32)
    )
    why = [[f'["{text}"]' for text in row] for row in reasons]
    return Results(top, top.cut(2), vectors, random.random(n_items), reasons, why, {"ndcg@20": 0.5})


def neighbours_for(n_items: int, seed: int, k: int = 4) -> Neighbours:
    """Lists of 0 to k of the next items on a ring, some in another order; so something stays between two seeds."""
    random = np.random.default_rng(seed)
    items = (np.arange(n_items)[:, None] + np.arange(1, k + 1)) % n_items
    turned = random.random(n_items) < 1 / 3
    items[turned] = items[turned][:, ::-1]
    there = np.arange(k) < random.integers(0, k + 1, n_items)[:, None]
    scores = np.where(there, 1 / np.arange(1, k + 1), -np.inf).astype(np.float32)
    counts = np.where(there, np.where(random.random(items.shape) < 1 / 5, 2, 1), 0)
    return Neighbours(TopK(np.where(there, items, NO_ITEM).astype(np.int32), scores), counts)


def expected_similar(snapshot: GraphSnapshot, nearest: Neighbours) -> set[tuple[Any, ...]]:
    """(item, similar item, rank, score, count) of everything that should be drawn."""
    items, drawn = snapshot.items.ids, snapshot.schema.results.neighbours
    return {
        (
            items.key(i),
            items.key(int(other)),
            rank + 1,
            float(nearest.top.scores[i, rank]),
            int(nearest.counts[i, rank]),
        )
        for i in range(len(items))
        for rank, other in enumerate(nearest.top.items[i, :drawn])
        if other != NO_ITEM
    }


def expected_relationships(snapshot: GraphSnapshot, results: Results) -> set[tuple[Any, ...]]:
    """(user, item, rank, score, reason) of everything that should be drawn."""
    users, items, drawn = snapshot.users.ids, snapshot.items.ids, snapshot.schema.results.relationships
    return {
        (users.key(u), items.key(int(item)), rank + 1, float(results.top.scores[u, rank]), results.reasons[u][rank])
        for u in range(len(users))
        for rank, item in enumerate(results.top.items[u, :drawn])
        if item != NO_ITEM
    }


def seen_relationships(driver: PlainDriver, kind: str = "RECOMMENDED") -> set[tuple[Any, ...]]:
    """What a reader of the relationships sees; fails on one that shows twice."""
    return _seen(driver, f"(u:User)-[r:`{kind}`]->(i:Item)", "u.id, i.id, r.rank, r.score, r.reason")


def seen_similar(driver: PlainDriver, kind: str = "SIMILAR", label: str = "Item") -> set[tuple[Any, ...]]:
    """What a reader of the item graph sees; fails on one that shows twice."""
    return _seen(driver, f"(i:{label})-[r:`{kind}`]->(o:{label})", "i.id, o.id, r.rank, r.score, r.count")


def _seen(driver: PlainDriver, pattern: str, told: str) -> set[tuple[Any, ...]]:
    rows = driver.rows(
        f"MATCH (p:GraphRecPointer {{name: 'current'}}) MATCH {pattern} "
        f"WHERE r.run <= p.run AND (r.until IS NULL OR r.until > p.run) RETURN {told}"
    )
    seen = {tuple(row.values()) for row in rows}
    assert len(seen) == len(rows)
    return seen


def expected_lists(snapshot: GraphSnapshot, results: Results) -> dict[Key, tuple[list[Any], ...]]:
    """(items, scores, reasons, why) of every user."""
    made = {}
    for row, user in enumerate(snapshot.users.ids.keys):
        length = int((results.top.items[row] != NO_ITEM).sum())
        made[user] = (
            snapshot.items.ids.keys_of(results.top.items[row, :length]),
            results.top.scores[row, :length].tolist(),
            list(results.reasons[row]),
            list(results.why[row]),
        )
    return made


def seen_lists(driver: PlainDriver) -> dict[Key, tuple[list[Any], ...]]:
    """What a reader of the lists sees."""
    rows = driver.rows(
        "MATCH (p:GraphRecPointer {name: 'current'}) MATCH (u:User) "
        "RETURN u.id AS user, u[p.items] AS items, u[p.scores] AS scores, u[p.reasons] AS reasons, u[p.why] AS why"
    )
    return {row.pop("user"): tuple(row.values()) for row in rows}


def dump(driver: PlainDriver) -> dict[str, Any]:
    """Everything in the database: nodes, relationships, indexes, constraints."""
    nodes = driver.rows("MATCH (n) RETURN elementId(n) AS id, labels(n) AS labels, properties(n) AS properties")
    edges = driver.rows(
        "MATCH (a)-[r]->(b) RETURN elementId(r) AS id, elementId(a) AS a, elementId(b) AS b, type(r) AS type, "
        "properties(r) AS properties"
    )
    indexes = driver.rows("SHOW INDEXES YIELD name, type, labelsOrTypes, properties")
    constraints = driver.rows("SHOW CONSTRAINTS YIELD name, type, labelsOrTypes, properties")
    return {
        "nodes": sorted(nodes, key=lambda row: row["id"]),
        "edges": sorted(edges, key=lambda row: row["id"]),
        "indexes": sorted(indexes, key=lambda row: row["name"]),
        "constraints": sorted(constraints, key=lambda row: row["name"]),
    }
