"""Each network's vectors against dense arithmetic of its paper's formula, written in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from graphrec_neo4j.models.convolutional import DepthSettings  # noqa: E402
from graphrec_neo4j.models.gat import GATSettings  # noqa: E402
from graphrec_neo4j.models.graphsage import GraphSAGESettings  # noqa: E402
from graphrec_neo4j.models.networks.connections import Connections  # noqa: E402
from graphrec_neo4j.models.networks.depth import DeepEncoder, NodeEmbeddings  # noqa: E402
from graphrec_neo4j.models.networks.gat import gat  # noqa: E402
from graphrec_neo4j.models.networks.gcn import gcn  # noqa: E402
from graphrec_neo4j.models.networks.ngcf import ngcf  # noqa: E402
from graphrec_neo4j.models.networks.pinsage import ImportanceNeighbours, pinsage  # noqa: E402
from graphrec_neo4j.models.networks.sage import DrawnNeighbours, graphsage  # noqa: E402
from graphrec_neo4j.models.pinsage import PinSageSettings  # noqa: E402

USERS, ITEMS, NODES = 3, 4, 7
LIKED = [(0, 0), (0, 1), (1, 1), (1, 2), (1, 0)]
"""User 2 and item 3 have no edges."""

Array = np.ndarray


def edges(liked: list[tuple[int, int]] = LIKED, users: int = USERS) -> Any:
    ends = np.array([(user, users + item) for user, item in liked]).T
    return torch.from_numpy(np.concatenate([ends, ends[::-1]], axis=1))


def adjacency() -> Array:
    table = np.zeros((NODES, NODES))
    table[tuple(edges().numpy())] = 1
    return table


def normalised(table: Array) -> Array:
    roots = np.sqrt(np.maximum(table.sum(axis=1), 1))
    return table / roots[:, None] / roots


def settings_of(kind: type, **settings: Any) -> Any:
    """Two layers of the plain formula, unless it is said otherwise."""
    return kind(**{"dimensions": 4, "layers": 2, "residual": False} | settings)


def parameters(network: DeepEncoder) -> dict[str, Array]:
    """All parameters in 64 bits; biases, which begin at 0, are moved so that a forgotten one shows."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            if "bias" in name:
                value.uniform_(-0.3, 0.3)
    return {name: value.detach().numpy().astype(np.float64) for name, value in network.named_parameters()}


def assert_layers_are(network: DeepEncoder, expected: list[Array]) -> None:
    network.eval()
    found = [torch.cat(sides).detach().numpy() for sides in network.layers()]
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=2e-6)


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def unit(x: Array) -> Array:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_gcn_is_equation_9_with_self_loops() -> None:
    network = gcn(edges(), USERS, ITEMS, settings_of(DepthSettings))
    p, step = parameters(network), normalised(adjacency() + np.eye(NODES))
    x = [p["first.table"]]
    for layer, act in enumerate([relu, lambda x: x]):
        of = f"convolutions.{layer}.convolution."
        x.append(act(step @ x[-1] @ p[of + "lin.weight"].T + p[of + "bias"]))
    assert_layers_are(network, x)


def test_gcns_gradient_is_that_of_dense_autograd() -> None:
    network = gcn(edges(), USERS, ITEMS, settings_of(DepthSettings, layers=1, combine="last"))
    torch.cat(network()).sin().sum().backward()
    table, convolution = network.first.table, network.convolutions[0].convolution
    other = table.detach().clone().requires_grad_()
    step = torch.from_numpy(normalised(adjacency() + np.eye(NODES))).float()
    (step @ other @ convolution.lin.weight.T).sin().sum().backward()
    torch.testing.assert_close(table.grad, other.grad, rtol=0, atol=1e-6)


def attended(x: Array, mapped: Array, odds: Callable[[Array, Array], float]) -> Array:
    """The mean of ``mapped`` over each node and its neighbours, by the softmax of their odds."""
    heard = np.zeros_like(mapped)
    for v, row in enumerate(adjacency() + np.eye(NODES)):
        ends = np.flatnonzero(row)
        share = np.exp([odds(x[v], x[w]) for w in ends])
        heard[v] = (share / share.sum()) @ mapped[ends]
    return heard


