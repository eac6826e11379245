"""SimGCL's network: LightGCN's propagation with noise, and a loss that sees through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from graphrec_neo4j.models.networks.embeddings import SPREAD
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.models.networks.propagation import carry
from graphrec_neo4j.training.known import KnownPairs
from graphrec_neo4j.training.losses import contrast

if TYPE_CHECKING:
    from graphrec_neo4j.models.simgcl import SimGCLSettings


class PerturbedEncoder(Encoder):
    """The mean of ``layers`` of LightGCN's propagation, the embeddings themselves left out.

    In training each layer is moved by a random vector of length ``noise`` into the orthant that it lies in. With a
    ``contrasted_layer`` l of 1 or more, the noisy mean is to know its own node by its noisy layer l (XSimGCL); with 0,
    two noisy means are made beside the clean one, and are to know each other's nodes (SimGCL).
    """

    def __init__(self, adjacency: Tensor, known: KnownPairs, settings: SimGCLSettings) -> None:
        """``adjacency`` (n_nodes, n_nodes) as :func:`normalised_adjacency` makes it, users first."""
        super().__init__()
        self.embedding = nn.Parameter(SPREAD * torch.randn(adjacency.shape[0], settings.dimensions))
        self.adjacency, self.known, self.settings = adjacency, known, settings
        self.view: Tensor | None = None

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the vectors of users and of items, and in training keep the layer that they are compared with."""
        layer = self.settings.contrasted_layer
        carried = self._carried(self.training and layer > 0)
        self.view = carried[layer - 1] if layer else None
        return self._sides(torch.stack(carried).mean(0))

    def auxiliary(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor | None:
        """Return how badly the users of ``batch``, and one item of each, are known by their other view."""
        settings = self.settings
        if self.view is None:
            users, items = self._sides(torch.stack(self._carried(True)).mean(0))
            others = self._sides(torch.stack(self._carried(True)).mean(0))
        else:
            others = self._sides(self.view)
        liked = self._one_of_each(batch)
        of_users = contrast(users[batch], others[0][batch], settings.contrast_temperature)
        of_items = contrast(items[liked], others[1][liked], settings.contrast_temperature)
        return settings.contrast * (of_users + of_items)

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the embeddings carried 1, 2, ... ``layers`` times, without noise."""
        return [self._sides(layer) for layer in self._carried(False)]

    def _carried(self, noisy: bool) -> list[Tensor]:
        carried: list[Tensor] = [self.embedding]
        for _ in range(self.settings.layers):
            x = carry(carried[-1], self.adjacency)
            carried.append(x + self._noise(x) if noisy else x)
        return carried[1:]

    def _noise(self, x: Tensor) -> Tensor:
        return self.settings.noise * normalize(torch.rand_like(x)) * x.detach().sign()

    def _one_of_each(self, batch: Tensor) -> Tensor:
        chance = torch.rand(len(batch), device=batch.device, dtype=torch.float64)
        place = (chance * self.known.degrees[batch]).long()
        return torch.unique(self.known.items[self.known.pointers[batch] + place])

    def _sides(self, x: Tensor) -> tuple[Tensor, Tensor]:
        n_users = len(self.known.degrees)
        return x[:n_users], x[n_users:]
