"""A graph streamed out of a real Neo4j against brute force over the snapshot of the same database."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from streamed_graphs import RATED, SHOP, rated, shop
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkLoader, NodeLoader

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError, SchemaError, SnapshotError, StreamError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders import stream_pages
from loaders.from_neo4j import from_neo4j
from loaders.stream import Neo4jStream
from loaders.stream_neighbours import Neighbours
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live

Run = Callable[..., list[dict[str, object]]]

# The second order of a customer may hold what the first did: parallel paths, whose quantities add up.
ORDERS = """
UNWIND range(0, 59) AS n
MATCH (c:`The ``Customer```) WITH n, c ORDER BY c.`customer no` WITH n, collect(c) AS cs
MATCH (p:Product) WITH n, cs, p ORDER BY p.sku WITH n, cs, collect(p) AS ps
WITH n, cs[n % 17] AS c, ps[(n * 7) % 23] AS p, ps[(n * 7 + n % 2) % 23] AS q
CREATE (c)-[:PLACED]->(o:Order {placed: 1000 + n})-[:CONTAINS {quantity: n % 4}]->(p), (o)-[:CONTAINS]->(q)
"""


@pytest.fixture
def streamed_shop(database: Database, run: Run) -> GraphSnapshot:
    """The shop in the database, orders and all, and its snapshot as another reader reads it."""
    to_neo4j(database, shop())
    run(ORDERS)
    return from_neo4j(database, GraphSchema.parse(SHOP))


def test_every_sampled_edge_is_there_with_its_own_weight_and_time(
    database: Database, streamed_shop: GraphSnapshot
) -> None:
    truth = true_edges(streamed_shop)
    with Neo4jStream(database, streamed_shop.schema, [3, 2, 2]) as stream:
        seen: Counter[str] = Counter()
        for batch in stream.node_batches("Customer", 7):
            for name, pair, weight, edge_time in edges_by_id(stream, batch):
                assert (weight, edge_time) == truth[name][pair]
                seen[name] += 1
    assert set(seen) == {name for base in ("rated", "ordered", "KNOWS", "MADE_BY") for name in (base, f"rev_{base}")}


def test_no_node_gets_more_neighbours_than_its_fan_out_and_none_twice(
    database: Database, streamed_shop: GraphSnapshot
) -> None:
    with Neo4jStream(database, streamed_shop.schema, [3, 2]) as stream:
        for batch in stream.node_batches("Product", 8):
            for kind in batch.edge_types:
                store, nodes = batch[kind], batch[kind[2]]
                assert store.edge_index.unique(dim=1).shape == store.edge_index.shape
                hop = torch.repeat_interleave(torch.arange(2), torch.tensor(store.num_sampled_edges))
                reached = torch.repeat_interleave(torch.arange(3), torch.tensor(nodes.num_sampled_nodes))
                # A node is expanded in the hop after the one that found it, and only then.
                assert (reached[store.edge_index[1]] == hop).all()
                counts = torch.bincount(store.edge_index[1], minlength=nodes.num_nodes)
                limits = torch.tensor([3, 2, 0])[reached]
                assert (counts <= limits).all()


def test_a_fan_out_that_holds_all_gives_the_whole_neighbourhood(
    database: Database, streamed_shop: GraphSnapshot
) -> None:
    truth = true_edges(streamed_shop)
    with Neo4jStream(database, streamed_shop.schema, [1000, 1000]) as stream:
        seeds: list[Key] = ["sku 000", "sku 029"]
        loader = NodeLoader(
            (stream.features, stream.graph),
            stream.sampler,
            ("Product", stream.numbers("Product", seeds)),
            batch_size=2,
            transform=stream.features.add_edge_values,
        )
        (batch,) = list(loader)
        made = Counter((name, pair) for name, pair, _, _ in edges_by_id(stream, batch))
    assert made == Counter(brute_force(truth, stream.edge_types, "Product", seeds, hops=2))
    assert max(made.values()) == 1


def test_a_batch_has_the_shape_that_its_loader_promises(database: Database, streamed_shop: GraphSnapshot) -> None:
    with Neo4jStream(database, streamed_shop.schema, [4, 2]) as stream:
        for batch in stream.node_batches("Product", 8):
            batch.validate(raise_on_error=True)
            assert set(batch.node_types) == {"Customer", "Product", "Brand"}
            assert set(batch.edge_types) == set(stream.edge_types)
            assert batch["Product"].batch_size == len(batch["Product"].input_id) <= 8
            assert batch["Product"].x.dtype == torch.float32
            assert batch["rated"].edge_time.dtype == torch.int64


def test_features_are_those_of_the_nodes_with_what_is_missing_told_apart(
    database: Database, streamed_shop: GraphSnapshot
) -> None:
    features = streamed_shop.nodes["Product"].features
    assert features is not None
    with Neo4jStream(database, streamed_shop.schema, [4, 2], cache_bytes=3000) as stream:
        for epoch in (0, 1):
            for batch in stream.node_batches("Customer", 9, epoch=epoch):
                ids = stream.ids("Product", batch["Product"].n_id)
                expected = features[streamed_shop.nodes["Product"].ids.rows_of(ids)].astype(np.float32)
                assert np.array_equal(batch["Product"].x_missing.numpy(), np.isnan(expected))
                assert np.array_equal(batch["Product"].x.numpy(), np.nan_to_num(expected))
        report = stream.report()
    assert report.batches == 10
    assert 0 < report.cached_rows <= 3000 // (2 * 4 + 256)
    assert 0 < report.hit_rate < 1


def test_an_epoch_of_nodes_has_each_once_and_those_without_edges_too(
    database: Database, streamed_shop: GraphSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_pages, "NODES_A_PAGE", 4)
    monkeypatch.setattr(stream_pages, "_KEYS_A_SCAN", 8)
    for name in ("Customer", "Product", "Brand"):
        with Neo4jStream(database, streamed_shop.schema, [2]) as stream:
            batches = list(stream.node_batches(name, 6))
            seeds = [stream.ids(name, batch[name].n_id[: batch[name].batch_size]) for batch in batches]
        assert sorted(key for of_batch in seeds for key in of_batch) == list(streamed_shop.nodes[name].ids.keys)
        assert [len(of_batch) for of_batch in seeds[:-1]] == [6] * (len(seeds) - 1)
    lonely = [(7 * 39 - 50, "Customer"), ("sku 029", "Product"), ("Ünïcode", "Brand")]
    with Neo4jStream(database, streamed_shop.schema, [2]) as stream:
        for key, name in lonely:
            (batch,) = NodeLoader(
                (stream.features, stream.graph), stream.sampler, (name, stream.numbers(name, [key])), batch_size=1
            )
            assert batch[name].num_nodes == 1
            assert sum(batch[kind].edge_index.shape[1] for kind in batch.edge_types) == 0


def test_an_epoch_of_links_has_each_positive_edge_once_with_its_ends_in_place(
    database: Database, streamed_shop: GraphSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_pages, "NODES_A_PAGE", 4)
    monkeypatch.setattr(stream_pages, "PAGES_A_CHUNK", 3)
    positive = {pair for pair, (weight, _) in true_edges(streamed_shop)["rated"].items() if weight and weight >= 3}
    made: list[tuple[Key, Key]] = []
    with Neo4jStream(database, streamed_shop.schema, [2, 2]) as stream:
        for batch in stream.link_batches("rated", 16):
            customers = stream.ids("Customer", batch["Customer"].n_id[batch["Customer"].src_index])
            products = stream.ids("Product", batch["Product"].n_id[batch["Product"].dst_pos_index])
            made += zip(customers, products, strict=True)
            assert batch["Product"].dst_neg_index.shape == batch["Product"].dst_pos_index.shape
            targets = set(made[-len(customers) :])
            assert not {pair for name, pair, _, _ in edges_by_id(stream, batch) if name == "rated"} & targets
    assert Counter(made) == Counter(dict.fromkeys(positive, 1))


def test_a_link_is_not_predicted_from_itself_unless_asked_for(database: Database, streamed_shop: GraphSnapshot) -> None:
    ties = true_edges(streamed_shop)["KNOWS"]
    pair = next(pair for pair in ties if pair[0] != pair[1])
    for exclude in (True, False):
        with Neo4jStream(database, streamed_shop.schema, [1000], exclude_targets=exclude) as stream:
            ends = stream.numbers("Customer", pair)[:, None]
            kind = ("Customer", "KNOWS", "Customer")
            (batch,) = LinkLoader(
                (stream.features, stream.graph),
                stream.sampler,
                (kind, ends),
                transform=stream.features.add_edge_values,
                neg_sampling="binary",
            )
            made = {(name, ends) for name, ends, _, _ in edges_by_id(stream, batch)}
            assert batch[kind].edge_label.tolist() == [1, 0]
        for name, ends_ in (("KNOWS", pair), ("rev_KNOWS", pair[::-1])):
            assert ((name, ends_) in made) is not exclude


def test_every_neighbour_is_as_likely_as_any_other_and_every_pair_too(database: Database) -> None:
    graph = rated(users=2, items=12, edges=400)
    to_neo4j(database, graph)
    degree, taken, turns = len(graph.edges["RATED"].take(graph.edges["RATED"].source == 0)), 5, 3000
    assert degree == 12
    neighbours = Neighbours(database, graph.schema, "RATED", reverse=True, scan=1000)
    sampled = neighbours.sample([0] * turns, taken, np.random.default_rng(0))
    sets: list[list[Key]] = [[] for _ in range(turns)]
    for place, key in zip(sampled.place.tolist(), sampled.neighbour, strict=True):
        sets[place].append(key)
    assert {len(set(of_turn)) for of_turn in sets} == {taken}
    single = np.array(list(Counter(key for of_turn in sets for key in of_turn).values()))
    # Counts of samples without replacement vary less than a multinomial's, by (degree - taken) / (degree - 1).
    spread = ((single - turns * taken / degree) ** 2).sum() / (turns * taken / degree)
    assert 0.001 < stats.chi2.sf(spread * (degree - 1) / (degree - taken), degree - 1) < 0.999
    pairs = Counter(pair for of_turn in sets for pair in combinations(sorted(map(str, of_turn)), 2))
    expected = turns * taken * (taken - 1) / (degree * (degree - 1))
    assert len(pairs) == degree * (degree - 1) / 2
    assert max(abs(count - expected) for count in pairs.values()) < 5 * np.sqrt(expected)


def test_of_a_hub_only_so_many_edges_are_looked_at(database: Database) -> None:
    graph = rated(users=1, items=50, edges=1000)
    to_neo4j(database, graph)
    neighbours = Neighbours(database, graph.schema, "RATED", reverse=True, scan=20)
    sampled = neighbours.sample([0] * 200, 10, np.random.default_rng(0))
    assert len(sampled.neighbour) == 2000
    assert len(set(sampled.neighbour)) == 20


def test_negatives_are_all_nodes_alike(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_pages, "NODES_A_PAGE", 4)
    monkeypatch.setattr(stream_pages, "PAGES_A_CHUNK", 1)
    graph = rated(items=10)
    to_neo4j(database, graph)
    with Neo4jStream(database, graph.schema, [1]) as stream:
        reader, rng = stream.pages("Item"), np.random.default_rng(0)
        drawn = Counter(reader.random_keys(1, rng)[0] for _ in range(1000))
    # The last of the three pages has two nodes, each as likely as one of the four of another.
    assert stats.chisquare([drawn[key] for key in graph.items.ids.keys]).pvalue > 0.001


def test_a_seed_gives_the_same_batches_whatever_the_number_of_sessions(database: Database) -> None:
    graph = rated()
    to_neo4j(database, graph)

    def digest(seed: int, epoch: int, sessions: int) -> list[list[list[int]]]:
        with Neo4jStream(database, graph.schema, [3, 2], seed=seed) as stream:
            batches = stream.link_batches("RATED", 100, epoch=epoch, sessions=sessions, waiting=5)
            return [[batch["Item"].n_id.tolist(), batch["RATED"].edge_index.flatten().tolist()] for batch in batches]

    first = digest(0, 0, 1)
    assert digest(0, 0, 3) == first
    assert digest(1, 0, 1) != first
    assert digest(0, 1, 1) != first


def test_loaders_of_pytorch_geometric_iterate_over_it_unchanged(database: Database) -> None:
    graph = rated()
    to_neo4j(database, graph)
    with Neo4jStream(database, graph.schema, [3, 2]) as stream:
        data = stream.features, stream.graph
        nodes = NodeLoader(
            data, stream.sampler, ("User", stream.numbers("User", range(60))), batch_size=25, shuffle=True
        )
        assert [batch["User"].batch_size for batch in nodes] == [25, 25, 10]
        edges = graph.edges["RATED"]
        users = stream.numbers("User", graph.users.ids.keys_of(edges.source))
        items = stream.numbers("Item", graph.items.ids.keys_of(edges.target))
        kind = ("User", "RATED", "Item")
        links = LinkLoader(
            data, stream.sampler, (kind, torch.stack([users, items])), batch_size=128, neg_sampling="triplet"
        )
        for batch in links:
            batch.validate(raise_on_error=True)
            assert len(batch["User"].src_index) == len(batch["Item"].dst_neg_index)
            assert (batch["Item"].x[:, 0].long() == torch.tensor(item_rows(stream, batch))).all()


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


Truth = dict[str, dict[tuple[Key, Key], tuple[float | None, int | None]]]


def true_edges(snapshot: GraphSnapshot) -> Truth:
    """Weight and time of every edge by edge type and business ids, each type turned round too; None where missing."""
    made: Truth = {}
    for name, edges in snapshot.edges.items():
        kind = snapshot.schema.edges[name]
        sources = snapshot.nodes[kind.source].ids.keys_of(edges.source)
        targets = snapshot.nodes[kind.target].ids.keys_of(edges.target)
        weight = values(edges.weight.astype(np.float32) if edges.weight is not None else None, len(edges))
        times = values(edges.time, len(edges))
        made[name] = dict(zip(zip(sources, targets, strict=True), zip(weight, times, strict=True), strict=True))
        made[f"rev_{name}"] = {pair[::-1]: value for pair, value in made[name].items()}
    return made


def edges_by_id(
    stream: Neo4jStream, batch: HeteroData
) -> Iterator[tuple[str, tuple[Key, Key], float | None, int | None]]:
    for start, name, end in batch.edge_types:
        store = batch[start, name, end]
        sources = stream.ids(start, batch[start].n_id[store.edge_index[0]])
        targets = stream.ids(end, batch[end].n_id[store.edge_index[1]])
        weight = values(store.edge_weight.numpy() if "edge_weight" in store else None, len(sources))
        times = values(store.edge_time.numpy() if "edge_time" in store else None, len(sources))
        for source, target, of_weight, of_time in zip(sources, targets, weight, times, strict=True):
            yield name, (source, target), of_weight, of_time


def values(column: np.ndarray | None, count: int) -> list:
    if column is None:
        return [None] * count
    missing = np.isnan(column) if column.dtype.kind == "f" else column == np.iinfo(np.int64).min
    return [None if gone else value for value, gone in zip(column.tolist(), missing.tolist(), strict=True)]


def brute_force(
    truth: Truth, kinds: list[tuple[str, str, str]], name: str, seeds: list[Key], hops: int
) -> Iterator[tuple[str, tuple[Key, Key]]]:
    """All edges into the seeds, then into what they come from, each node once."""
    reached = {(name, key) for key in seeds}
    frontier = set(reached)
    for _ in range(hops):
        found = set()
        for start, edge, end in kinds:
            for source, target in truth[edge]:
                if (end, target) in frontier:
                    yield edge, (source, target)
                    found.add((start, source))
        frontier = found - reached
        reached |= found


def item_rows(stream: Neo4jStream, batch: HeteroData) -> list[int]:
    return [int(str(key)[1:]) for key in stream.ids("Item", batch["Item"].n_id)]