def test_gat_is_the_papers_attention_with_heads_side_by_side() -> None:
    network = gat(edges(), USERS, ITEMS, settings_of(GATSettings, heads=2))
    p = parameters(network)
    x = [p["first.table"]]
    for layer in range(2):
        of = f"convolutions.{layer}.convolution."
        mapped, heads = x[-1] @ p[of + "lin.weight"].T, []
        for head in range(2):
            mine = mapped[:, 2 * head : 2 * head + 2]
            to, by = p[of + "att_dst"][0, head], p[of + "att_src"][0, head]
            heads.append(attended(mine, mine, lambda v, w, to=to, by=by: leaky(to @ v + by @ w, 0.2)))
        out = np.concatenate(heads, axis=1) + p[of + "bias"]
        x.append(np.where(out > 0, out, np.exp(out) - 1) if layer == 0 else out)
    assert_layers_are(network, x)


def test_dynamic_gat_maps_after_the_nonlinearity() -> None:
    network = gat(edges(), USERS, ITEMS, settings_of(GATSettings, layers=1, heads=1, dynamic=True))
    p, of = parameters(network), "convolutions.0.convolution."
    x = p["first.table"]
    said = x @ p[of + "lin_l.weight"].T + p[of + "lin_l.bias"]
    asked = x @ p[of + "lin_r.weight"].T + p[of + "lin_r.bias"]
    both, of_both = np.concatenate([asked, said], axis=1), p[of + "att"][0, 0]
    heard = attended(both, said, lambda v, w: of_both @ leaky(v[:4] + w[4:], 0.2))
    assert_layers_are(network, [x, heard + p[of + "bias"]])


def test_graphsage_by_means_joins_a_node_with_the_mean_of_its_neighbours() -> None:
    network = graphsage(
        Connections.of(edges(), NODES), USERS, NodeEmbeddings(NODES, 4), settings_of(GraphSAGESettings), 0
    )
    p, table = parameters(network), adjacency()
    means = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    x = [p["first.table"]]
    for layer, act in enumerate([relu, lambda x: x]):
        of = f"convolutions.{layer}.convolution."
        out = means @ x[-1] @ p[of + "lin_l.weight"].T + p[of + "lin_l.bias"] + x[-1] @ p[of + "lin_r.weight"].T
        x.append(unit(act(out)))
    assert_layers_are(network, x)


