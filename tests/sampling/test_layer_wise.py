"""FastGCN: the estimate has the right mean and the variance that its q gives it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sampled_graphs import BOUGHT_BY, BUYS, data_of, random_shop
from torch_geometric.loader import LinkLoader, NodeLoader
from torch_geometric.sampler import NodeSamplerInput, SamplerOutput

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.layer_wise import LayerWiseSampler

EDGES = [(1, 3), (0, 0), (0, 1), (1, 0), (3, 2), (2, 0), (1, 3), (3, 0), (2, 1), (2, 3)]
WEIGHT = [0.5, 1.0, 2.0, 0.1, 3.0, 0.4, 1.5, 0.7, 0.2, 1.0]


def matrix() -> np.ndarray:
    """Entry (v, u) is the weight of the edges u -> v."""
    entries = np.zeros((5, 5))
    for (source, target), weight in zip(EDGES, WEIGHT, strict=True):
        entries[target, source] += weight
    return entries


def estimate(sampled: SamplerOutput, importance: torch.Tensor, x: np.ndarray, layers: int) -> np.ndarray:
    """A linear network of ``layers`` over the sampled graph, at the seed, weights beside the edges."""
    h = x[sampled.node.numpy()]
    for _ in range(layers):
        new = np.zeros_like(h)
        np.add.at(new, sampled.col.numpy(), importance[sampled.edge].numpy() * h[sampled.row.numpy()])
        h = new
    return h[0]


def estimates(layers: int, rounds: int, num_nodes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    data = data_of(5, EDGES, w=torch.tensor(WEIGHT))
    sampler = LayerWiseSampler(data, num_nodes, layers, weight_attr="w", seed=2)
    x = np.array([1.0, -2.0, 3.0, 0.5, 9.0])
    seed = NodeSamplerInput(None, torch.tensor([0]))
    found = [estimate(sampler.sample_from_nodes(seed), sampler.importance, x, layers) for _ in range(rounds)]
    return np.array(found), x


def test_one_layer_has_the_mean_and_variance_of_the_paper() -> None:
    found, x = estimates(1, 20_000)
    # Parallel edges are two draws' worth of one column: q goes by each edge squared.
    squares = np.zeros(5)
    for (source, _), weight in zip(EDGES, WEIGHT, strict=True):
        squares[source] += weight**2
    q = squares / squares.sum()
    terms = matrix()[0] * x
    mean = terms.sum()
    variance = (np.sum(terms[q > 0] ** 2 / q[q > 0]) - mean**2) / 3
    assert abs(found.mean() - mean) < 4 * (variance / len(found)) ** 0.5
    assert found.var() == pytest.approx(variance, rel=0.05)


def test_two_layers_have_the_mean_of_two_products() -> None:
    found, x = estimates(2, 20_000)
    exact = (matrix() @ matrix() @ x)[0]
    assert abs(found.mean() - exact) < 4 * found.std() / len(found) ** 0.5
    assert found.std() / len(found) ** 0.5 < 0.05 * abs(exact)


def test_a_local_number_is_the_target_of_one_layer_only() -> None:
    data = data_of(5, EDGES)
    sampled = LayerWiseSampler(data, 4, 3).sample_from_nodes(NodeSamplerInput(None, torch.tensor([0, 4])))
    assert sampled.node[:2].tolist() == [0, 4]
    ends = np.cumsum([0, *sampled.num_sampled_nodes])
    assert all(count <= 4 for count in sampled.num_sampled_nodes[1:])
    start = 0
    for layer, edges in enumerate(sampled.num_sampled_edges):
        target, source = sampled.col[start : start + edges], sampled.row[start : start + edges]
        assert bool(((ends[layer] <= target) & (target < ends[layer + 1])).all())
        assert set(source.tolist()) == set(range(ends[layer + 1], ends[layer + 2]))
        start += edges
    assert torch.equal(
        torch.stack([sampled.node[sampled.row], sampled.node[sampled.col]]), data.edge_index[:, sampled.edge]
    )


def test_typed_graphs_run_through_loaders_with_their_importance() -> None:
    data = random_shop()
    sampler = LayerWiseSampler(data, 10, 2)
    for kind, importance in sampler.importance.items():
        data[kind].importance = importance
    # Without weights q(u) is the share of u's edges, so the importance of an edge is m / (t degree(u)).
    degree = torch.bincount(data[BUYS].edge_index[0], minlength=30)
    torch.testing.assert_close(data[BUYS].importance, 150 / (10 * degree[data[BUYS].edge_index[0]]))
    batch = next(iter(NodeLoader(data, sampler, input_nodes=("User", None), batch_size=30)))
    assert torch.equal(batch[BOUGHT_BY].importance, data[BOUGHT_BY].importance[batch[BOUGHT_BY].e_id])
    assert torch.equal(batch["User"].x, data["User"].x[batch["User"].n_id])


def test_no_target_is_in_its_layers() -> None:
    data = random_shop()
    for batch in LinkLoader(data, LayerWiseSampler(data, 200, 2), BUYS, batch_size=10, neg_sampling="triplet"):
        targets = set(map(tuple, data[BUYS].edge_index[:, batch[BUYS].input_id].t().tolist()))
        for kind in (BUYS, BOUGHT_BY):
            ends = data[kind].edge_index[:, batch[kind].e_id]
            met = (ends if kind == BUYS else ends.flip(0)).t().tolist()
            assert met
            assert not set(map(tuple, met)) & targets


def test_a_graph_without_edges_gives_its_seeds_back() -> None:
    sampled = LayerWiseSampler(data_of(3, []), 2, 2).sample_from_nodes(NodeSamplerInput(None, torch.tensor([2, 0])))
    assert sampled.node.tolist() == [2, 0]
    assert sampled.edge.tolist() == []


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ModelError, match="at least one node"):
        LayerWiseSampler(data_of(2, [(0, 1)]), 0, 2)
