"""Every question of cypher/recommend and cypher/explain on Gowalla in a real server: milliseconds, p50, p95 and p99.

    python benchmarks/ask.py [--uri bolt://…]

Without --uri a local server with the package's own settings is started in a temporary folder and destroyed at the
end; with it, that database is filled, published to, and left so. Gowalla is taken from the folder GRAPHREC_DATA or
from ../shared/data. It has neither friends nor categories, so 250,000 ties and 300 categories of very unequal size
are drawn at random (seed 0). 300 random users (seed 1), each with an item of her list and a random category, are
asked about once before the clock runs and three times with it, one at a time, and 12 of them where a question is about
everybody, or the peer's. "p99" is over all of these calls,
"p99 best" over the users, each with the quickest of her three, which leaves out what else the machine did. A path
brings whole nodes with the 13 kB that a user's published texts and vectors take, so those files are also timed with
their paths only counted. The peer is what people write first: the count of all paths user-item-user-item, of which
the newcomer's query is the bounded form.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import neo4j
import numpy as np
from walks import gowalla

from graphrec_neo4j.database import Database
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.queries import CypherQuery, load_query, query_names, statement
from graphrec_neo4j.runs import current_run
from graphrec_neo4j.schema import default_schema
from graphrec_neo4j.server import LocalServer
from graphrec_neo4j.settings import Connection, given_connection
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes, merge_parallel
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.to_neo4j import to_neo4j

USERS, FEW_USERS, PASSES, TIES, CATEGORIES, K = 300, 12, 3, 250_000, 300, 10
COLUMNS = ("p50 ms", "p95 ms", "p99 ms", "p99 best", "rows", "fewest")
EVERY_PATH = """
MATCH (u:User {id: $user_id})-[:INTERACTED]->(:Item)<-[:INTERACTED]-(:User)-[:INTERACTED]->(i:Item)
WHERE NOT EXISTS { (u)-[:INTERACTED]->(i) }
RETURN i.id AS item, count(*) AS score ORDER BY score DESC LIMIT $k
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--uri", help="with NEO4J_USERNAME and NEO4J_PASSWORD; its database is filled")
    given = options.parse_args().uri
    with server(given) as connection, Database(connection) as database:
        snapshot = with_ties_and_categories(gowalla())
        if current_run(database) is None:
            start = time.perf_counter()
            to_neo4j(database, snapshot)
            print(f"loaded in {time.perf_counter() - start:.0f} s", flush=True)
            report = sync(database, snapshot.schema, SyncRequest(model="spectral"))
            print(f"published in {report.seconds['total']:.0f} s", flush=True)
        ask_everything(connection, snapshot)
    cores = os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, neo4j driver {neo4j.__version__}")
    print(f"load average {os.getloadavg()[0]:.1f}; command: python {' '.join(sys.argv)}")


@contextmanager
def server(uri: str | None) -> Iterator[Connection]:
    named = given_connection(uri) if uri else None
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory() as folder:
        local = LocalServer(Path(folder) / "home")
        local.start()
        try:
            yield local.connection()
        finally:
            local.destroy()


def with_ties_and_categories(snapshot: GraphSnapshot) -> GraphSnapshot:
    random = np.random.default_rng(0)
    users, items = len(snapshot.users), len(snapshot.items)
    names = [f"c{number}" for number in range(CATEGORIES)]
    ends = random.integers(0, users, (TIES, 2)).astype(np.int32)
    filed = (random.zipf(1.3, items) % CATEGORIES).astype(np.int32)
    ties, _ = merge_parallel(Edges(ends[:, 0], ends[:, 1]), "last")
    nodes = {**snapshot.nodes, "Category": Nodes(IdMap("Category", names, "string"))}
    edges = {"FOLLOWS": ties, "IN_CATEGORY": Edges(np.arange(items, dtype=np.int32), filed)}
    schema = default_schema(snapshot.users.ids.key_type, snapshot.items.ids.key_type)
    return GraphSnapshot(schema, nodes, {"INTERACTED": snapshot.edges["INTERACTED"], **edges})


