"""Cluster-GCN: communities as batches, with all the edges among them."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from sampled_graphs import BUYS, data_of, random_shop, shop
from torch_geometric.data import Data
from torch_geometric.loader import NodeLoader
from torch_geometric.sampler import NodeSamplerInput
from torch_geometric.utils import subgraph

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.clusters import ClusterSampler
from graphrec_neo4j.sampling.communities import communities
from graphrec_neo4j.sampling.sources import sampling_graph


def two_cliques() -> Data:
    """Cliques 0-4 and 5-7, a bridge between 4 and 5, and nodes 8 and 9 alone."""
    edges = [*permutations(range(5), 2), *permutations(range(5, 8), 2), (4, 5), (5, 4)]
    return data_of(10, edges)


def test_communities_are_the_cliques_and_those_without_edges() -> None:
    assert communities(sampling_graph(two_cliques()))[""].tolist() == [0] * 5 + [1] * 3 + [2] * 2


def test_communities_of_a_typed_graph_join_its_types() -> None:
    # Users 0, 1 buy items 0, 1; users 2, 3 buy items 2, 3; user 4 only follows user 3.
    buys = [(u, i) for pair in ((0, 1), (2, 3)) for u in pair for i in pair]
    found = communities(sampling_graph(shop(5, 5, buys, [(4, 3)])))
    assert found["User"].tolist() == [1, 1, 0, 0, 0]
    assert found["Item"].tolist() == [1, 1, 0, 0, 2]


def test_weights_decide_who_belongs_together() -> None:
    ring = [(0, 1), (1, 2), (2, 3), (3, 0)]
    across = data_of(4, ring, w=[1.0, 9.0, 1.0, 9.0])
    assert communities(sampling_graph(across, "w"))[""].tolist() == [0, 1, 1, 0]
    along = data_of(4, ring, w=[9.0, 1.0, 9.0, 1.0])
    assert communities(sampling_graph(along, "w"))[""].tolist() == [0, 0, 1, 1]


def test_an_epoch_sees_each_node_once_and_a_batch_all_edges_inside() -> None:
    data = random_shop().to_homogeneous()
    sampler = ClusterSampler(data, seed=3)
    assert sampler.num_clusters > 3
    clusters = torch.arange(sampler.num_clusters)
    met = []
    for batch in NodeLoader(data, sampler, input_nodes=clusters, batch_size=2, shuffle=True):
        met += batch.n_id.tolist()
        _, _, inside = subgraph(batch.n_id, data.edge_index, num_nodes=data.num_nodes, return_edge_mask=True)
        assert sorted(batch.e_id.tolist()) == torch.nonzero(inside).flatten().tolist()
        assert torch.equal(batch.n_id[batch.edge_index], data.edge_index[:, batch.e_id])
    assert sorted(met) == list(range(data.num_nodes))


def test_links_between_two_clusters_of_a_batch_are_there() -> None:
    data = two_cliques()
    sampler = ClusterSampler(data, torch.tensor([0] * 5 + [1] * 3 + [2] * 2))

    def edges(*clusters: int) -> int:
        return len(sampler.sample_from_nodes(NodeSamplerInput(None, torch.tensor(clusters))).edge)

    assert (edges(0), edges(1), edges(0, 1), edges(2), edges(0, 0)) == (20, 6, 28, 0, 20)


def test_typed_graphs_run_through_a_node_loader() -> None:
    data = random_shop()
    sampler = ClusterSampler(data)
    loader = NodeLoader(data, sampler, input_nodes=("User", torch.arange(sampler.num_clusters)), batch_size=100)
    batch = next(iter(loader))
    assert sorted(batch["Item"].n_id.tolist()) == list(range(20))
    assert torch.equal(batch["User"].x, data["User"].x[batch["User"].n_id])
    assert batch[BUYS].edge_index.shape == (2, 150)


def test_the_same_seed_gives_the_same_clusters() -> None:
    graph = sampling_graph(random_shop())
    one, again = communities(graph, seed=4), communities(graph, seed=4)
    assert {kind: numbers.tolist() for kind, numbers in one.items()} == {
        kind: numbers.tolist() for kind, numbers in again.items()
    }


def test_clusters_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="must number every node"):
        ClusterSampler(two_cliques(), torch.zeros(3, dtype=torch.long))
    with pytest.raises(ModelError, match="negative"):
        ClusterSampler(two_cliques(), torch.full((10,), -1))
    with pytest.raises(ModelError, match="cluster numbers below 1"):
        ClusterSampler(two_cliques(), torch.zeros(10, dtype=torch.long)).sample_from_nodes(
            NodeSamplerInput(None, torch.tensor([1]))
        )
