"""Top-20 lists for every user of Gowalla inside one Neo4j: ``sync`` against Neo4j's own Graph Data Science.

    python benchmarks/graph_data_science.py [--turns 1] [--dimensions 64] [--only NAME ...]

The claim is of whole jobs, from the graph in the database to lists in the same database, in seconds, and of what those
lists are worth: recall@20 and NDCG@20 on Gowalla's test part. ``sync`` reads the graph over Bolt, judges its model on
a part that it holds out, fits it, and publishes lists with reasons, contributions, vectors and an index. Graph Data
Science projects, computes and writes, after which one Cypher statement takes out what a user has and keeps the best 20:

- ``fastrp``: FastRP of 64 dimensions, then kNN from users to items alone (``gds.knn.filtered``), 40 a user, so that a
  list of whom more than 20 are had already is short. An imitation in numpy, judged on a random tenth held out of the
  training interactions, found its weights of 0, 0, 1, 1 the best of six, and a normalisation of 0 within .003 of the
  recall of the best of five (.25).
- ``similarity``: ``gds.nodeSimilarity`` of items by cosine, 20 each, and for each item the sum over those of a user's
  items that are among its own neighbours, as in our ``item-knn``; ``item_knn.py`` has it ahead of the other way round.

OpenGDS is the build of it on Maven Central. It runs in one server of our pinned version with all sides, started here in
a temporary folder with 4 GiB of heap, at as many threads as there are cores. Before the clock runs, the graph is loaded
and Graph Data Science has had one small run. Personalized PageRank, which is asked for user by user, is timed over 20
users: ``gds.pageRank.stream`` at its own 20 iterations with its lists made by Cypher, against our ``ppr`` at an L1
error of 1e-6, both from a graph that is in memory already. Gowalla is taken from the folder GRAPHREC_DATA or from
../shared/data, jars from Maven Central or from GRAPHREC_MAVEN_REPOSITORY.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jgo
import neo4j
import numpy as np

from graphrec_neo4j.database import Database
from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.evaluation import accuracy
from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.server import process
from graphrec_neo4j.server.configuration import HOST, USERNAME, choose_ports, neo4j_conf, write_credentials
from graphrec_neo4j.server.home import Home
from graphrec_neo4j.server.local import REPOSITORY_VARIABLE
from graphrec_neo4j.server.releases import LONG_TERM
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.forget import forget
from loaders.from_edge_lists import GivenSplit, read_interactions
from loaders.to_neo4j import to_neo4j

GDS_VERSION = "2.13.9"
GDS = ("proc", "proc-sysinfo", "opengds-extension", "open-model-catalog", "open-write-services")
K, NEAR, LIKE, ASKED, HEAP, PAGE_CACHE = 20, 40, 20, 20, "4g", "512m"
THREADS = os.cpu_count() or 1

PROJECT = """
CALL gds.graph.project($graph, ['User', 'Item'], {INTERACTED: {orientation: $orientation}}) YIELD graphName
RETURN graphName
"""
PROJECT_FEW = """
MATCH (u:User)-[:INTERACTED]->(i:Item) WHERE u.id < 300
RETURN gds.graph.project($graph, i, u, {sourceNodeLabels: 'Item', targetNodeLabels: 'User'},
                         {undirectedRelationshipTypes: $undirected}) AS graph
"""
DROP = "CALL gds.graph.drop($graph) YIELD graphName RETURN graphName"
FASTRP = """
CALL gds.fastRP.mutate($graph, {embeddingDimension: $dimensions, iterationWeights: [0.0, 0.0, 1.0, 1.0],
     normalizationStrength: 0.0, mutateProperty: 'vector', randomSeed: 0, concurrency: $threads})
YIELD computeMillis RETURN computeMillis
"""
KNN = """
CALL gds.knn.filtered.write($graph, {nodeProperties: ['vector'], sourceNodeFilter: 'User', targetNodeFilter: 'Item',
     topK: $k, concurrency: $threads, writeConcurrency: $threads,
     writeRelationshipType: 'NEAR', writeProperty: 'score'})
YIELD computeMillis RETURN computeMillis
"""
SIMILARITY = """
CALL gds.nodeSimilarity.write($graph, {similarityMetric: 'COSINE', topK: $k, concurrency: $threads,
     writeConcurrency: $threads, writeRelationshipType: 'LIKE', writeProperty: 'score'})
