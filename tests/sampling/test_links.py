"""The edge to be predicted, and the same edge turned round, are not in the graph that predicts it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sampled_graphs import BOUGHT_BY, BUYS, FOLLOWS, assert_true_to, data_of, random_shop, shops
from torch_geometric.data import HeteroData
from torch_geometric.sampler import EdgeSamplerInput, NegativeSampling

from graphrec_neo4j.sampling.neighbours import NeighbourSampler

NEGATIVES = st.sampled_from(
    [
        None,
        NegativeSampling("binary", 0.5),
        NegativeSampling("binary", 1),
        NegativeSampling("binary", 2),
        NegativeSampling("triplet", 3),
    ]
)


def links(data: Any, kind: tuple | None, numbers: list[int]) -> EdgeSamplerInput:
    edge_index = data.edge_index if kind is None else data[kind].edge_index
    return EdgeSamplerInput(torch.arange(len(numbers)), *edge_index[:, numbers], input_type=kind)


def pairs(sampled: Any, kind: tuple) -> set[tuple[int, int]]:
    source, target = sampled.node[kind[0]][sampled.row[kind]], sampled.node[kind[2]][sampled.col[kind]]
    return set(zip(source.tolist(), target.tolist(), strict=True))


@settings(max_examples=80, deadline=None)
@given(shops(), st.data(), NEGATIVES, st.sampled_from([2, -1]))
def test_no_target_is_in_a_shared_subgraph(
    data: HeteroData, draw: st.DataObject, negatives: NegativeSampling | None, count: int
) -> None:
    numbers = draw.draw(st.lists(st.integers(0, data[BUYS].edge_index.shape[1] - 1), min_size=1))
    sampled = NeighbourSampler(data, [count, count]).sample_from_edges(links(data, BUYS, numbers), negatives)
    assert_true_to(data, sampled)
    targets = set(map(tuple, data[BUYS].edge_index[:, numbers].t().tolist()))
    assert not pairs(sampled, BUYS) & targets
    assert not {(user, item) for item, user in pairs(sampled, BOUGHT_BY)} & targets


@settings(max_examples=80, deadline=None)
@given(shops(), st.data(), NEGATIVES)
def test_a_disjoint_subgraph_lacks_its_own_target_and_nothing_else(
    data: HeteroData, draw: st.DataObject, negatives: NegativeSampling | None
) -> None:
    numbers = draw.draw(st.lists(st.integers(0, data[BUYS].edge_index.shape[1] - 1), min_size=1))
    sampled = NeighbourSampler(data, [-1], disjoint=True).sample_from_edges(links(data, BUYS, numbers), negatives)
    bought = data[BUYS].edge_index.t().tolist()
    # Seeds stand first, one for each link, then one for each negative in rounds.
    for kind, end in ((BOUGHT_BY, "User"), (BUYS, "Item")):
        seeds = sampled.num_sampled_nodes[end][0]
        for seed in range(seeds):
            user_item = bought[numbers[seed % len(numbers)]]
            row = int(sampled.node[end][seed])
            joined = sorted(sampled.edge[kind][sampled.col[kind] == seed].tolist())
            side = 0 if end == "User" else 1
            assert joined == [at for at, pair in enumerate(bought) if pair[side] == row and pair != user_item]


def test_without_exclusion_the_target_is_there() -> None:
    data = random_shop()
    sampled = NeighbourSampler(data, [-1], exclude_targets=False).sample_from_edges(links(data, BUYS, [7]))
    assert 7 in sampled.edge[BUYS]
    assert 7 in sampled.edge[BOUGHT_BY]


def test_between_nodes_of_one_type_the_turned_edge_is_left_out_too() -> None:
    data = data_of(3, [(0, 1), (1, 0), (0, 1), (1, 2), (2, 1)])
    sampled = NeighbourSampler(data, [-1, -1]).sample_from_edges(links(data, None, [0]))
    assert sorted(sampled.edge.tolist()) == [3, 4]


def test_a_reverse_under_another_name_is_left_out_when_named() -> None:
    data = random_shop()
    other = ("Item", "SOLD_TO", "User")
    data[other].edge_index = data[BOUGHT_BY].edge_index
    unnamed = NeighbourSampler(data, [-1]).sample_from_edges(links(data, BUYS, [7]))
    named = NeighbourSampler(data, [-1], reverse_types={BUYS: other}).sample_from_edges(links(data, BUYS, [7]))
    assert 7 in unnamed.edge[other]
    assert 7 not in unnamed.edge[BOUGHT_BY]
    assert 7 not in named.edge[other]
    back = NeighbourSampler(data, [-1], reverse_types={BUYS: other}).sample_from_edges(links(data, other, [7]))
    assert 7 not in back.edge[BUYS]


def test_the_reverse_of_a_reverse_is_left_out() -> None:
    data = random_shop()
    sampled = NeighbourSampler(data, [-1]).sample_from_edges(links(data, BOUGHT_BY, [7]))
    assert 7 not in sampled.edge[BUYS]
    assert 7 not in sampled.edge[BOUGHT_BY]


def test_other_types_between_the_same_ends_stay() -> None:
    data = random_shop()
    viewed = ("User", "VIEWED", "Item")
    data[viewed].edge_index = data[BUYS].edge_index
    sampled = NeighbourSampler(data, [-1]).sample_from_edges(links(data, BUYS, [7]))
    assert 7 in sampled.edge[viewed]


@pytest.mark.parametrize("mode", ["binary", "triplet"])
def test_negatives_follow_the_seed_and_leave_torch_alone(mode: str) -> None:
    data = random_shop()

    def negatives(seed: int) -> list[int]:
        sampler = NeighbourSampler(data, [2], disjoint=True, seed=seed)
        return (
            sampler.sample_from_edges(links(data, FOLLOWS, [0, 1, 2, 3]), NegativeSampling(mode, 1))
            .node["User"][:16]
            .tolist()
        )

    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = negatives(1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert negatives(1) == first
    assert negatives(2) != first
