"""A graph streamed out of a real Neo4j against brute force over the snapshot of the same database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from streamed_edges import brute_force, edges_by_id, true_edges
from streamed_graphs import SHOP, rated, shop
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkLoader, NodeLoader

from graphrec_neo4j.database import Database
from graphrec_neo4j.ids import Key
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders import stream_pages
from loaders.from_neo4j import from_neo4j
from loaders.stream import Neo4jStream
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


def item_rows(stream: Neo4jStream, batch: HeteroData) -> list[int]:
    return [int(str(key)[1:]) for key in stream.ids("Item", batch["Item"].n_id)]