@pytest.mark.parametrize("along_edges", [False, True])
def test_graphsage_by_maxima_pools_what_a_layer_makes_of_each_neighbour(
    along_edges: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Along a sparse matrix, as on a CPU, and along edges, as on a GPU."""
    network = graphsage(
        Connections.of(edges(), NODES),
        USERS,
        NodeEmbeddings(NODES, 4),
        settings_of(GraphSAGESettings, layers=1, aggregator="max", normalised=False),
        0,
    )
    if along_edges:
        monkeypatch.setattr(network.convolutions[0], "view", lambda connections: connections.edge_index)
    p, of = parameters(network), "convolutions.0.convolution."
    x = p["first.table"]
    pooled = relu(x @ p[of + "lin.weight"].T + p[of + "lin.bias"])
    best = np.array([pooled[np.flatnonzero(row)].max(axis=0, initial=0) for row in adjacency()])
    out = best @ p[of + "lin_l.weight"].T + p[of + "lin_l.bias"] + x @ p[of + "lin_r.weight"].T
    assert_layers_are(network, [x, out])


def lstm(steps: Array, p: dict[str, Array], of: str) -> Array:
    """The state after ``steps`` (t, d), by the four gates of PyTorch's order: input, forget, cell, output."""
    state, cell = np.zeros(steps.shape[1]), np.zeros(steps.shape[1])
    for x in steps:
        gates = (
            p[of + "weight_ih_l0"] @ x + p[of + "bias_ih_l0"] + p[of + "weight_hh_l0"] @ state + p[of + "bias_hh_l0"]
        )
        into, kept, new, out = np.split(gates, 4)
        into, kept, out = (1 / (1 + np.exp(-gate)) for gate in (into, kept, out))
        cell = kept * cell + into * np.tanh(new)
        state = out * np.tanh(cell)
    return state


def test_graphsage_by_lstm_reads_drawn_neighbours_one_after_the_other() -> None:
    """Where every node has one neighbour, it reads that neighbour as often as it draws."""
    pairs = [(0, 0), (1, 1)]
    settings = settings_of(GraphSAGESettings, layers=1, aggregator="lstm", neighbours=3, normalised=False)
    network = graphsage(Connections.of(edges(pairs, 2), 4), 2, NodeEmbeddings(4, 4), settings, 0)
    p, of = parameters(network), "convolutions.0.convolution."
    x, partner = p["first.table"], [2, 3, 0, 1]
    heard = np.array([lstm(x[[other] * 3], p, of + "aggr_module.lstm.") for other in partner])
    out = heard @ p[of + "lin_l.weight"].T + p[of + "lin_l.bias"] + x @ p[of + "lin_r.weight"].T
    assert_layers_are(network, [x, out])


def test_neighbours_are_drawn_evenly_anew_in_training_and_once_for_all_otherwise() -> None:
    class Heard(torch.nn.Module):
        def forward(self, x: Any, edge_index: Any) -> Any:
            return edge_index

    draw = DrawnNeighbours(Heard(), 6000, seed=0)
    connections = Connections.of(edges(), NODES)
    x = torch.zeros(NODES, 1)
    first, second = draw(x, connections), draw(x, connections)
    assert not torch.equal(first, second)
    counts = np.zeros((NODES, NODES))
    np.add.at(counts, (first[1].numpy(), first[0].numpy()), 1)
    degrees = adjacency().sum(axis=1, keepdims=True)
    np.testing.assert_allclose(counts / 6000, adjacency() / np.maximum(degrees, 1), atol=5 * np.sqrt(0.25 / 6000))
    draw.eval()
    assert torch.equal(draw(x, connections), draw(x, connections))


def test_ngcf_is_equation_7_and_its_vectors_all_layers_side_by_side() -> None:
    network = ngcf(edges(), USERS, ITEMS, settings_of(DepthSettings, combine="concatenated"))
    p, step = parameters(network), normalised(adjacency())
    x = [p["first.table"]]
    for layer in range(2):
        of = f"convolutions.{layer}."
        heard = step @ x[-1]
        alone = (heard + x[-1]) @ p[of + "alone.weight"].T + p[of + "alone.bias"]
        alike = (heard * x[-1]) @ p[of + "alike.weight"].T + p[of + "alike.bias"]
        x.append(leaky(alone + alike, 0.2))
    assert_layers_are(network, x)
    users, items = (side.detach().numpy() for side in network())
    np.testing.assert_allclose(np.concatenate([users, items]), np.concatenate(x, axis=1), rtol=0, atol=2e-6)


VISITS = {(1, 0): 3.0, (3, 0): 1.0, (0, 3): 2.0, (4, 3): 2.0, (3, 4): 5.0}
"""(neighbour, node) and how often walks from the node came to the neighbour; the others have none."""


def important() -> ImportanceNeighbours:
    ends = torch.tensor(list(VISITS)).T
    return ImportanceNeighbours.of(ends, torch.tensor(list(VISITS.values())), NODES)


def test_pinsage_is_algorithm_1_with_a_residual_head() -> None:
    network = pinsage(important(), USERS, NodeEmbeddings(NODES, 4), settings_of(PinSageSettings))
    torch.nn.init.normal_(network.last.second.weight)
    p, pooling = parameters(network), np.zeros((NODES, NODES))
    for (neighbour, node), visits in VISITS.items():
        pooling[node, neighbour] = visits
    pooling /= np.maximum(pooling.sum(axis=1, keepdims=True), 1)
    assert pooling[0].tolist() == [0, 3 / 4, 0, 1 / 4, 0, 0, 0]
    x = [p["first.table"]]
    for layer in range(2):
        of = f"convolutions.{layer}."
        heard = pooling @ relu(x[-1] @ p[of + "of_neighbour.weight"].T + p[of + "of_neighbour.bias"])
        both = np.concatenate([x[-1], heard], axis=1)
        x.append(unit(relu(both @ p[of + "of_both.weight"].T + p[of + "of_both.bias"])))
    assert_layers_are(network, x)
    combined = sum(x) / 3
    final = combined + relu(combined @ p["last.first.weight"].T + p["last.first.bias"]) @ p["last.second.weight"].T
    np.testing.assert_allclose(np.concatenate([s.detach() for s in network()]), final, rtol=0, atol=2e-6)


@pytest.mark.parametrize("dropped", [0.0, 0.5])
def test_importance_pooling_and_its_transpose_are_one_matrix(dropped: float) -> None:
    """Also when some drop out, where shares are of the visits that are left, or all are gone."""
    neighbours = important().without(dropped, 0.0)
    forth, back = (matrix.to_dense() for matrix in neighbours.pooling)
    torch.testing.assert_close(forth, back.T)
    sums = forth.sum(dim=1)
    assert ((sums - 1).abs().minimum(sums) < 1e-6).all()


@pytest.mark.parametrize("seed", range(3))
def test_importance_neighbours_of_a_dropped_node_are_gone_and_it_is_nobodys(seed: int) -> None:
    torch.manual_seed(seed)
    left = important().without(0.0, 0.5)
    torch.manual_seed(seed)
    torch.rand(len(VISITS))
    gone = torch.rand(NODES) < 0.5
    assert gone.any()
    table = left.pooling[0].to_dense()
    assert not table[gone].any()
    assert not table[:, gone].any()
