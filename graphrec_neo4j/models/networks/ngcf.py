"""NGCF: what neighbours say depends on how alike they are."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from graphrec_neo4j.models.convolutional import DepthSettings
from graphrec_neo4j.models.networks.connections import Connections
from graphrec_neo4j.models.networks.depth import DeepEncoder, NodeEmbeddings
from graphrec_neo4j.models.networks.propagation import carry

SLOPE = 0.2
"""Of LeakyReLU below 0, as in the authors' code."""


class NGCFConv(nn.Module):
    """``(L + I) x W_1 + (L x * x) W_2``: equation 7 of the paper, with L the normalised adjacency matrix.

    Each map has a bias, as in the authors' code.
    """

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.alone, self.alike = nn.Linear(dimensions, dimensions), nn.Linear(dimensions, dimensions)
        for each in (self.alone, self.alike):
            nn.init.xavier_uniform_(each.weight)
            nn.init.zeros_(each.bias)

    def forward(self, x: Tensor, connections: Connections) -> Tensor:
        """Return (n, d) of ``x`` (n, d)."""
        heard = carry(x, connections.symmetric)
        return self.alone(heard + x) + self.alike(heard * x)


def ngcf(edges: Tensor, n_users: int, n_items: int, settings: DepthSettings) -> DeepEncoder:
    """Return the network over ``edges`` (2, 2p), users first."""

    def activation(x: Tensor) -> Tensor:
        return leaky_relu(x, SLOPE)

    return DeepEncoder(
        n_users,
        settings,
        Connections.of(edges, n_users + n_items),
        NodeEmbeddings(n_users + n_items, settings.dimensions),
        [NGCFConv(settings.dimensions) for _ in range(settings.layers)],
        [activation] * settings.layers,
    )
