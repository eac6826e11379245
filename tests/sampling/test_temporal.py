"""No edge of the future: not in any hop, not for any seed, not without a time."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sampled_graphs import BOUGHT_BY, BUYS, FOLLOWS, assert_true_to, data_of, shops
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkLoader, NodeLoader
from torch_geometric.sampler import NegativeSampling, NodeSamplerInput

from graphrec_neo4j.edge_times import MISSING_TIME
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.neighbours import NeighbourSampler


@settings(max_examples=80, deadline=None)
@given(shops(), st.lists(st.integers(0, 5), min_size=5, max_size=5), st.sampled_from([1, 2, -1]), st.integers(0, 99))
def test_every_edge_lies_before_its_seed(data: HeteroData, time: list[int], count: int, seed: int) -> None:
    users = data["User"].num_nodes
    sampler = NeighbourSampler(data, [count, count], time_attr="edge_time", seed=seed)
    times = torch.tensor(time[:users])
    sampled = sampler.sample_from_nodes(NodeSamplerInput(None, torch.arange(users), times, "User"))
    assert_true_to(data, sampled)
    for kind in (BUYS, BOUGHT_BY):
        edge_time = data[kind].edge_time[sampled.edge[kind]]
        of_seed = times[sampled.batch[kind[2]][sampled.col[kind]]]
        assert bool((edge_time < of_seed).all())
        assert bool((edge_time != MISSING_TIME).all())


@settings(max_examples=60, deadline=None)
@given(shops(), st.integers(0, 5))
def test_all_edges_before_the_seed_are_seen_and_timeless_types_always(data: HeteroData, time: int) -> None:
    users = torch.arange(data["User"].num_nodes)
    sampler = NeighbourSampler(data, [-1], time_attr="edge_time")
    sampled = sampler.sample_from_nodes(NodeSamplerInput(None, users, torch.full_like(users, time), "User"))
    known = data[BOUGHT_BY].edge_time
    assert (
        sorted(sampled.edge[BOUGHT_BY].tolist())
        == torch.nonzero((known < time) & (known != MISSING_TIME)).flatten().tolist()
    )
    assert sorted(sampled.edge[FOLLOWS].tolist()) == list(range(data[FOLLOWS].edge_index.shape[1]))


def test_a_seed_without_a_time_sees_timeless_edges_only() -> None:
    data = data_of(2, [(1, 0), (1, 0)], t=[-(2**62), MISSING_TIME])
    sampler = NeighbourSampler(data, [-1], time_attr="t")
    sampled = sampler.sample_from_nodes(NodeSamplerInput(None, torch.tensor([0]), torch.tensor([MISSING_TIME])))
    assert sampled.edge.tolist() == []


@pytest.mark.parametrize("negatives", [None, NegativeSampling("binary", 1), NegativeSampling("triplet", 2)])
def test_links_see_what_was_before_them(negatives: NegativeSampling | None) -> None:
    # One user who bought items 0, 1, 2, 3 at those times, and a second one at time 1.
    data = HeteroData()
    data["User"].num_nodes, data["Item"].num_nodes = 2, 4
    data[BUYS].edge_index = torch.tensor([[0, 0, 0, 0, 1], [0, 1, 2, 3, 1]])
    data[BOUGHT_BY].edge_index = data[BUYS].edge_index.flip(0)
    data[BUYS].t = data[BOUGHT_BY].t = torch.tensor([0, 1, 2, 3, 1])
    sampler = NeighbourSampler(data, [-1, -1], time_attr="t")
    edges = data[BUYS].edge_index
    loader = LinkLoader(
        data, sampler, (BUYS, edges), edge_label_time=data[BUYS].t, neg_sampling=negatives, batch_size=5
    )
    batch = next(iter(loader))
    seen = {
        (int(batch["User"].batch[col]), int(edge))
        for col, edge in zip(batch[BOUGHT_BY].edge_index[1], batch[BOUGHT_BY].e_id, strict=True)
    }
    of_user_0 = {(link, edge) for link in range(4) for edge in range(link)}
    assert {(link, edge) for link, edge in seen if edge < 4 and link < 4} >= of_user_0
    assert all(int(data[BUYS].t[edge]) < int(data[BUYS].t[link]) for link, edge in seen)


def test_times_are_asked_for_and_useless_ones_refused() -> None:
    data = data_of(2, [(1, 0)], t=[1])
    with pytest.raises(ModelError, match="needs input_time"):
        next(iter(NodeLoader(data, NeighbourSampler(data, [1], time_attr="t"))))
    with pytest.raises(ModelError, match="no time_attr"):
        next(iter(NodeLoader(data, NeighbourSampler(data, [1]), input_time=torch.zeros(2, dtype=torch.long))))
    with pytest.raises(ModelError, match="edge_label_time"):
        next(iter(LinkLoader(data, NeighbourSampler(data, [1], time_attr="t"), data.edge_index)))
