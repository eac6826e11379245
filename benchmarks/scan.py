"""What a sync reads: the whole graph, against what a watermark leaves of it, after others changed a part of it.

    python benchmarks/scan.py [--ten-times] [--share 0 --share .001 --share .01] [--turns 5] [--uri bolt://…]

Gowalla (taken from GRAPHREC_DATA or ../shared/data), or ten copies of it, is loaded, and every edge gets a
watermark of 1. Then for each --share that part of the edges is touched at random, with rising marks, and the graph is
read in turns, whole and by its watermark, first without an index and then with one. Both must give the same graph.

Without --uri a local server is started in a temporary folder and destroyed at the end.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import neo4j
from ask import server
from incremental import plainly
from walks import gowalla, ten_times

from graphrec_neo4j.database import Database
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from loaders.forget import forget
from loaders.from_neo4j import read_graph
from loaders.loaded import LoadedGraph
from loaders.to_neo4j import to_neo4j
from loaders.watermarks import KnownGraph

MARK = (
    "MATCH (u:User) CALL (u) { MATCH (u)-[r:INTERACTED]->() SET r.changed_at = 1 } IN TRANSACTIONS OF 1000 ROWS "
    "RETURN count(*)"
)
TOUCH = (
    "MATCH ()-[r:INTERACTED]->() WITH r, rand() AS chance WHERE chance < $share "
    "SET r.changed_at = $now, r.weight = 2.0 RETURN count(r) AS n"
)
RAISE = "MATCH ()-[r:INTERACTED]->() WITH r LIMIT 1 SET r.changed_at = $now"
CREATE = "CREATE INDEX scan_marks IF NOT EXISTS FOR ()-[r:INTERACTED]-() ON (r.changed_at)"
AWAIT = "CALL db.awaitIndexes(600)"
DROP = "DROP INDEX scan_marks IF EXISTS"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ten-times", action="store_true", help="ten copies of it, linked")
    options.add_argument("--share", type=float, action="append")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--uri", help="with NEO4J_USERNAME and NEO4J_PASSWORD; its database is filled")
    asked = options.parse_args()
    snapshot = ten_times(gowalla()) if asked.ten_times else gowalla()
    edge = snapshot.schema.edges["INTERACTED"].model_copy(update={"watermark": "changed_at"})
    schema = snapshot.schema.model_copy(update={"edges": {**snapshot.schema.edges, "INTERACTED": edge}})
    print(f"python {' '.join(sys.argv)}; {len(snapshot.edges['INTERACTED']):,} edges")
    with server(asked.uri) as connection, Database(connection) as database:
        forget(database)
        to_neo4j(database, snapshot)
        at_once(connection, MARK)
        for now, share in enumerate(asked.share or [0.0, 0.001, 0.01], 2):
            one_share(connection, database, schema, share, now, asked.turns)


def at_once(connection: Connection, cypher: str) -> None:
    """Run a statement that makes its own transactions."""
    auth = (connection.username, connection.password)
    with neo4j.GraphDatabase.driver(connection.uri, auth=auth) as driver, driver.session() as session:
        session.run(cypher).consume()


def one_share(
    connection: Connection, database: Database, schema: GraphSchema, share: float, now: int, turns: int
) -> None:
    plainly(connection, RAISE, now=10 * now)
    before = read_graph(database, schema)
    touched = plainly(connection, TOUCH, share=share, now=10 * now + 1)[0]["n"]
    known = KnownGraph(before.snapshot, before.marks)
    for index in (False, True):
        plainly(connection, CREATE if index else DROP)
        plainly(connection, AWAIT)
        seconds: dict[KnownGraph | None, list[float]] = {None: [], known: []}
        # The first turn is for the server's plans, which an index that came or went makes anew.
        for _ in range(turns + 1):
            made: list[LoadedGraph] = []
            for beside, taken in seconds.items():
                started = time.perf_counter()
                made.append(read_graph(database, schema, known=beside))
                taken.append(time.perf_counter() - started)
            assert made[0].snapshot == made[1].snapshot
        whole, marked = (statistics.median(taken[1:]) for taken in seconds.values())
        print(
            f"{touched:,} edges touched, {made[1].read_again['INTERACTED']:,} sources read again, "
            f"{'an index' if index else 'no index'}: whole {whole:.2f} s, watermark {marked:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
