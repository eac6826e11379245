"""PinSage's importance neighbours: visits against the exact chance of every walk."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sampled_graphs import BUYS, FOLLOWS, data_of, random_shop, shop
from torch_geometric.loader import NodeLoader

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.importance import importance_neighbours
from graphrec_neo4j.sampling.neighbours import NeighbourSampler

SETTINGS = {"num_neighbors": 10, "num_walks": 20_000, "walk_length": 3}


def dense(edge_index: torch.Tensor, visits: torch.Tensor, count: int) -> np.ndarray:
    """Entry (v, u): how often walks from v visited u."""
    found = np.zeros((count, count))
    found[edge_index[1], edge_index[0]] = visits
    return found


def expected_visits(move: np.ndarray, length: int, restart: float) -> np.ndarray:
    """Row v: the mean visits of one walk from v to every other node, by powers of ``move``; a stuck walk ends."""
    count = len(move)
    visits = np.zeros((count, count))
    for start in range(count):
        at = np.eye(count)[start]
        for number in range(length):
            if number:
                at = restart * at.sum() * np.eye(count)[start] + (1 - restart) * at
            at = at @ move
            visits[start] += at
        visits[start, start] = 0
    return visits


def normalised(matrix: np.ndarray) -> np.ndarray:
    total = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, total, out=np.zeros_like(matrix), where=total > 0)


@pytest.mark.parametrize("node_type", ["Item", "User"])
@pytest.mark.parametrize("restart", [0.0, 0.5])
def test_visits_are_those_of_exact_walks(node_type: str, restart: float) -> None:
    # Item 3 and user 4 have nothing; the pair (0, 1) is there twice.
    buys = [(0, 0), (0, 1), (0, 1), (1, 1), (1, 2), (2, 0), (3, 2)]
    data = shop(5, 4, buys, [])
    found = importance_neighbours(data, node_type=node_type, through=BUYS, restart=restart, seed=3, **SETTINGS)
    bought = np.zeros((5, 4))
    np.add.at(bought, tuple(np.array(buys).T), 1.0)
    ways = bought.T if node_type == "Item" else bought
    exact = 20_000 * expected_visits(normalised(ways) @ normalised(ways.T), 3, restart)
    visits = dense(*found, count=len(ways))
    # A walk visits a node at most 3 times, so that its count has a variance of at most 3 times its mean.
    assert bool((np.abs(visits - exact) <= 4 * np.sqrt(3 * exact)).all())
    assert exact.max() > 5000


def test_in_a_plain_graph_a_move_is_one_edge_to_its_source() -> None:
    edges = [(1, 0), (2, 0), (2, 0), (2, 1), (0, 2), (3, 2)]
    found = importance_neighbours(data_of(4, edges), restart=0.25, seed=1, **SETTINGS)
    into = np.zeros((4, 4))
    for source, target in edges:
        into[target, source] += 1
    exact = 20_000 * expected_visits(normalised(into), 3, 0.25)
    assert bool((np.abs(dense(*found, count=4) - exact) <= 4 * np.sqrt(3 * exact)).all())
    # No edge goes into node 3.
    assert 3 not in found[0][1]


def test_the_most_visited_are_kept_most_first() -> None:
    data = random_shop()
    common = {"num_walks": 200, "walk_length": 2, "node_type": "User", "through": FOLLOWS, "seed": 5}
    every, visits = importance_neighbours(data, num_neighbors=1000, **common)
    best, best_visits = importance_neighbours(data, num_neighbors=3, **common)
    for node in range(30):
        of_node = every[1] == node
        ranked = sorted(zip((-visits[of_node]).tolist(), every[0][of_node].tolist(), strict=True))[:3]
        kept = best[1] == node
        assert list(zip((-best_visits[kept]).tolist(), best[0][kept].tolist(), strict=True)) == ranked
    assert not bool((every[0] == every[1]).any())


def test_they_are_an_edge_type_like_any_other() -> None:
    data = random_shop()
    visited = ("Item", "visited", "Item")
    data[visited].edge_index, data[visited].edge_weight = importance_neighbours(
        data, node_type="Item", through=BUYS, num_neighbors=3, num_walks=50, walk_length=2
    )
    counts = {kind: [3, 3] if kind == visited else [0, 0] for kind in data.edge_types}
    loader = NodeLoader(data, NeighbourSampler(data, counts), input_nodes=("Item", None), batch_size=20)
    batch = next(iter(loader))
    assert torch.equal(batch[visited].edge_weight, data[visited].edge_weight[batch[visited].e_id])
    assert 0 < batch[visited].edge_index.shape[1] <= 3 * 20
    # The last item is isolated, and there.
    assert 19 in batch["Item"].n_id


def test_one_seed_one_graph_and_another_another() -> None:
    def visits(seed: int) -> list[float]:
        arguments = {"num_neighbors": 5, "num_walks": 20, "walk_length": 2, "node_type": "User", "through": BUYS}
        return importance_neighbours(random_shop(), seed=seed, **arguments)[1].tolist()

    assert visits(1) == visits(1)
    assert visits(1) != visits(2)


def test_settings_without_sense_are_refused() -> None:
    data = random_shop()
    with pytest.raises(ModelError, match="one of its ends"):
        importance_neighbours(data, node_type="Item", through=FOLLOWS, **SETTINGS)
    with pytest.raises(ModelError, match="one of its ends"):
        importance_neighbours(data, **SETTINGS)
    with pytest.raises(ModelError, match="restart"):
        importance_neighbours(data, node_type="User", through=BUYS, restart=1.0, **SETTINGS)
