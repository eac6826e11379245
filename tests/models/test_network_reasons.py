"""Reasons of networks over interactions against the scores of networks that lack what the reason names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from learnt_networks import USERS, agrees, learnt_by, losses
from toy_graphs import communities


def last_layer_without(network: Any, user: int, item: int) -> Any:
    """GAT's vectors with no message from ``item`` to ``user`` in the last layer, its attention as it was."""
    convolution = network.convolutions[-1].convolution
    neighbour, node = network.connections.edge_index
    silent = (node == user) & (neighbour == USERS + item)
    hook = convolution.register_message_forward_hook(
        lambda _, given, out: out.masked_fill(silent.view(-1, *[1] * (out.dim() - 1)), 0.0)
    )
    try:
        return network()
    finally:
        hook.remove()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dynamic": True, "heads": 2},
        {"layers": 2, "combine": "last", "residual": False},
        {"layers": 2, "combine": "learned", "virtual_node": True},
        {"layers": 2, "combine": "concatenated"},
        {"layers": 2, "combine": "projected", "attention_dropout": 0.2, "edge_dropout": 0.1},
        {"loss": "bpr"},
    ],
    ids=str,
)
def test_reasons_of_gat_are_what_is_lost_without_an_edge_in_the_last_layer(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network runs again, its attention as it was, without what an item says to the user."""
    import torch

    graph = communities()
    model, network = learnt_by(monkeypatch, "gat", graph, **settings)
    user, item = 7, 3
    with torch.no_grad():
        own = network()[0][user].numpy().astype(np.float64)
        messages = {
            ("taste", "Item", liked): own - last_layer_without(network, user, liked)[0][user].numpy()
            for liked in graph.interactions[user].indices.tolist()
        }
    agrees(model, user, item, losses(model, user, item, own, messages))


@pytest.mark.parametrize("settings", [{}, {"layers": 2, "combine": "learned", "edge_dropout": 0.1}], ids=str)
def test_reasons_of_gcn_are_those_of_the_dense_last_layer(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``D~^-1/2 (A + I) D~^-1/2 x W`` entry by entry, with the weight that the combination gives the layer."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "gcn", graph, **settings)
    x = [np.vstack([side.detach().numpy() for side in sides]) for sides in network.layers()][-2]
    weights = network.combination.weights().detach().numpy() if "combine" in settings else [1 / 2] * 2
    liked = (graph.interactions > 0).toarray()
    degrees = [1 + liked.sum(axis=axis) for axis in (1, 0)]
    onward = network.convolutions[-1].convolution.lin.weight.detach().numpy()
    user, item = 7, 3
    messages = {
        ("taste", "Item", other): weights[-1]
        * x[USERS + other]
        @ onward.T
        / np.sqrt(degrees[0][user] * degrees[1][other])
        for other in np.flatnonzero(liked[user]).tolist()
    }
    agrees(model, user, item, losses(model, user, item, network()[0][user].detach().numpy(), messages))


def test_pair_norm_scales_what_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equation 11 of its paper, by hand: what is heard less its mean, by the root of the mean square length."""
    import torch

    graph = communities()
    model, network = learnt_by(monkeypatch, "gat", graph, pair_norm=True, combine="last", residual=False)
    user, item = 7, 3
    convolution = network.convolutions[-1].convolution
    with torch.no_grad():
        x = network.first()
        heard, (edges, share) = convolution(x, network.connections.edge_index, return_attention_weights=True)
        scale = ((heard - heard.mean(dim=0)).square().sum(dim=1).mean()) ** -0.5
        said = convolution.lin(x).view(len(x), convolution.heads, -1)
        own = network()[0][user].numpy()
    messages = {}
    for liked in graph.interactions[user].indices.tolist():
        entry = torch.nonzero((edges[1] == user) & (edges[0] == USERS + liked)).item()
        message = share[entry][:, None] * said[USERS + liked] * scale
        messages["taste", "Item", liked] = message.flatten().detach().numpy()
    agrees(model, user, item, losses(model, user, item, own, messages))
