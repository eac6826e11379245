"""GraphSAGE: PyTorch Geometric's convolution with the aggregators of the paper."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from graphrec_neo4j.models.networks.connections import Connections
from graphrec_neo4j.models.networks.depth import Along, DeepEncoder, nothing
from graphrec_neo4j.models.networks.propagation import carry

if TYPE_CHECKING:
    from graphrec_neo4j.models.graphsage import GraphSAGESettings

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn import SAGEConv


class MeanSAGEConv(SAGEConv):
    """``W_1 x + W_2 mean of the neighbours' x`` along the symmetric normalised matrix, as CSR.

    The mean is ``D^-1 A x = D^-1/2 (D^-1/2 A D^-1/2) D^1/2 x``, so its gradient needs no transposing either.
    """

    def message_and_aggregate(self, adj_t: Tensor, x: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean over each node's neighbours (n, d), 0 for a node that has none."""
        roots = adj_t.crow_indices().diff().clamp(min=1).float().sqrt()[:, None]
        return carry(x[0] * roots, adj_t) / roots


class DrawnNeighbours(nn.Module):
    """A convolution over ``count`` neighbours of each node that are drawn with replacement, in random order.

    They are drawn anew at each step of training; judged and published vectors come of one draw, that of ``seed``.
    """

    def __init__(self, convolution: nn.Module, count: int, seed: int) -> None:
        super().__init__()
        self.convolution, self.count, self.seed = convolution, count, seed

    def forward(self, x: Tensor, connections: Connections) -> Tensor:
        """Return what the convolution makes of ``x`` (n, d): (n, d)."""
        device = x.device
        always = None if self.training else torch.Generator(device).manual_seed(self.seed)
        nodes = torch.nonzero(connections.degrees).squeeze(1)
        chance = torch.rand(len(nodes), self.count, generator=always, device=device)
        place = (chance * connections.degrees[nodes][:, None]).long()
        drawn = connections.neighbour[connections.pointers[nodes][:, None] + place]
        return self.convolution(x, torch.stack([drawn.flatten(), nodes.repeat_interleave(self.count)]))


def graphsage(
    connections: Connections, n_users: int, first: nn.Module, settings: GraphSAGESettings, seed: int
) -> DeepEncoder:
    """Return the network over ``connections``, users first, of what ``first`` says of each node."""
    layers = settings.layers

    def scaled(x: Tensor) -> Tensor:
        return normalize(relu(x))

    hidden, final = (scaled, normalize) if settings.normalised else (relu, nothing)
    return DeepEncoder(
        n_users,
        settings,
        connections,
        first,
        [_layer(settings, seed) for _ in range(layers)],
        [hidden] * (layers - 1) + [final],
    )


def _layer(settings: GraphSAGESettings, seed: int) -> nn.Module:
    dimensions = settings.dimensions
    if settings.aggregator == "mean":
        return Along(MeanSAGEConv(dimensions, dimensions), lambda connections: connections.symmetric)
    if settings.aggregator == "max":
        return Along(SAGEConv(dimensions, dimensions, aggr="max", project=True), _for_maxima)
    return DrawnNeighbours(SAGEConv(dimensions, dimensions, aggr="lstm"), settings.neighbours, seed)


def _for_maxima(connections: Connections) -> Tensor:
    """PyTorch has maxima along a sparse matrix on the CPU only, and there they cost a fifth of those over edges."""
    return connections.pattern if connections.pointers.device.type == "cpu" else connections.edge_index