YIELD computeMillis RETURN computeMillis
"""
LISTS = """
MATCH (u:User) CALL (u) {{
  MATCH {path} WHERE NOT EXISTS {{ (u)-[:INTERACTED]->(i) }}
  WITH u, i, sum(r.score) AS score ORDER BY score DESC LIMIT {k}
  WITH u, collect({{item: i, score: score}}) AS best
  UNWIND range(1, size(best)) AS rank
  WITH u, rank, best[rank - 1].item AS i, best[rank - 1].score AS score
  CREATE (u)-[:GDS_LIST {{rank: rank, score: score}}]->(i)
}} IN TRANSACTIONS OF 2000 ROWS
"""
NEAREST, LIKEST = "(u)-[r:NEAR]->(i:Item)", "(u)-[:INTERACTED]->(:Item)<-[r:LIKE]-(i:Item)"
WRITTEN = "MATCH (u:User)-[r:GDS_LIST]->(i:Item) WITH u, i ORDER BY r.rank RETURN u.id AS user, collect(i.id) AS items"
PUBLISHED = """
MATCH (now:GraphRecPointer {name: 'current'}) WITH now.run AS run MATCH (p:GraphRecRun {number: run})
MATCH (u:User) WHERE u[p.items_in] IS NOT NULL RETURN u.id AS user, u[p.items_in] AS items
"""
TAKE_BACK = "MATCH ()-[r:NEAR|LIKE|GDS_LIST]->() CALL (r) { DELETE r } IN TRANSACTIONS OF 20000 ROWS"
PAGE_RANK = """
MATCH (u:User {id: $user})
CALL gds.pageRank.stream($graph, {sourceNodes: [u], dampingFactor: 0.85, maxIterations: 20, concurrency: $threads})
YIELD nodeId, score WITH u, nodeId, score ORDER BY score DESC LIMIT 2000
WITH u, gds.util.asNode(nodeId) AS i, score WHERE i:Item AND NOT EXISTS { (u)-[:INTERACTED]->(i) }
RETURN i.id AS item ORDER BY score DESC LIMIT $k
"""

Way = Callable[[], None]


class Peer:
    """Graph Data Science's side: the statements that make lists, at a number of threads."""

    def __init__(self, session: neo4j.Session, dimensions: int) -> None:
        self.session, self.dimensions = session, dimensions

    def run(self, statement: str, **parameters: Any) -> list[Any]:
        return self.session.run(statement, parameters | {"threads": THREADS}).values()

    def warm_up(self) -> None:
        """Each algorithm once, on the graph of 300 users, so that no class is loaded while the clock runs."""
        for undirected, work in ((["*"], self._near), ([], self._like)):
            self.run(PROJECT_FEW, graph="few", undirected=undirected)
            work("few")
            self.run(DROP, graph="few")
            self.run(TAKE_BACK)

    def fastrp(self) -> None:
        self.run(PROJECT, graph="all", orientation="UNDIRECTED")
        self._near("all")
        self.run(LISTS.format(path=NEAREST, k=K))
        self.run(DROP, graph="all")

    def similarity(self) -> None:
        self.run(PROJECT, graph="all", orientation="REVERSE")
        self._like("all")
        self.run(LISTS.format(path=LIKEST, k=K))
        self.run(DROP, graph="all")

    def _near(self, graph: str) -> None:
        self.run(FASTRP, graph=graph, dimensions=self.dimensions)
        self.run(KNN, graph=graph, k=NEAR)

    def _like(self, graph: str) -> None:
        self.run(SIMILARITY, graph=graph, k=LIKE)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--turns", type=int, default=1)
    options.add_argument("--dimensions", type=int, default=64)
    options.add_argument("--only", nargs="+", help="fastrp, similarity, p3, spectral, ppr; all of them without")
    asked = options.parse_args()
    split = given_split()
    with server() as connection, Database(connection) as database, session_of(connection) as session:
        version = session.run("RETURN gds.version()").single(strict=True).value()
        to_neo4j(database, split.snapshot)
        peer = Peer(session, asked.dimensions)
        ways: dict[str, tuple[Way, str, Way]] = {
            name: (way, WRITTEN, lambda: peer.run(TAKE_BACK))  # type: ignore[dict-item]
            for name, way in (("fastrp", peer.fastrp), ("similarity", peer.similarity))
        } | {
            model: (syncing(database, split.snapshot, model), PUBLISHED, lambda: forget(database))  # type: ignore[dict-item,misc]
            for model in ("p3", "spectral")
        }
        chosen = {name: way for name, way in ways.items() if not asked.only or name in asked.only}
        peer.warm_up()
        report(session, split, chosen, asked.turns)
        if not asked.only or "ppr" in asked.only:
            page_rank(peer, split.snapshot)
    print(
        f"{platform.machine()}, {THREADS} cores, Python {platform.python_version()}, Neo4j {LONG_TERM.version}",
        end=", ",
    )
    print(f"OpenGDS {version}, heap {HEAP}, driver {neo4j.__version__}, load average {os.getloadavg()[0]:.1f}")
    print(f"command: python {' '.join(sys.argv)}")


def syncing(database: Database, snapshot: GraphSnapshot, model: str) -> Way:
    def way() -> None:
        made = sync(database, snapshot.schema, SyncRequest(model=model, full=True))
        print(f"sync {model}: {dict(made.seconds)}", flush=True)

    return way


def report(session: neo4j.Session, split: GivenSplit, ways: dict[str, tuple[Way, str, Way]], turns: int) -> None:
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, (way, lists, take_back) in ways.items():
            start = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - start)
            print(f"{name}: {taken[name][-1]:.1f} s, {worth(session.run(lists).values(), split)}", flush=True)
            take_back()
    for peer in [name for name in taken if name in ("fastrp", "similarity")]:
        for ours in [name for name in taken if name not in ("fastrp", "similarity")]:
            ratio = statistics.median(theirs / mine for theirs, mine in zip(taken[peer], taken[ours], strict=True))
            print(f"sync --model {ours} takes 1 / {ratio:.1f} of the seconds of {peer}, median of {turns}")


