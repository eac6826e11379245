"""Streams of a graph that changes meanwhile or is not as it should be, asked for too much, or left in the middle."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from streamed_edges import edges_by_id
from streamed_graphs import RATED, rated
from torch_geometric.loader import NodeLoader

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError, SchemaError, SnapshotError, StreamError
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from loaders.stream import Neo4jStream
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live

Run = Callable[..., list[dict[str, object]]]


def test_nodes_that_go_while_batches_are_made_leave_whole_batches(database: Database, run: Run) -> None:
    graph = rated(users=300, items=200, edges=5000)
    to_neo4j(database, graph)
    stop = threading.Event()

    def churn() -> None:
        for n in range(0, 300, 2):
            run("MATCH (u:User {id: $n}) DETACH DELETE u", n=n)
            run("MATCH (i:Item {id: $n}) DETACH DELETE i", n=f"i{n:05}")
            run("MERGE (u:User {id: $n}) MERGE (i:Item {id: 'new'}) MERGE (u)-[:RATED]->(i)", n=1000 + n)
            if stop.is_set():
                return

    writer = threading.Thread(target=churn)
    with Neo4jStream(database, graph.schema, [5, 5]) as stream:
        batches = stream.node_batches("User", 20)
        made = [next(batches)]
        writer.start()
        made += list(batches)
        stop.set()
        writer.join()
        for batch in made:
            batch.validate(raise_on_error=True)
            assert batch["Item"].x.shape == (batch["Item"].num_nodes, 1)


def test_a_seed_and_a_feature_that_are_gone_are_counted_and_missing(database: Database, run: Run) -> None:
    graph = rated()
    to_neo4j(database, graph)
    with Neo4jStream(database, graph.schema, [5]) as stream:
        seeds = stream.numbers("Item", ["i00001", "i00002"])
        run("MATCH (i:Item {id: 'i00002'}) DETACH DELETE i")
        (batch,) = NodeLoader((stream.features, stream.graph), stream.sampler, ("Item", seeds), batch_size=2)
        assert batch["Item"].x_missing[:2, 0].tolist() == [False, True]
        assert batch["Item"].x[:2, 0].tolist() == [1, 0]
        assert set(batch["RATED"].edge_index[1].tolist()) == {0}
        assert stream.report().gone_seeds == 1


def test_parallel_relationships_are_one_edge_by_the_rule(database: Database, run: Run) -> None:
    to_neo4j(database, rated(users=3, items=3, edges=0))
    run(
        "MATCH (u:User {id: 0}), (i:Item {id: 'i00001'}) CREATE (u)-[:RATED {stars: 2, at: 5}]->(i), "
        "(u)-[:RATED {stars: 4, at: 3}]->(i), (u)-[:RATED]->(i)"
    )
    for rule, expected in (("sum", (7.0, 5)), ("last", (2.0, 5)), ("max", (4.0, 3))):
        schema = GraphSchema.parse(f'{RATED}duplicates = "{rule}"')
        with Neo4jStream(database, schema, [3]) as stream:
            made = [edge for batch in stream.node_batches("User", 3) for edge in edges_by_id(stream, batch)]
        assert made == [("rev_RATED", ("i00001", 0), *expected)]
    with (
        Neo4jStream(database, GraphSchema.parse(f'{RATED}duplicates = "error"'), [3]) as stream,
        pytest.raises(SnapshotError, match="RATED: 2 edges join a pair that is already joined"),
    ):
        list(stream.node_batches("User", 3))


def test_a_weight_that_is_no_number_names_its_edge(database: Database, run: Run) -> None:
    to_neo4j(database, rated(users=2, items=2, edges=0))
    run("MATCH (u:User {id: 1}), (i:Item {id: 'i00001'}) CREATE (u)-[:RATED {stars: 'many'}]->(i)")
    with (
        Neo4jStream(database, GraphSchema.parse(RATED), [3]) as stream,
        pytest.raises(BadInputError, match="a weight of RATED, of an edge at the Item 'i00001', cannot be read"),
    ):
        list(stream.node_batches("User", 2))


def test_what_would_need_the_whole_graph_is_refused(database: Database) -> None:
    graph = rated()
    to_neo4j(database, graph)
    with pytest.raises(StreamError, match="fan_out must be a bound"):
        Neo4jStream(database, graph.schema, [-1])
    with pytest.raises(StreamError, match="fan_out does not fit the graph"):
        Neo4jStream(database, graph.schema, {("User", "LIKED", "Item"): [1]})
    with Neo4jStream(database, graph.schema, {("User", "RATED", "Item"): [2]}) as stream:
        with pytest.raises(StreamError, match="stay in Neo4j"):
            stream.graph.coo()
        with pytest.raises(StreamError, match="never here as a whole"):
            stream.features["Item", "x", None]
        with pytest.raises(StreamError, match="no rows 0 to n - 1"):
            NodeLoader((stream.features, stream.graph), stream.sampler, "User")
        with pytest.raises(StreamError, match="no time of its seeds"):
            next(iter(NodeLoader((stream.features, stream.graph), stream.sampler, ("User", [1]), torch.tensor([5]))))
        with pytest.raises(StreamError, match="must be distinct"):
            next(iter(NodeLoader((stream.features, stream.graph), stream.sampler, ("User", [1, 1]), batch_size=2)))


def test_keys_without_an_index_are_refused(database: Database, run: Run) -> None:
    run("CREATE (:User {id: 1})-[:RATED]->(:Item {id: 'a'})")
    with pytest.raises(SchemaError, match="no index covers the key 'id' of the nodes 'User'"):
        Neo4jStream(database, GraphSchema.parse(RATED), [1])


def test_leaving_the_stream_ends_its_threads_in_the_middle_of_an_epoch(database: Database) -> None:
    graph = rated()
    to_neo4j(database, graph)
    with Neo4jStream(database, graph.schema, [3, 2]) as stream:
        kept = stream.link_batches("RATED", 10)
        next(kept)
        for _ in stream.link_batches("RATED", 10):
            break
    assert list(kept) == []
    assert not any(thread.name.startswith("graphrec-stream") for thread in threading.enumerate())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT between processes")
def test_ctrl_c_ends_a_training_at_once(database: Database, neo4j_connection: Connection) -> None:
    """Short sleeps: one that a signal comes just before is slept to its end."""
    graph = rated()
    to_neo4j(database, graph)
    given = [getattr(neo4j_connection, field.name) for field in dataclasses.fields(neo4j_connection)]
    code = f"""
import time
from graphrec_neo4j.database import Database
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from loaders.stream import Neo4jStream
with Database(Connection(*{given!r})) as database:
    with Neo4jStream(database, GraphSchema.parse({RATED!r}), [3, 2]) as stream:
        for batch in stream.link_batches("RATED", 10):
            print("batch", flush=True)
            for _ in range(600):
                time.sleep(0.1)
"""
    root = Path(__file__).resolve().parent.parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "batch\n"
        child.send_signal(signal.SIGINT)
        asked = time.perf_counter()
        errors = child.stderr.read()
        assert child.wait() != 0
    assert time.perf_counter() - asked < 20
    assert errors.rstrip().endswith("KeyboardInterrupt")
