"""Writing results of Gowalla's size into a real server, against the plain way, and what readers notice of it.

    python benchmarks/publish.py [--uri bolt://…]

Without --uri a local server with the package's own settings is started in a temporary folder and destroyed at the
end; with it, that database is filled and left so. Gowalla (29,858 users, 40,981 items) is taken from the folder
GRAPHREC_DATA or from ../shared/data; vectors and top-20 lists are those of the spectral model, reasons (90 letters)
and contributions (200) are made up, other ones in each turn, as equal values cost nothing to write.

The plain way is what people write first: one MERGE, or one SET, a row, each in a transaction of its own, with the
same constraints. Both ways take turns; the plain one writes a sample in each. The ratio is the median over turns.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event

import neo4j
import numpy as np
from ask import server
from walks import gowalla

from graphrec_neo4j.database import Database
from graphrec_neo4j.ids import Key
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.models import create
from graphrec_neo4j.results import Results, TopK, Vectors
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.forget import forget
from loaders.result_rows import ResultRows
from loaders.result_slot import SlotState, SlotWriter
from loaders.results_to_neo4j import RunDraft, publish
from loaders.to_neo4j import to_neo4j

TURNS, PLAIN_ROWS, PLAIN_VECTORS, K, ASKED = 3, 500, 500, 20, 500
LAST_TURN = 13
# Each way of writing overwrites what it wrote the turn before, and nothing larger.
SLOT = {"lists": "a", "lists with reasons and contributions": "b", "vectors": "a"}
PLAIN_MERGE = """
MATCH (u:User {id: $user}) MATCH (i:Item {id: $item})
MERGE (u)-[r:PLAIN]->(i) SET r.rank = $rank, r.score = $score, r.reason = $reason, r.why = $why
"""
PLAIN_SET = "MATCH (i:Item {id: $item}) SET i.plain_vector = $vector"
PUBLISHED = "MATCH (now:GraphRecPointer {name: 'current'}) WITH now.run AS run MATCH (p:GraphRecRun {number: run})"
LIST = f"""
{PUBLISHED} MATCH (u:User {{id: $user}})
UNWIND range(0, size(u[p.items_in]) - 1) AS place MATCH (i:Item {{id: u[p.items_in][place]}})
RETURN run, i.id AS item, u[p.scores_in][place] AS score, u[p.reasons_in][place] AS reason
"""
SIMILAR = f"""
{PUBLISHED} MATCH (u:User {{id: $user}})
CALL db.index.vector.queryNodes(p.item_index, $k, u[p.user_vector_in]) YIELD node RETURN node.id AS item
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--uri", help="with NEO4J_USERNAME and NEO4J_PASSWORD; its database is filled")
    snapshot = gowalla()
    model = create("spectral").fit(snapshot)
    vectors = model.vectors()
    assert vectors is not None
    top = model.top_k(np.arange(len(snapshot.users)), K, snapshot.seen)
    with server(options.parse_args().uri) as connection, Database(connection) as database, driver(connection) as plain:
        forget(database)
        to_neo4j(database, snapshot.with_edges(INTERACTED=snapshot.edges["INTERACTED"].take(slice(0, 0))))
        with plain.session(database=connection.database) as session:
            writes(database, session, snapshot, top, vectors)
            whole_runs(database, snapshot, top, vectors)
            index(session, snapshot, vectors)
        readers(connection, database, snapshot, results(snapshot, top, vectors, LAST_TURN + 1))
    cores = os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, neo4j driver {neo4j.__version__}")
    print(f"load average {os.getloadavg()[0]:.1f}; command: python {' '.join(sys.argv)}")


def driver(connection: Connection) -> neo4j.Driver:
    auth = (connection.username, connection.password)
    return neo4j.GraphDatabase.driver(connection.uri, auth=auth, notifications_min_severity="OFF")