def worth(rows: list[Any], split: GivenSplit) -> str:
    """Recall and NDCG of lists of keys."""
    listed = np.full((len(split.snapshot.users), K), NO_ITEM, dtype=np.int32)
    users, items = split.snapshot.users.ids, split.snapshot.items.ids
    for user, keys in rows:
        listed[users.row(user), : len(keys)] = items.rows_of(keys)
    means = {name: np.nanmean(values) for name, values in accuracy(listed, split.test).items()}
    return f"recall@{K} {means['recall']:.4f}, NDCG@{K} {means['ndcg']:.4f}, {(listed != NO_ITEM).mean():.2%} full"


def page_rank(peer: Peer, snapshot: GraphSnapshot) -> None:
    """The same users in turns; the first is not counted."""
    peer.run(PROJECT, graph="all", orientation="UNDIRECTED")
    model, ratios, equal = create("ppr").fit(snapshot), [], []
    taken: dict[str, list[float]] = {"theirs": [], "ours": []}
    for user in np.random.default_rng(0).choice(len(snapshot.users), 1 + ASKED, replace=False).tolist():
        start = time.perf_counter()
        theirs = peer.run(PAGE_RANK, graph="all", user=snapshot.users.ids.key(user), k=K)
        between = time.perf_counter()
        mine = model.top_k(np.array([user]), K, snapshot.seen).items[0]
        taken["ours"].append(time.perf_counter() - between)
        taken["theirs"].append(between - start)
        ratios.append(taken["theirs"][-1] / taken["ours"][-1])
        equal.append(len({item for (item,) in theirs} & set(snapshot.items.ids.keys_of(mine))) / K)
    peer.run(DROP, graph="all")
    theirs_ms, ours_ms = (1e3 * statistics.median(times[1:]) for times in (taken["theirs"], taken["ours"]))
    print(f"personalized PageRank of one user: gds.pageRank.stream {theirs_ms:.0f} ms, ours {ours_ms:.1f} ms,", end=" ")
    print(f"ratio {statistics.median(ratios[1:]):.1f}, median of {ASKED}; {np.mean(equal):.1%} of the items the same")


@contextmanager
def session_of(connection: Connection) -> Iterator[neo4j.Session]:
    auth = (connection.username, connection.password)
    with (
        neo4j.GraphDatabase.driver(connection.uri, auth=auth, notifications_min_severity="OFF") as driver,
        driver.session(database=connection.database) as session,
    ):
        yield session


@contextmanager
def server() -> Iterator[Connection]:
    """Our server with OpenGDS: all jars on the class path, and those of Graph Data Science in plugins too."""
    with tempfile.TemporaryDirectory() as folder:
        home, jars = Home(Path(folder) / "home"), Path(folder) / "jars"
        home.prepare()
        jars.mkdir()
        for jar, of_gds in jars_with_gds():
            shutil.copy(jar, jars)
            if of_gds:
                shutil.copy(jar, home.path / "plugins")
        write_credentials(home.path, home.password_file)
        ports = choose_ports(home.remembered().ports)
        conf = neo4j_conf(ports, PAGE_CACHE) + "dbms.security.procedures.unrestricted=gds.*\n"
        (home.path / "conf" / "neo4j.conf").write_text(conf, encoding="utf-8")
        command = process.java_command(process.java_executable(), jars, home.path, HEAP, fast_start=False)
        child = process.launch(command, home.console)
        try:
            process.wait_until(lambda: child.poll() is not None or process.answers(ports), 180)
            password = home.password_file.read_text(encoding="utf-8").strip()
            yield Connection(f"bolt://{HOST}:{ports.bolt}", USERNAME, password)
        finally:
            process.end_server(home.path, 60)
            child.wait()


def jars_with_gds() -> list[tuple[Path, bool]]:
    """Every jar of the server with OpenGDS, and whether it is one of OpenGDS."""
    named = [*LONG_TERM.roots, *(f"org.neo4j.gds:{artifact}:{GDS_VERSION}" for artifact in GDS)]
    mirror = os.environ.get(REPOSITORY_VARIABLE)
    artifacts = jgo.resolve("+".join(named), repositories={"central": mirror} if mirror else None)
    return [(Path(artifact.resolve()), artifact.groupId == "org.neo4j.gds") for artifact in artifacts]


def given_split() -> GivenSplit:
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    source = Path(os.environ.get("GRAPHREC_DATA") or beside)
    with tempfile.TemporaryDirectory() as unpacked:
        folder = source / "gowalla"
        if not folder.is_dir():
            zipfile.ZipFile(source / "gowalla.zip").extractall(unpacked)
            folder = Path(unpacked) / "gowalla"
        return read_interactions(folder / "train.txt", folder / "test.txt")


if __name__ == "__main__":
    main()
