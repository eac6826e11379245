"""GAT: PyTorch Geometric's attention over neighbours."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn.functional import elu

from graphrec_neo4j.models.networks.connections import Connections
from graphrec_neo4j.models.networks.depth import Along, DeepEncoder, LastHop, NodeEmbeddings, nothing

if TYPE_CHECKING:
    from graphrec_neo4j.models.gat import GATSettings

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn import GATConv, GATv2Conv


def gat(edges: Tensor, n_users: int, n_items: int, settings: GATSettings) -> DeepEncoder:
    """Return the network over ``edges`` (2, 2p), users first; a node attends to itself, too.

    Heads stand side by side, each with its share of the dimensions, as in equation 5 of the paper.
    """
    n_nodes, dimensions, heads = n_users + n_items, settings.dimensions, settings.heads
    kind = GATv2Conv if settings.dynamic else GATConv

    def layer() -> Along:
        convolution = kind(
            dimensions, dimensions // heads, heads, dropout=settings.attention_dropout, add_self_loops=False
        )
        return Along(convolution, lambda connections: connections.edge_index)

    return DeepEncoder(
        n_users,
        settings,
        Connections.of(edges, n_nodes, loops=True),
        NodeEmbeddings(n_nodes, dimensions),
        [layer() for _ in range(settings.layers)],
        [elu] * (settings.layers - 1) + [nothing],
    )


@torch.no_grad()
def heard_last(network: DeepEncoder) -> LastHop:
    """Return what users hear in the last layer of a :func:`gat`, at their attention."""
    before, onto = network.last_hop()
    convolution = cast("GATConv | GATv2Conv", cast(Along, network.convolutions[-1]).convolution)
    connections = cast(Connections, network.connections)
    _, (_, attention) = convolution(before, connections.edge_index, return_attention_weights=True)
    said = (convolution.lin_l if isinstance(convolution, GATv2Conv) else convolution.lin)(before)
    return LastHop(attention[connections.leading(network.n_users)], said[network.n_users :], onto)
