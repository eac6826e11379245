"""Gowalla into a real server and out again, against the plain way: rows per second and peak memory of our process.

    python benchmarks/load_and_read.py [--turns 3]

A local server with the package's own settings is started in a temporary folder and destroyed at the end. Gowalla
(29,858 users, 40,981 items, 810,128 edges) is taken from the folder GRAPHREC_DATA or from ../shared/data; every edge
gets a rating and a time in milliseconds (seed 0), and keys are integers, as in the file.

The plain way is what people write first: to load, three MERGE a row, each row in a transaction of its own, with the
same uniqueness constraints, on a stated sample, once over nodes that are there; to read, ``.data()`` of one row an
edge. It is timed with the driver as installed, and once more without its Rust extension. Every way runs in a process
of its own, once in each turn, and only its own work is timed: ours reads and loads a whole GraphSnapshot, nodes
included. Ratios are medians over the turns. Peak memory is the highest resident set over that before the work
(VmHWM, reset when the work starts; Linux only).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import neo4j
import numpy as np
from ask import server
from walks import gowalla

from graphrec_neo4j.database import Database
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection, given_connection
from graphrec_neo4j.snapshot import Edges, GraphSnapshot
from loaders.from_neo4j import from_neo4j
from loaders.to_neo4j import to_neo4j

SAMPLE = 2_000
# The driver takes its Rust extension where it can import it.
PURE = """
import runpy, sys
sys.modules["neo4j._rust"] = None
sys.path.insert(0, FOLDER)
script = sys.argv.pop(1)
runpy.run_path(script, run_name="__main__")
"""
PLAIN_ROW = (
    "MERGE (u:User {id: $user}) MERGE (i:Item {id: $item}) "
    "MERGE (u)-[r:INTERACTED]->(i) SET r.rating = $rating, r.at = $at"
)
PLAIN_READ = "MATCH (u:User)-[r:INTERACTED]->(i:Item) RETURN u.id AS user, i.id AS item, r.rating AS rating, r.at AS at"
DELETE = "MATCH ()-[r:INTERACTED]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 20000 ROWS"
ONE_EACH = "MATCH (u:User) MATCH (i:Item {id: 0}) CREATE (u)-[:INTERACTED]->(i)"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--turns", type=int, default=3)
    options.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        print(json.dumps(WAYS[given.way](connection())))
        return
    with server(None) as local:
        os.environ |= {"NEO4J_URI": local.uri, "NEO4J_USERNAME": local.username, "NEO4J_PASSWORD": local.password}
        measured = [{way: child(way) for way in WAYS} for _ in range(given.turns)]
    report(measured)
    cores = os.cpu_count()
    print(
        f"\n{platform.machine()}, {cores} cores, Python {platform.python_version()}, neo4j driver {neo4j.__version__}"
    )
    print(f"load average {os.getloadavg()[0]:.1f}; command: python {' '.join(sys.argv)}")


def connection() -> Connection:
    given = given_connection()
    assert given is not None
    return given


def child(way: str) -> dict[str, Any]:
    """Run one way in a process of its own and return what it measured."""
    script = ["-c", PURE.replace("FOLDER", repr(str(Path(__file__).parent)))] if "pure" in way else []
    command = [sys.executable, *script, __file__, "--way", way]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    made = json.loads(done.stdout)
    print(
        f"{way:34}{made['seconds']:8.2f} s{made['rows'] / made['seconds']:12,.0f} rows/s{made['peak']:8.0f} MiB",
        flush=True,
    )
    return made


def report(measured: list[dict[str, dict[str, Any]]]) -> None:
    print(f"\n{'median of turns':40}{'rows/s':>10}  against (x)")
    for way, peers in PEERS.items():
        speed = statistics.median(turn[way]["rows"] / turn[way]["seconds"] for turn in measured)
        ratios = [f"{peer} {statistics.median(ratio(turn, way, peer) for turn in measured):.1f}" for peer in peers]
        print(f"{way:40}{speed:10,.0f}  {', '.join(ratios)}")
    for way in ("read", "read, edges alone"):
        arrays = measured[0][way]["arrays"]
        peak = max(turn[way]["peak"] for turn in measured)
        print(f"{way}: peak {peak:.0f} MiB over start for {arrays:.1f} MiB of arrays and ids ({peak / arrays:.2f}x)")


def ratio(turn: dict[str, dict[str, Any]], way: str, peer: str) -> float:
    ours, plain = turn[way], turn[peer]
    return (ours["rows"] / ours["seconds"]) / (plain["rows"] / plain["seconds"])


def rated() -> GraphSnapshot:
    """Gowalla with a rating and a time on every edge."""
    snapshot, random = gowalla(), np.random.default_rng(0)
    edges = snapshot.edges["INTERACTED"]
    rating = random.integers(1, 6, len(edges)).astype(np.float64)
    at = 1_600_000_000_000 + random.integers(0, 10**11, len(edges))
    return GraphSnapshot(_schema(True), snapshot.nodes, {"INTERACTED": replace(edges, weight=rating, time=at)})


def _schema(values: bool) -> GraphSchema:
    columns = 'weight = "rating"\ntime = "at"\n' if values else ""
    return GraphSchema.parse(
        'recommend_to = "User"\nrecommend = "Item"\n[nodes.User]\nkey_type = "integer"\n[nodes.Item]\n'
        f'key_type = "integer"\n[edges.INTERACTED]\nfrom = "User"\nto = "Item"\n{columns}'
    )


def load(connection: Connection, before: Callable[[neo4j.Session], None]) -> dict[str, Any]:
    """Load the graph over its nodes; the seconds are those between the last node and the last edge."""
    snapshot = rated()
    none = Edges(np.zeros(0, np.int32), np.zeros(0, np.int32))
    moments: dict[str, float] = {}
    with Database(connection) as database:
        to_neo4j(database, snapshot.with_edges(INTERACTED=none))
        _with_session(connection, before)
        start = peak_reset()
        to_neo4j(database, snapshot, progress=lambda stage, done, total: moments.update({stage: time.perf_counter()}))
    return {
        "seconds": moments["loading INTERACTED"] - moments["loading Item"],
        "rows": len(snapshot.edges["INTERACTED"]),
        "peak": peak() - start,
    }


def load_by_create(connection: Connection) -> dict[str, Any]:
    return load(connection, lambda session: session.run(DELETE).consume())


def load_by_merge(connection: Connection) -> dict[str, Any]:
    """Every user has one edge of the type already, so that nothing can be created unseen."""
    return load(connection, lambda session: (session.run(DELETE).consume(), session.run(ONE_EACH).consume()))  # type: ignore[func-returns-value,arg-type,return-value]


def load_again(connection: Connection) -> dict[str, Any]:
    return load(connection, lambda session: None)


def load_plainly(connection: Connection) -> dict[str, Any]:
    snapshot = rated()
    edges = snapshot.edges["INTERACTED"]
    chosen = np.random.default_rng(1).choice(len(edges), SAMPLE, replace=False)
    assert edges.weight is not None
    assert edges.time is not None
    rows = zip(
        snapshot.users.ids.keys_of(edges.source[chosen]), snapshot.items.ids.keys_of(edges.target[chosen]),
        edges.weight[chosen].tolist(), edges.time[chosen].tolist(), strict=True,
    )  # fmt: skip
    asked = [dict(zip(("user", "item", "rating", "at"), row, strict=True)) for row in rows]
    start = peak_reset()

    def work(session: neo4j.Session) -> float:
        session.run(DELETE).consume()
        begun = time.perf_counter()
        for row in asked:
            session.run(PLAIN_ROW, row).consume()
        return time.perf_counter() - begun

    return {"seconds": _with_session(connection, work), "rows": SAMPLE, "peak": peak() - start}


def read(connection: Connection, values: bool = True) -> dict[str, Any]:
    with Database(connection) as database:
        start, begun = peak_reset(), time.perf_counter()
        snapshot = from_neo4j(database, _schema(values))
        seconds = time.perf_counter() - begun
    edges = snapshot.edges["INTERACTED"]
    ids = [nodes.ids for nodes in snapshot.nodes.values()]
    # An id costs its object, its place in the list and its place in the table.
    held = sum(sys.getsizeof(one.keys) + sys.getsizeof(one.lookup) + 32 * len(one) for one in ids)
    arrays = (sum(column.nbytes for column in edges.columns().values()) + held) / 2**20
    return {"seconds": seconds, "rows": len(edges), "peak": peak() - start, "arrays": arrays}


def read_edges_alone(connection: Connection) -> dict[str, Any]:
    return read(connection, values=False)


def read_plainly(connection: Connection) -> dict[str, Any]:
    start = peak_reset()

    def work(session: neo4j.Session) -> tuple[float, int]:
        begun = time.perf_counter()
        rows = session.run(PLAIN_READ).data()
        return time.perf_counter() - begun, len(rows)

    seconds, count = _with_session(connection, work)
    return {"seconds": seconds, "rows": count, "peak": peak() - start}


def _with_session(connection: Connection, work: Callable[[neo4j.Session], Any]) -> Any:
    auth = (connection.username, connection.password)
    with (
        neo4j.GraphDatabase.driver(connection.uri, auth=auth, notifications_min_severity="OFF") as driver,
        driver.session(database=connection.database) as session,
    ):
        return work(session)


def peak_reset() -> float:
    """Forget the peak so far and return the resident set in MiB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak()


def peak() -> float:
    """The highest resident set in MiB since the last reset."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024


WAYS: dict[str, Callable[[Connection], dict[str, Any]]] = {
    "load a row a transaction, pure": load_plainly,
    "load a row a transaction": load_plainly,
    "load by MERGE": load_by_merge,
    "load, new": load_by_create,
    "load again, nothing changes": load_again,
    "read .data(), pure": read_plainly,
    "read .data()": read_plainly,
    "read": read,
    "read, edges alone": read_edges_alone,
}
ROW = ["load a row a transaction", "load a row a transaction, pure"]
DATA = ["read .data()", "read .data(), pure"]
PEERS = {
    "load, new": ROW,
    "load by MERGE": ROW,
    "load again, nothing changes": ROW,
    "read": DATA,
    "read, edges alone": DATA,
}

if __name__ == "__main__":
    main()