def results(snapshot: GraphSnapshot, top: TopK, vectors: Vectors, turn: int, texts: bool = True) -> Results:
    """The lists and vectors, all a little different in each turn; in turn n every score lies in n to n + 1."""
    users, places = range(len(snapshot.users)), range(K)
    reasons = why = [[""] * K for _ in users]
    if texts:
        reasons = [[reason(turn * 7919 + user, place) for place in places] for user in users]
        why = [[contributions(turn * 7919 + user, place) for place in places] for user in users]
    scores = turn + np.linspace(0.9, 0.1, K, dtype=np.float32) * np.ones_like(top.scores)
    lists = TopK(top.items, scores)
    return Results(lists, lists, moved(vectors, turn), np.full(len(snapshot.items), float(turn)), reasons, why)


def reason(number: int, place: int) -> str:
    return f"because you visited place {number}, as did {place * 37} people who also visit this one ({place} %)"


def contributions(number: int, place: int) -> str:
    return "\n".join(
        f"{number + place / 97:.6f}\ttaste\t{place * 37}\tItem\t{number + n}\tplace {n}\t0" for n in range(4)
    )


def moved(vectors: Vectors, turn: int) -> Vectors:
    step = np.float32(turn * 1e-4)
    return Vectors(vectors.users + step, vectors.items + step)


def writes(database: Database, session: neo4j.Session, snapshot: GraphSnapshot, top: TopK, vectors: Vectors) -> None:
    """Top-20 lists and vectors, ours against a statement a row, in turns."""
    kinds: dict[str, list[tuple[float, float]]] = {name: [] for name in SLOT}
    with Lease(database, seconds=600) as lease:
        for turn in range(1, 1 + TURNS):
            for name, made in kinds.items():
                given = results(snapshot, top, vectors, turn, texts=name != "lists")
                if name != "vectors":
                    # The plain way writes one list and no vector.
                    walk = TopK(top.items[:, :0], top.scores[:, :0])
                    given = replace(given, walk=walk, vectors=Vectors(vectors.users[:, :0], vectors.items[:, :0]))
                rows = ResultRows(snapshot, given)
                writer = SlotWriter(database, lease, snapshot.schema, rows, SLOT[name], lambda *_: None)
                plain = plain_vectors if name == "vectors" else plain_lists
                made.append((ours(writer, rows, name), plain(session, snapshot, given)))
    for name, made in kinds.items():
        ratio = statistics.median(mine / theirs for mine, theirs in made)
        mine, theirs = (statistics.median(rates) for rates in zip(*made, strict=True))
        print(f"{name}: {mine:,.0f} rows/s, a statement a row {theirs:,.0f}: {ratio:.0f}x", flush=True)
    forget(database)


def ours(writer: SlotWriter, rows: ResultRows, name: str) -> float:
    """Rows a second of our way: of users' lists, or of items' vectors."""
    none, every = np.arange(0), np.arange(len(rows.items) if name == "vectors" else len(rows.users))
    users, items = (none, every) if name == "vectors" else (every, none)
    start = time.perf_counter()
    state = SlotState(None, users, none, items, none, none, rows.user_digests, rows.item_digests, [], [])
    writer.write(state)
    return (len(items) or rows.recommendations) / (time.perf_counter() - start)


def plain_lists(session: neo4j.Session, snapshot: GraphSnapshot, given: Results) -> float:
    start = time.perf_counter()
    for row in range(PLAIN_ROWS):
        user, place = divmod(row, K)
        session.run(
            PLAIN_MERGE,
            user=snapshot.users.ids.key(user),
            item=snapshot.items.ids.key(int(given.top.items[user, place])),
            rank=place + 1,
            score=float(given.top.scores[user, place]),
            reason=given.reasons[user][place],
            why=given.why[user][place],
        ).consume()
    return PLAIN_ROWS / (time.perf_counter() - start)


