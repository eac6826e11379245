"""What all stacks of layers share: their ends, their depth, and what keeps depth from making all nodes alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from graphrec_neo4j.models.convolutional import DepthSettings
from graphrec_neo4j.models.networks.combination import combination_for
from graphrec_neo4j.models.networks.connections import Connections, Droppable
from graphrec_neo4j.models.networks.embeddings import SPREAD
from graphrec_neo4j.models.networks.encoder import Encoder

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn import PairNorm

Activation = Callable[[Tensor], Tensor]


class LastHop(NamedTuple):
    """What users hear of the items that they like in a last layer that adds up: a sum of shares of what is said.

    ``shares`` (m, heads) of each item of each history, user by user and sorted by item; what an item ``said``
    (n_items, d), head by head; and what becomes of that in a user's final vector, ``onto`` (d, width).
    """

    shares: Tensor
    said: Tensor
    onto: Tensor


def nothing(x: Tensor) -> Tensor:
    """The activation of a layer that has none."""
    return x


class Along(nn.Module):
    """A ``convolution`` of PyTorch Geometric, as a layer: ``view`` shows it the connections in the form it takes."""

    def __init__(self, convolution: nn.Module, view: Callable[[Connections], Tensor]) -> None:
        super().__init__()
        self.convolution, self.view = convolution, view

    def forward(self, x: Tensor, connections: Connections) -> Tensor:
        """Return what the convolution makes of ``x`` (n, d): (n, d)."""
        return self.convolution(x, self.view(connections))


class NodeEmbeddings(nn.Module):
    """A learnt vector for each of n nodes, as the input of the first layer."""

    def __init__(self, n_nodes: int, dimensions: int) -> None:
        super().__init__()
        self.table = nn.Parameter(SPREAD * torch.randn(n_nodes, dimensions))

    def forward(self) -> Tensor:
        """Return the table (n, d)."""
        return self.table


class DeepEncoder(Encoder):
    """``x_l = activation(norm(convolution_l(x_(l-1), graph)))``, and what :class:`DepthSettings` name beside.

    Each of ``convolutions`` takes x (n_nodes, d), users first, and what is left of ``connections`` at this step, and
    returns (n_nodes, d); ``activations`` has one for each of them. ``first`` makes x_0, ``last`` maps what the layers
    combine to.
    """

    def __init__(
        self,
        n_users: int,
        settings: DepthSettings,
        connections: Droppable,
        first: nn.Module,
        convolutions: Sequence[nn.Module],
        activations: Sequence[Activation],
        last: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.n_users, self.connections, self.activations = n_users, connections, activations
        self.drops, self.residual = (settings.edge_dropout, settings.node_dropout), settings.residual
        self.first, self.convolutions, self.last = first, nn.ModuleList(convolutions), last or nn.Identity()
        self.norm = PairNorm() if settings.pair_norm else nn.Identity()
        self.virtual = VirtualNode(settings.dimensions, settings.layers) if settings.virtual_node else None
        self.combination = combination_for(settings)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the final vectors of users and of items."""
        return self._sides(self.last(self.combination(self._carried())))

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the input and what each layer makes of it."""
        return [self._sides(x) for x in self._carried()]

    def last_hop(self) -> tuple[Tensor, Tensor]:
        """Return what goes into the last convolution (n_nodes, d), and what its outputs become (d, width) in the final
        vectors: a linear map, for networks whose last activation is :func:`nothing` and for PairNorm's means and
        scale as they are.
        """
        *_, (before, heard, _) = self._steps(self.first())
        below = [torch.zeros_like(self._unit(heard)) for _ in self.convolutions]
        unit, zero = (self.last(self.combination([*below, each])) for each in (self._unit(heard), below[0]))
        centred = heard - heard.mean(dim=0)
        scale = self.norm(heard).norm() / centred.norm() if isinstance(self.norm, PairNorm) else 1.0
        return before, (unit - zero) * scale

    @staticmethod
    def _unit(x: Tensor) -> Tensor:
        return torch.eye(x.shape[1], device=x.device, dtype=x.dtype)

    def _carried(self) -> list[Tensor]:
        start = self.first()
        return [start, *(x for _, _, x in self._steps(start))]

    def _steps(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """What goes into each convolution, what comes out of it, and the layer that this makes."""
        said = self.virtual.start if self.virtual else None
        for number, convolution in enumerate(self.convolutions):
            if self.virtual:
                said = self.virtual(x, said, number)
                x = x + said
            connections = self.connections.without(*self.drops) if self.training else self.connections
            before, heard = x, convolution(x, connections)
            x = self.activations[number](self.norm(heard))
            x = x + before if self.residual else x
            yield before, heard, x

    def _sides(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[: self.n_users], x[self.n_users :]


class VirtualNode(nn.Module):
    """A node that hears all others and that all others hear: ``v_l = v_(l-1) + relu(W_l (v_(l-1) + mean x_(l-1)))``.

    What it says, v_l, is added to the x_(l-1) that goes into layer l. Gilmer et al., ICML 2017 (arXiv 1704.01212),
    section 5.2.
    """

    def __init__(self, dimensions: int, layers: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(1, dimensions))
        self.maps = nn.ModuleList(nn.Linear(dimensions, dimensions) for _ in range(layers))

    def forward(self, x: Tensor, said: Tensor, layer: int) -> Tensor:
        """Return what the node says (1, d) once it has heard ``x`` (n, d), having ``said`` (1, d) before."""
        return said + self.maps[layer](said + x.mean(dim=0, keepdim=True)).relu()
