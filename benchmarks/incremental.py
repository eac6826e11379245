"""What a small change of a graph costs: an incremental sync against full ones, on the same server, one after the other.

    python benchmarks/incremental.py [--model auto] [--set NAME=VALUE ...] [--share .01] [--turns 1] [--uri bolt://…]

Gowalla (29,858 users, 40,981 items, 810,128 edges, taken from GRAPHREC_DATA or ../shared/data) is loaded and synced.
Then, in each turn, others change it: of --share of its edges three tenths are deleted, six tenths are added between
users and items that were there, and one tenth comes with new users of ten edges each; items are drawn by popularity.
The change is synced incrementally. Against it stand, on the same changed graph, `sync --full` as it comes, the same
with what was chosen kept (no difference for models that choose nothing; one edge more is deleted, so that there is
something to do), and a sync where nothing changed. With --check the lists of the first two are compared.

Without --uri a local server with the package's own settings is started in a temporary folder and destroyed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from typing import Any

import neo4j
import numpy as np
from ask import server
from walks import gowalla

from graphrec_neo4j.database import Database
from graphrec_neo4j.refit import RefitRule
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.sync import SyncReport, SyncRequest, sync
from loaders.forget import forget
from loaders.to_neo4j import to_neo4j

EDGES_OF_A_NEW_USER = 10
LISTS = (
    "MATCH (now:GraphRecPointer {name: 'current'}) WITH now.run AS run MATCH (p:GraphRecRun {number: run}), (u:User) "
    "RETURN u.id AS user, u[p.items_in] AS items, u[p.scores_in] AS scores ORDER BY user"
)
DELETE = (
    "UNWIND range(0, size($users) - 1) AS k "
    "MATCH (:User {id: $users[k]})-[r:INTERACTED]->(:Item {id: $items[k]}) DELETE r"
)
DELETE_ONE = "MATCH (u:User) WITH u ORDER BY u.id LIMIT 1 MATCH (u)-[r:INTERACTED]->() WITH r LIMIT 1 DELETE r"
ADD = (
    "UNWIND range(0, size($users) - 1) AS k MERGE (u:User {id: $users[k]}) "
    "WITH u, k MATCH (i:Item {id: $items[k]}) MERGE (u)-[:INTERACTED]->(i)"
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default="auto")
    options.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="settings of the model")
    options.add_argument("--share", type=float, default=0.01)
    options.add_argument("--turns", type=int, default=1)
    options.add_argument("--check", action="store_true")
    options.add_argument("--uri", help="with NEO4J_USERNAME and NEO4J_PASSWORD; its database is filled")
    asked = options.parse_args()
    settings = {name: json.loads(value) for name, value in (pair.split("=") for pair in asked.set)}
    os.environ["GRAPHREC_CACHE"] = tempfile.mkdtemp()
    snapshot = gowalla()
    with server(asked.uri) as connection, Database(connection) as database:
        forget(database)
        to_neo4j(database, snapshot)
        print(f"{asked.model} {settings}; python {' '.join(sys.argv)}; {platform.processor()}, {os.cpu_count()} cores")
        tell("first, everything", synced(database, snapshot, asked.model, settings))
        for turn in range(asked.turns):
            one_turn(connection, database, snapshot, asked, settings, turn)


def one_turn(
    connection: Connection,
    database: Database,
    snapshot: GraphSnapshot,
    asked: argparse.Namespace,
    settings: dict[str, Any],
    turn: int,
) -> None:
    change(connection, snapshot, asked.share, turn)
    incremental = tell("incremental", synced(database, snapshot, asked.model, settings))
    lists = listed(connection) if asked.check else []
    full = tell("sync --full", synced(database, snapshot, asked.model, settings, full=True))
    if asked.check:
        compare(lists, listed(connection))
    plainly(connection, DELETE_ONE)
    kept = tell("full, what was chosen kept", synced(database, snapshot, asked.model, settings, share=-1.0))
    tell("nothing changed", synced(database, snapshot, asked.model, settings))
    print(f"turn {turn}: {full / incremental:.1f} times sync --full, {kept / incremental:.2f} times with choices kept")


def synced(
    database: Database,
    snapshot: GraphSnapshot,
    model: str,
    settings: dict[str, Any],
    *,
    full: bool = False,
    share: float = 1.0,
) -> tuple[SyncReport, float]:
    """One sync and its seconds."""
    request = SyncRequest(model, settings, full=full, refit=RefitRule(share=share))
    started = time.perf_counter()
    report = sync(database, snapshot.schema, request)
    return report, time.perf_counter() - started


def tell(what: str, done: tuple[SyncReport, float]) -> float:
    """Print what a sync did, and return its seconds."""
    report, seconds = done
    stages = ", ".join(f"{stage} {took:.1f}" for stage, took in report.seconds.items() if stage != "total")
    print(
        f"{what}: {seconds:.1f} s ({stages})\n    {dict(report.learnt)}\n    wrote {dict(report.written)}", flush=True
    )
    return seconds


def change(connection: Connection, snapshot: GraphSnapshot, share: float, turn: int) -> None:
    """What others do to the graph, with a driver of their own."""
    random = np.random.default_rng(turn)
    edges, users, items = snapshot.edges["INTERACTED"], snapshot.users.ids, snapshot.items.ids
    count = int(share * len(edges))
    gone = random.choice(len(edges), size=3 * count // 10, replace=False)
    plainly(connection, DELETE, **ends(users.keys_of(edges.source[gone]), items.keys_of(edges.target[gone])))
    some = random.choice(len(edges), size=6 * count // 10)
    other = random.choice(len(edges), size=6 * count // 10)
    plainly(connection, ADD, **ends(users.keys_of(edges.source[some]), items.keys_of(edges.target[other])))
    new = count // 10 // EDGES_OF_A_NEW_USER
    mine = np.repeat(10**9 + turn * 10**6 + np.arange(new), EDGES_OF_A_NEW_USER).tolist()
    chosen = random.choice(len(edges), size=len(mine))
    plainly(connection, ADD, **ends(mine, items.keys_of(edges.target[chosen])))


def ends(users: list[Any], items: list[Any]) -> dict[str, list[Any]]:
    return {"users": users, "items": items}


def listed(connection: Connection) -> list[dict[str, Any]]:
    return plainly(connection, LISTS)


def compare(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    """How far the lists of two syncs are apart."""
    scores = {row["user"]: row["scores"] for row in other}
    apart = [
        float(np.max(np.abs(np.subtract(row["scores"], scores[row["user"]]))))
        for row in one
        if len(row["scores"]) == len(scores[row["user"]])
    ]
    print(f"    largest difference of a score to the full sync: {max(apart):.2g}, of {len(apart):,} users")


def plainly(connection: Connection, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
    with neo4j.GraphDatabase.driver(connection.uri, auth=(connection.username, connection.password)) as driver:
        records, _, _ = driver.execute_query(cypher, parameters, database_=connection.database)
        return [record.data() for record in records]


if __name__ == "__main__":
    main()