def plain_vectors(session: neo4j.Session, snapshot: GraphSnapshot, given: Results) -> float:
    start = time.perf_counter()
    for row in range(PLAIN_VECTORS):
        vector = given.vectors.items[row].tolist()
        session.run(PLAIN_SET, item=snapshot.items.ids.key(row), vector=vector).consume()
    return PLAIN_VECTORS / (time.perf_counter() - start)


def whole_runs(database: Database, snapshot: GraphSnapshot, top: TopK, vectors: Vectors) -> None:
    """Whole runs: the first two fill a slot each, the third overwrites one, the last changes nothing."""
    for turn in (11, 12, LAST_TURN, LAST_TURN, LAST_TURN):
        given = results(snapshot, top, vectors, turn)
        start = time.perf_counter()
        with Lease(database) as lease:
            made = publish(database, snapshot, given, RunDraft("spectral"), lease)
        print(
            f"run {made.run}: {time.perf_counter() - start:.1f} s {dict(made.seconds)}, {made.users:,} users, "
            f"{made.items:,} items, {made.relationships:,} relationships",
            flush=True,
        )


def index(session: neo4j.Session, snapshot: GraphSnapshot, vectors: Vectors) -> None:
    """Recall@20 of the item index for users' vectors, against exact cosines of what is stored."""
    users = np.random.default_rng(0).choice(len(snapshot.users), ASKED, replace=False)
    stored = moved(vectors, LAST_TURN)
    items = stored.items / np.linalg.norm(stored.items, axis=1, keepdims=True)
    for k in (K, 100):
        hits, taken = 0, []
        for user in users.tolist():
            start = time.perf_counter()
            found = session.run(SIMILAR, user=snapshot.users.ids.key(user), k=k).value()
            taken.append(time.perf_counter() - start)
            exact = np.argsort(-(items @ stored.users[user]), kind="stable")[:K]
            hits += len(set(found[:K]) & set(snapshot.items.ids.keys_of(exact)))
        print(f"vector index, {k} asked for: recall@{K} {hits / (K * ASKED):.4f}, {milliseconds(taken)}", flush=True)


def readers(connection: Connection, database: Database, snapshot: GraphSnapshot, given: Results) -> None:
    """One user's list with titles, asked for over and over by a process of its own: alone, and during a whole run."""
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    for what in ("alone", "during a run"):
        stop = context.Event()
        reader = context.Process(target=read, args=(connection, snapshot.users.ids.keys, stop, answers))
        reader.start()
        answers.get()
        if what == "alone":
            time.sleep(10)
        else:
            with Lease(database) as lease:
                publish(database, snapshot, given, RunDraft("spectral"), lease)
        stop.set()
        taken, wrong = answers.get()
        reader.join()
        print(f"reader {what}: {milliseconds(taken)}; {wrong} answers mixed or short", flush=True)


def read(connection: Connection, keys: Sequence[Key], stop: Event, answers: SimpleQueue) -> None:
    with driver(connection) as own, own.session(database=connection.database) as session:
        ask(session, keys, lambda asked: asked == ASKED)
        answers.put("warm")
        answers.put(ask(session, keys, lambda _: stop.is_set()))


def ask(session: neo4j.Session, keys: Sequence[Key], enough: Callable[[int], bool]) -> tuple[list[float], int]:
    """The seconds of each answer, and how many answers were of more than one run or not whole."""
    random, taken, wrong = np.random.default_rng(2), [], 0
    while not enough(len(taken)):
        user = keys[int(random.integers(len(keys)))]
        start = time.perf_counter()
        rows = session.run(LIST, user=user).data()
        taken.append(time.perf_counter() - start)
        wrong += len(rows) != K or len({int(row["score"]) for row in rows}) != 1
    return taken, wrong


def milliseconds(taken: list[float]) -> str:
    p50, p99 = np.percentile(np.array(taken) * 1000, [50, 99])
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {len(taken):,} times"


if __name__ == "__main__":
    main()
