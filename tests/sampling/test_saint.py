"""GraphSAINT: coefficients and estimates against every subgraph there can be, with its exact probability."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
import pytest
import torch
from sampled_graphs import data_of, random_shop
from torch_geometric.data import Data
from torch_geometric.loader import NodeLoader
from torch_geometric.sampler import NodeSamplerInput
from torch_geometric.utils import subgraph

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.saint import SaintSampler

# Node 4 is isolated; node 3 has nowhere to walk to.
EDGES = [(3, 2), (1, 0), (0, 2), (0, 1), (2, 0), (1, 2), (3, 1), (0, 2)]


def all_subgraphs(length: int, roots: int) -> Iterator[tuple[frozenset[int], float]]:
    """Every set of nodes that walks of ``length`` steps from distinct random roots meet, with its probability."""
    sources = {node: [source for source, target in EDGES if target == node] or [node] for node in range(5)}

    def paths(root: int) -> list[tuple[tuple[int, ...], float]]:
        found = [((root,), 1.0)]
        for _ in range(length):
            found = [
                ((*path, there), chance / len(sources[path[-1]]))
                for path, chance in found
                for there in sources[path[-1]]
            ]
        return found

    choices = list(combinations(range(5), roots))
    for chosen in choices:
        for walks in product(*(paths(root) for root in chosen)):
            met = frozenset(node for path, _ in walks for node in path)
            yield met, float(np.prod([chance for _, chance in walks])) / len(choices)


@pytest.fixture(scope="module")
def data() -> Data:
    return data_of(5, EDGES)


@pytest.fixture(scope="module")
def sampler(data: Data) -> SaintSampler:
    return SaintSampler(data, 2, 2, coverage=20_000, seed=1)


def test_coefficients_are_the_inverse_probabilities(sampler: SaintSampler) -> None:
    of_node, of_edge = np.zeros(5), np.zeros(len(EDGES))
    for met, chance in all_subgraphs(2, 2):
        of_node[list(met)] += chance
        of_edge += [chance if set(edge) <= met else 0.0 for edge in EDGES]
    np.testing.assert_allclose(sampler.node_norm, 1 / (of_node * 5), rtol=0.02)
    target = [edge[1] for edge in EDGES]
    np.testing.assert_allclose(sampler.edge_norm, of_node[target] / of_edge, rtol=0.02)


def test_the_loss_and_the_sum_of_neighbours_are_unbiased(data: Data, sampler: SaintSampler) -> None:
    x = np.array([1.0, -2.0, 4.0, 3.0, 10.0])
    exact = sum(x[source] * (1 + target) for source, target in EDGES) / 5
    # The mean over nodes of a loss that is linear in the sum over the neighbours.
    found = []
    generator = torch.Generator().manual_seed(0)
    for _ in range(8000):
        roots = torch.randperm(5, generator=generator)[:2]
        out = sampler.sample_from_nodes(NodeSamplerInput(roots, roots))
        node, target = out.node.numpy(), out.node.numpy()[out.col]
        messages = sampler.edge_norm[out.edge].numpy() * x[node[out.row]] * (1 + target)
        found.append(float(np.sum(messages * sampler.node_norm.numpy()[target])))
    assert abs(np.mean(found) - exact) < 4 * np.std(found) / len(found) ** 0.5 + 0.02 * abs(exact)
    assert np.std(found) / len(found) ** 0.5 < 0.05 * abs(exact)


def test_a_batch_is_the_induced_subgraph_roots_first() -> None:
    data = random_shop().to_homogeneous()
    sampler = SaintSampler(data, 3, 8, coverage=5)
    data.edge_norm, data.node_norm = sampler.edge_norm, sampler.node_norm
    batches = 0
    for batch in NodeLoader(data, sampler, batch_size=8, shuffle=True):
        assert torch.equal(batch.n_id[: batch.batch_size], batch.input_id)
        assert len(batch.n_id) == len(batch.n_id.unique())
        _, _, inside = subgraph(batch.n_id, data.edge_index, num_nodes=data.num_nodes, return_edge_mask=True)
        assert sorted(batch.e_id.tolist()) == torch.nonzero(inside).flatten().tolist()
        assert torch.equal(batch.n_id[batch.edge_index], data.edge_index[:, batch.e_id])
        assert torch.equal(batch.edge_norm, sampler.edge_norm[batch.e_id])
        batches += 1
    assert batches == 7


def test_the_same_seed_gives_the_same_coefficients_and_walks() -> None:
    data = random_shop().to_homogeneous()
    one, again, other = (SaintSampler(data, 2, 8, coverage=5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.edge_norm, again.edge_norm)
    assert not torch.equal(one.edge_norm, other.edge_norm)
    roots = NodeSamplerInput(None, torch.arange(8))
    assert torch.equal(one.sample_from_nodes(roots).node, again.sample_from_nodes(roots).node)


def test_typed_graphs_and_empty_settings_are_refused() -> None:
    with pytest.raises(ModelError, match="to_homogeneous"):
        SaintSampler(random_shop(), 2, 8)
    with pytest.raises(ModelError, match="at least 1"):
        SaintSampler(data_of(2, [(0, 1)]), 2, 0)


def test_a_root_outside_the_graph_is_refused(sampler: SaintSampler) -> None:
    with pytest.raises(ModelError, match="outside the 5 nodes"):
        sampler.sample_from_nodes(NodeSamplerInput(None, torch.tensor([5])))