def ask_everything(connection: Connection, snapshot: GraphSnapshot) -> None:
    auth = (connection.username, connection.password)
    with (
        neo4j.GraphDatabase.driver(connection.uri, auth=auth, notifications_min_severity="OFF") as driver,
        driver.session(database=connection.database, default_access_mode=neo4j.READ_ACCESS) as session,
    ):
        asked = arguments(session, snapshot)
        print(f"{USERS} users, k = {K} or the file's\n{'':38}" + "".join(f"{column:>9}" for column in COLUMNS))
        for name in asked_about():
            query = load_query(name)
            text, given = query.render(snapshot.schema).text, with_defaults(query, asked)
            row(session, name, text, given)
            if query.returns == ("path",):
                row(session, "  its paths only counted", f"CALL () {{ {text} }} RETURN count(path)", given)
        row(session, "peer: all paths, unbounded", EVERY_PATH, [{**one, "k": K} for one in asked[:FEW_USERS]])
        print(f"recall@20 of similar_items against exact cosines: {recall(session, snapshot):.4f}")


def asked_about() -> list[str]:
    """All files but the one for edges from users to categories, of which this graph has none."""
    names = [name for room in ("recommend", "explain") for name in query_names(room)]
    return [name for name in names if name != "explain/paths_by_interest"]


def arguments(session: neo4j.Session, snapshot: GraphSnapshot) -> list[dict[str, Any]]:
    """For each of the users a random category, an item of her published list and a further user, always the same."""
    random = np.random.default_rng(1)
    rows = random.choice(len(snapshot.users), USERS, replace=False)
    top = statement("recommend/top_items", snapshot.schema).text
    asked = []
    users = snapshot.users.ids.keys_of(rows)
    for place, user in enumerate(users):
        listed = session.run(top, user_id=user, k=K).value("item")
        category = f"c{random.integers(CATEGORIES)}"
        item = listed[random.integers(len(listed))]
        asked.append({"user_id": user, "item_id": item, "category_id": category, "other_id": users[place - 1]})
    return asked


def with_defaults(query: CypherQuery, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What else a file asks for, as its header says, and k where that says nothing."""
    defaults = {one.name: one.default for one in query.parameters if one.default is not None}
    plain = {name: None if text == "null" else int(text) for name, text in defaults.items() if name != "item_id"}
    about_all = {"user_id", "item_id"}.isdisjoint(one.name for one in query.parameters)
    return [{"k": K, **plain, **one} for one in (asked[:FEW_USERS] if about_all else asked)]


def row(session: neo4j.Session, name: str, text: str, asked: list[dict[str, Any]]) -> None:
    """Ask about everybody, the first time unclocked; print milliseconds, and how many rows came back."""
    milliseconds, counts = np.zeros((1 + PASSES, len(asked))), []
    for number in range(1 + PASSES):
        for place, one in enumerate(asked):
            start = time.perf_counter()
            counts.append(len(list(session.run(text, one))))
            milliseconds[number, place] = 1000 * (time.perf_counter() - start)
    told = [*np.percentile(milliseconds[1:], [50, 95, 99]), np.percentile(milliseconds[1:].min(axis=0), 99)]
    cells = "".join(f"{value:9.2f}" for value in told)
    print(f"{name:38}{cells}{np.mean(counts):9.1f}{min(counts):9}", flush=True)


def recall(session: neo4j.Session, snapshot: GraphSnapshot) -> float:
    """Of the true 20 nearest items by cosine, how many the vector index finds, for 1,000 random items."""
    found = session.run(
        "MATCH (p:GraphRecPointer) MATCH (i:Item) WHERE i[p.item_vector] IS NOT NULL RETURN i.id, i[p.item_vector]"
    ).values()
    keys = [key for key, _ in found]
    vectors = np.array([vector for _, vector in found], dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    text = statement("recommend/similar_items", snapshot.schema).text
    shares = []
    for position in np.random.default_rng(2).choice(len(keys), 1000, replace=False):
        cosines = vectors @ vectors[position]
        cosines[position] = -2
        nearest = {keys[other] for other in np.argpartition(-cosines, 20)[:20]}
        shares.append(len(nearest & set(session.run(text, item_id=keys[position], k=20).value("item"))) / 20)
    return float(np.mean(shares))


if __name__ == "__main__":
    main()
