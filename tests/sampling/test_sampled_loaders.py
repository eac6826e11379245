"""PyTorch Geometric's own loaders, convolutions and trimming over our sampler."""

from __future__ import annotations

import pytest
import torch
from sampled_graphs import BOUGHT_BY, BUYS, FOLLOWS, random_shop
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkLoader, NodeLoader
from torch_geometric.nn import HeteroConv, SAGEConv
from torch_geometric.testing import MyFeatureStore, MyGraphStore
from torch_geometric.utils import trim_to_layer

from graphrec_neo4j.sampling.neighbours import NeighbourSampler


@pytest.fixture
def data() -> HeteroData:
    data = random_shop()
    for kind in data.edge_types:
        data[kind].edge_attr = torch.arange(data[kind].edge_index.shape[1])
    return data


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_node_loader_brings_features_of_nodes_and_edges(data: HeteroData, num_workers: int) -> None:
    sampler = NeighbourSampler(data, [3, 3])
    loader = NodeLoader(data, sampler, input_nodes=("User", None), batch_size=7, num_workers=num_workers)
    met = []
    for batch in loader:
        met += batch["User"].n_id[: batch["User"].batch_size].tolist()
        for kind in data.node_types:
            assert torch.equal(batch[kind].x, data[kind].x[batch[kind].n_id])
        for kind in data.edge_types:
            assert torch.equal(batch[kind].edge_attr, batch[kind].e_id)
            ends = data[kind].edge_index[:, batch[kind].e_id]
            assert torch.equal(batch[kind[0]].n_id[batch[kind].edge_index[0]], ends[0])
            assert torch.equal(batch[kind[2]].n_id[batch[kind].edge_index[1]], ends[1])
    # The last user is isolated, and there.
    assert met == list(range(30))


@pytest.mark.parametrize("trimmed", [False, True])
def test_with_all_neighbours_a_network_sees_what_it_sees_on_the_whole_graph(data: HeteroData, trimmed: bool) -> None:
    torch.manual_seed(0)
    layers = [HeteroConv({kind: SAGEConv((-1, -1), 4) for kind in data.edge_types}, aggr="sum") for _ in range(2)]

    def run(graph: HeteroData, cut: bool) -> Tensor:
        x, edge_index = graph.x_dict, graph.edge_index_dict
        for number, layer in enumerate(layers):
            if cut:
                x, edge_index, _ = trim_to_layer(
                    number, graph.num_sampled_nodes_dict, graph.num_sampled_edges_dict, x, edge_index
                )
            x = {kind: rows.tanh() for kind, rows in layer(x, edge_index).items()}
        return x["User"]

    with torch.no_grad():
        whole = run(data, False)
        loader = NodeLoader(data, NeighbourSampler(data, [-1, -1]), input_nodes=("User", None), batch_size=7)
        batches = [run(batch, trimmed)[: batch["User"].batch_size] for batch in loader]
    torch.testing.assert_close(torch.cat(batches), whole, rtol=1e-4, atol=1e-5)


def test_a_link_loader_brings_binary_negatives(data: HeteroData) -> None:
    sampler = NeighbourSampler(data, [3, 3])
    loader = LinkLoader(data, sampler, BUYS, neg_sampling="binary", batch_size=50)
    links = []
    for batch in loader:
        user, item = batch[BUYS].edge_label_index
        ends = torch.stack([batch["User"].n_id[user], batch["Item"].n_id[item]])
        positive = batch[BUYS].edge_label == 1
        assert int(positive.sum()) == int((~positive).sum()) == 50
        links.append(ends[:, positive])
    assert torch.equal(torch.cat(links, dim=1), data[BUYS].edge_index)


def test_a_link_loader_brings_triplets_between_nodes_of_one_type(data: HeteroData) -> None:
    sampler = NeighbourSampler(data, [3, 3])
    loader = LinkLoader(data, sampler, FOLLOWS, neg_sampling={"mode": "triplet", "amount": 2}, batch_size=60)
    batch = next(iter(loader))["User"]
    assert torch.equal(batch.n_id[torch.stack([batch.src_index, batch.dst_pos_index])], data[FOLLOWS].edge_index)
    assert batch.dst_neg_index.shape == (60, 2)


def test_homogeneous_data_and_disjoint_links_run(data: HeteroData) -> None:
    plain = data.to_homogeneous()
    batch = next(
        iter(LinkLoader(plain, NeighbourSampler(plain, [3], disjoint=True), neg_sampling="triplet", batch_size=9))
    )
    assert torch.equal(plain.edge_index[:, batch.e_id], batch.n_id[batch.edge_index])
    assert batch.batch.max() == 8
    assert torch.equal(batch.batch[batch.src_index], torch.arange(9))


def test_stores_run_through_a_node_loader(data: HeteroData) -> None:
    features, graph = MyFeatureStore(), MyGraphStore()
    for kind in data.node_types:
        features.put_tensor(data[kind].x, group_name=kind, attr_name="x", index=None)
    for kind in data.edge_types:
        size = (data[kind[0]].num_nodes, data[kind[2]].num_nodes)
        graph.put_edge_index(data[kind].edge_index, edge_type=kind, layout="coo", size=size)
    stores = (features, graph)
    batch = next(iter(NodeLoader(stores, NeighbourSampler(stores, [3]), input_nodes="User", batch_size=30)))
    assert torch.equal(batch["Item"].x, data["Item"].x[batch["Item"].n_id])
    assert batch[BOUGHT_BY].edge_index.shape[1] > 0


@pytest.mark.parametrize("num_workers", [0, 1])
def test_epochs_differ_and_are_the_same_again(data: HeteroData, num_workers: int) -> None:
    def two_epochs() -> list[list[int]]:
        torch.manual_seed(0)
        sampler = NeighbourSampler(data, [2], seed=1)
        loader = NodeLoader(data, sampler, input_nodes=("User", None), batch_size=30, num_workers=num_workers)
        return [next(iter(loader))[BOUGHT_BY].e_id.tolist() for _ in range(2)]

    first = two_epochs()
    assert first == two_epochs()
    assert first[0] != first[1]
