"""Neighbour sampling: what a sample is made of, hop by hop, and how likely every node is to be in it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sampled_graphs import BOUGHT_BY, BUYS, FOLLOWS, assert_distributed, assert_true_to, data_of, random_shop, shops
from torch_geometric.data import HeteroData
from torch_geometric.sampler import NodeSamplerInput
from torch_geometric.testing import MyFeatureStore, MyGraphStore

from graphrec_neo4j.errors import ModelError, SnapshotError
from graphrec_neo4j.sampling.neighbours import NeighbourSampler


def seeds(rows: list[int], kind: str | None = None, time: list[int] | None = None) -> NodeSamplerInput:
    times = None if time is None else torch.tensor(time)
    return NodeSamplerInput(torch.arange(len(rows)), torch.tensor(rows), times, kind)


def reached(data: HeteroData, users: set[int], hops: int) -> tuple[dict[str, set[int]], dict[tuple, set[int]]]:
    """All nodes within ``hops`` edges against their direction, and the edges into those nearer than that."""
    found = {"User": set(users), "Item": set()}
    newest, edges = {"User": set(users), "Item": set()}, {kind: set() for kind in data.edge_types}
    for _ in range(hops):
        new: dict[str, set[int]] = {"User": set(), "Item": set()}
        for kind in data.edge_types:
            for number, (source, target) in enumerate(data[kind].edge_index.t().tolist()):
                if target in newest[kind[2]]:
                    edges[kind].add(number)
                    new[kind[0]].add(source)
        newest = {end: rows - found[end] for end, rows in new.items()}
        found = {end: found[end] | rows for end, rows in new.items()}
    return found, edges


@settings(max_examples=60, deadline=None)
@given(shops(), st.data())
def test_all_neighbours_are_those_of_a_breadth_first_search(data: HeteroData, draw: st.DataObject) -> None:
    count = data["User"].num_nodes
    users = draw.draw(st.lists(st.integers(0, count - 1), min_size=1, unique=True))
    sampled = NeighbourSampler(data, [-1, -1]).sample_from_nodes(seeds(users, "User"))
    found, edges = reached(data, set(users), 2)
    assert_true_to(data, sampled)
    assert {kind: set(rows.tolist()) for kind, rows in sampled.node.items()} == found
    assert {kind: set(numbers.tolist()) for kind, numbers in sampled.edge.items()} == edges
    assert all(len(numbers) == len(set(numbers.tolist())) for numbers in sampled.edge.values())
    assert all(len(rows) == len(set(rows.tolist())) for rows in sampled.node.values())


@settings(max_examples=60, deadline=None)
@given(shops(), st.integers(1, 3), st.booleans(), st.booleans(), st.integers(0, 2**32))
def test_each_hop_expands_what_the_one_before_found(
    data: HeteroData, count: int, replace: bool, disjoint: bool, seed: int
) -> None:
    sampler = NeighbourSampler(data, [count, count], replace=replace, disjoint=disjoint, seed=seed)
    sampled = sampler.sample_from_nodes(seeds(list(range(data["User"].num_nodes)), "User"))
    assert_true_to(data, sampled)
    assert sampled.node["User"][: data["User"].num_nodes].tolist() == list(range(data["User"].num_nodes))
    assert {kind: len(rows) for kind, rows in sampled.node.items()} == {
        kind: sum(hops) for kind, hops in sampled.num_sampled_nodes.items()
    }
    for kind in data.edge_types:
        start = 0
        for hop, edges in enumerate(sampled.num_sampled_edges[kind]):
            here = slice(start, start + edges)
            ends = np.cumsum([0, *sampled.num_sampled_nodes[kind[2]]])
            expanded = range(int(ends[hop]), int(ends[hop + 1]))
            drawn = Counter(sampled.col[kind][here].tolist())
            degree = Counter(data[kind].edge_index[1].tolist())
            wanted = {node: degree[int(sampled.node[kind[2]][node])] for node in expanded}
            assert drawn == Counter(
                {node: count if replace and d else min(d, count) for node, d in wanted.items() if d}
            )
            start += edges
        assert start == len(sampled.edge[kind])
        if not replace:
            pairs = list(zip(sampled.col[kind].tolist(), sampled.edge[kind].tolist(), strict=True))
            assert len(set(pairs)) == len(pairs)
        if disjoint:
            source, target = sampled.batch[kind[0]][sampled.row[kind]], sampled.batch[kind[2]][sampled.col[kind]]
            assert torch.equal(source, target)


def test_inclusion_two_hops_away_is_the_product_of_both_draws() -> None:
    # 0 <- 1, 2, 3; 1 <- 4, 5, 6, 7; 2 <- 7: two of three, then two of four or the only one.
    data = data_of(8, [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 1), (7, 1), (7, 2)])
    sampler, rounds = NeighbourSampler(data, [2, 2], seed=3), 6000
    seen: Counter[int] = Counter()
    for _ in range(rounds):
        seen.update(sampler.sample_from_nodes(seeds([0])).node.tolist())
    # 7 is missed if 2 is not drawn (then 1 is) and 1 does not draw it.
    exact = {0: 1, 1: 2 / 3, 2: 2 / 3, 3: 2 / 3, 4: 1 / 3, 5: 1 / 3, 6: 1 / 3, 7: 1 - 1 / 3 * 1 / 2}
    for node, chance in exact.items():
        assert abs(seen[node] / rounds - chance) <= 4 * (chance * (1 - chance) / rounds) ** 0.5


def test_weights_are_those_of_their_edges() -> None:
    # Parallel edges, and an order that sorting by target changes.
    data = data_of(4, [(1, 0), (0, 3), (2, 0), (1, 0)], w=[1.0, 9.0, float("nan"), 3.0])
    sampler = NeighbourSampler(data, [1], weight_attr="w")
    drawn = Counter(int(sampler.sample_from_nodes(seeds([0])).edge[0]) for _ in range(5000))
    assert_distributed(drawn, {0: 1 / 5, 2: 1 / 5, 3: 3 / 5})


def test_an_edge_type_without_weights_is_drawn_uniformly() -> None:
    data = random_shop()
    data[BUYS].w = torch.zeros(150)
    sampled = NeighbourSampler(data, [-1, -1], weight_attr="w").sample_from_nodes(seeds(list(range(30)), "User"))
    assert len(sampled.edge[BUYS]) == 0
    assert len(sampled.edge[FOLLOWS]) == 60


def test_fan_out_may_differ_by_edge_type() -> None:
    data = random_shop()
    counts = {BUYS: [0, -1], BOUGHT_BY: [2, 0], FOLLOWS: [0, 0]}
    sampled = NeighbourSampler(data, counts).sample_from_nodes(seeds([0, 1], "User"))
    assert sampled.num_sampled_edges[FOLLOWS] == [0, 0]
    assert sampled.num_sampled_edges[BOUGHT_BY] == [4, 0]
    assert sampled.num_sampled_edges[BUYS][0] == 0
    assert sampled.num_sampled_edges[BUYS][1] > 0


def test_an_isolated_seed_is_kept_and_so_is_one_that_comes_twice() -> None:
    data = data_of(4, [(0, 1)])
    sampled = NeighbourSampler(data, [3, 3]).sample_from_nodes(seeds([3, 1, 3]))
    assert sampled.node.tolist() == [3, 1, 3, 0]
    assert (sampled.row.tolist(), sampled.col.tolist()) == ([3], [1])
    assert sampled.num_sampled_nodes == [3, 1, 0]


def test_disjoint_subgraphs_do_not_share_nodes() -> None:
    data = data_of(3, [(2, 0), (2, 1)])
    sampled = NeighbourSampler(data, [-1], disjoint=True).sample_from_nodes(seeds([0, 1]))
    assert sampled.node.tolist() == [0, 1, 2, 2]
    assert sampled.batch.tolist() == [0, 1, 0, 1]


def test_one_seed_one_sample_and_another_another() -> None:
    data = random_shop()

    def two_batches(seed: int) -> list[list[int]]:
        sampler = NeighbourSampler(data, [2, 2], seed=seed)
        return [sampler.sample_from_nodes(seeds([0, 1, 2], "User")).edge[BOUGHT_BY].tolist() for _ in range(2)]

    assert two_batches(5) == two_batches(5)
    assert two_batches(5) != two_batches(6)
    assert two_batches(5)[0] != two_batches(5)[1]


def test_stores_are_sampled_as_the_data_that_they_hold() -> None:
    data = random_shop()
    data[BUYS].w = torch.rand(150)
    features, graph = MyFeatureStore(), MyGraphStore()
    for kind in data.node_types:
        features.put_tensor(data[kind].x, group_name=kind, attr_name="x", index=None)
    features.put_tensor(data[BUYS].w, group_name=BUYS, attr_name="w", index=None)
    for kind in data.edge_types:
        size = (data[kind[0]].num_nodes, data[kind[2]].num_nodes)
        graph.put_edge_index(data[kind].edge_index, edge_type=kind, layout="coo", size=size)
    of_stores = NeighbourSampler((features, graph), [2, 2], weight_attr="w").sample_from_nodes(seeds([0, 1], "User"))
    of_data = NeighbourSampler(data, [2, 2], weight_attr="w").sample_from_nodes(seeds([0, 1], "User"))
    for kind in data.edge_types:
        assert torch.equal(of_stores.edge[kind], of_data.edge[kind])
    assert {kind: rows.tolist() for kind, rows in of_stores.node.items()} == {
        kind: rows.tolist() for kind, rows in of_data.node.items()
    }


@pytest.mark.parametrize(
    ("attributes", "arguments", "message"),
    [
        ({"w": [-1.0]}, {"weight_attr": "w"}, "finite and not negative"),
        ({"w": [float("inf")]}, {"weight_attr": "w"}, "finite and not negative"),
        ({"w": [[1.0, 2.0]]}, {"weight_attr": "w"}, "not one for each edge"),
        ({"t": [0.5]}, {"time_attr": "t"}, "not integers"),
        ({}, {"weight_attr": "w"}, "no edge type has the attribute 'w'"),
    ],
)
def test_what_cannot_be_sampled_is_refused(attributes: dict, arguments: dict, message: str) -> None:
    with pytest.raises(SnapshotError, match=message):
        NeighbourSampler(data_of(2, [(0, 1)], **attributes), [1], **arguments)


def test_an_edge_to_nowhere_is_refused() -> None:
    with pytest.raises(SnapshotError, match="outside the 2 nodes"):
        NeighbourSampler(data_of(2, [(0, 2)]), [1])


@pytest.mark.parametrize("row", [-1, 30])
def test_a_seed_outside_the_graph_is_refused(row: int) -> None:
    with pytest.raises(ModelError, match="outside the 30 nodes 'User'"):
        NeighbourSampler(random_shop(), [1]).sample_from_nodes(seeds([0, row], "User"))
