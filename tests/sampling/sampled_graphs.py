"""Small typed graphs to be sampled, and what a sample says about the original graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from scipy import stats
from torch_geometric.data import Data, HeteroData

from graphrec_neo4j.edge_times import MISSING_TIME

BUYS, BOUGHT_BY, FOLLOWS = ("User", "BUYS", "Item"), ("Item", "rev_BUYS", "User"), ("User", "FOLLOWS", "User")


def data_of(num_nodes: int, edges: Iterable[tuple[int, int]], **attributes: Any) -> Data:
    """A homogeneous graph with a feature for each node: its own row."""
    edge_index = torch.tensor(list(edges), dtype=torch.long).reshape(-1, 2).t().contiguous()
    x = torch.arange(num_nodes, dtype=torch.float32).reshape(-1, 1)
    columns = {name: torch.as_tensor(values) for name, values in attributes.items()}
    return Data(x=x, edge_index=edge_index, num_nodes=num_nodes, **columns)


def shop(users: int, items: int, buys: list[tuple[int, int]], follows: list[tuple[int, int]]) -> HeteroData:
    """Users that buy items, the same edges turned round, and ties between users."""
    data = HeteroData()
    data["User"].x = torch.arange(users, dtype=torch.float32).reshape(-1, 1)
    data["Item"].x = 100 + torch.arange(items, dtype=torch.float32).reshape(-1, 1)
    bought = torch.tensor(buys, dtype=torch.long).reshape(-1, 2).t().contiguous()
    data[BUYS].edge_index = bought
    data[FOLLOWS].edge_index = torch.tensor(follows, dtype=torch.long).reshape(-1, 2).t().contiguous()
    data[BOUGHT_BY].edge_index = bought.flip(0)
    return data


def random_shop(seed: int = 0, users: int = 30, items: int = 20, buys: int = 150, follows: int = 60) -> HeteroData:
    """A shop with parallel edges, the last user and the last item isolated."""
    rng = np.random.default_rng(seed)
    return shop(
        users,
        items,
        list(zip(rng.integers(0, users - 1, buys).tolist(), rng.integers(0, items - 1, buys).tolist(), strict=True)),
        rng.integers(0, users - 1, (follows, 2)).tolist(),
    )


@st.composite
def shops(draw: st.DrawFn) -> HeteroData:
    """Any small shop, its purchases with times: few different ones, some missing."""
    users, items = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    user, item = st.integers(0, users - 1), st.integers(0, items - 1)
    data = shop(
        users,
        items,
        draw(st.lists(st.tuples(user, item), min_size=1, max_size=15)),
        draw(st.lists(st.tuples(user, user), max_size=8)),
    )
    count = data[BUYS].edge_index.shape[1]
    times = st.one_of(st.integers(0, 4), st.just(MISSING_TIME))
    data[BUYS].edge_time = torch.tensor(draw(st.lists(times, min_size=count, max_size=count)))
    data[BOUGHT_BY].edge_time = data[BUYS].edge_time.clone()
    return data


def assert_true_to(data: HeteroData, sampled: Any) -> None:
    """Every sampled edge is the edge of the original graph that it says it is."""
    for kind in data.edge_types:
        edge_index = data[kind].edge_index[:, sampled.edge[kind]]
        assert torch.equal(sampled.node[kind[0]][sampled.row[kind]], edge_index[0])
        assert torch.equal(sampled.node[kind[2]][sampled.col[kind]], edge_index[1])


def assert_distributed(observed: dict[Any, int], expected: dict[Any, float]) -> None:
    """A chi-square test of counts against exact probabilities; nothing impossible is observed."""
    assert set(observed) <= {outcome for outcome, chance in expected.items() if chance > 0}
    assert abs(sum(expected.values()) - 1) < 1e-9
    total = sum(observed.values())
    outcomes = [outcome for outcome, chance in expected.items() if chance > 0]
    counts = [observed.get(outcome, 0) for outcome in outcomes]
    assert stats.chisquare(counts, [total * expected[outcome] for outcome in outcomes]).pvalue > 0.001
