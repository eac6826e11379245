"""Networks over the computation graph of one pair, with a weight for each edge: views of what was trained.

A message counts as much as its edge does, and weighs what it weighs in the whole graph: degrees and attention are not
shared out anew among the edges that are left, as in PyTorch Geometric's own explainers.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.models.computation_graph import ITEMS, USERS, Channel, ComputationGraph
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.models.networks.light_gcn import LightGCNEncoder
from graphrec_neo4j.models.networks.perturbed import PerturbedEncoder
from graphrec_neo4j.models.networks.weighted_edges import WeightedEdges
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.training.graph import TrainingGraph

Ends = tuple[Tensor, Tensor]
"""The vectors (d,) of the user and of the item."""
Weighed = Callable[[Tensor], Ends]
"""From weights (e,) of the edges of a computation graph, 1 as trained and 0 as if one were not there, to the ends."""


class NetworkView(ABC):
    """A trained network as its ``channels`` between blocks of ``sizes``, heard ``hops`` times.

    Where it ``attends``, what a neighbour says depends on who else is there, so a part must keep them all.
    """

    hops: int
    channels: tuple[Channel, ...]
    sizes: Mapping[str, int]
    attends: bool = False

    @abstractmethod
    def on(self, part: ComputationGraph) -> Weighed:
        """Return the network over ``part`` of its channels' edges."""


@singledispatch
def view_of(network: Encoder, graph: TrainingGraph) -> NetworkView:
    """Return ``network``, built on ``graph``, as a view; raises ModelError for one in which no edge has a say."""
    raise ModelError("its network does not run over the graph, so there is no subgraph to find.")


def has_view(network: Encoder) -> bool:
    """Whether :func:`view_of` knows networks of this kind."""
    return view_of.dispatch(type(network)) is not view_of.dispatch(object)


def interactions_of(graph: TrainingGraph, loops: bool = False) -> tuple[Channel, Channel]:
    """Return what users hear of items and back, by ``D^-1/2 A D^-1/2``; ``loops`` count among the degrees."""
    liked = pattern(graph.snapshot.interactions)
    roots = [1 / np.sqrt(np.maximum(np.asarray(liked.sum(axis=axis)).ravel() + loops, 1)) for axis in (1, 0)]
    weights = (sparse.diags(roots[0]) @ liked @ sparse.diags(roots[1])).tocsr().astype(np.float32)
    return (
        Channel(ALL_INTERACTIONS, USERS, ITEMS, weights),
        Channel(ALL_INTERACTIONS, ITEMS, USERS, weights.T.tocsr(), turned=True),
    )


def twin(module: nn.Module) -> Any:
    """Return a copy of ``module`` that shares all its parts, and in which they can be replaced."""
    made = copy.copy(module)
    for held in ("_parameters", "_modules", "_buffers"):
        made.__dict__[held] = dict(made.__dict__[held])
    return made


def tensor(values: Any) -> Tensor:
    """Return a NumPy array as a tensor."""
    return torch.from_numpy(np.ascontiguousarray(values))


@dataclass(frozen=True, eq=False)
class OneTable:
    """A part whose users and items are rows of one table, users first: ``rows`` (n,) of the whole, and m entries."""

    rows: Tensor
    n_users: int
    target: Tensor
    source: Tensor
    weight: Tensor
    edge: Tensor

    @classmethod
    def of(cls, part: ComputationGraph, n_users: int) -> Self:
        """Take the channels of ``part`` between users and items, of a graph of ``n_users``."""
        held = part.rows[USERS], part.rows[ITEMS]
        start = {USERS: 0, ITEMS: len(held[0])}
        pairs = list(zip(part.channels, part.entries, strict=True))
        return cls(
            tensor(np.concatenate([held[0], held[1] + n_users])),
            len(held[0]),
            tensor(np.concatenate([each.target + start[channel.to] for channel, each in pairs])),
            tensor(np.concatenate([each.source + start[channel.of] for channel, each in pairs])),
            tensor(np.concatenate([each.weight for _, each in pairs])),
            tensor(np.concatenate([each.edge for _, each in pairs])),
        )

    def matrix(self, weights: Tensor) -> WeightedEdges:
        """Return the entries, each as much as its edge's of ``weights`` (e,)."""
        return WeightedEdges(self.target, self.source, self.weight * weights[self.edge], len(self.rows))

    def ends(self, x: Tensor) -> Ends:
        """Return the vectors of the user and of the item of ``x`` (n, d)."""
        return x[0], x[self.n_users]


class Smoothing(NetworkView):
    """The sum of a table carried 0, 1, ... times along the normalised graph, by the weights of the layers."""

    def __init__(self, graph: TrainingGraph, table: Tensor, layers: Tensor) -> None:
        """``table`` (n_nodes, d), ``layers`` (hops + 1,)."""
        self.hops, self.channels = len(layers) - 1, interactions_of(graph)
        self.sizes = {USERS: graph.n_users, ITEMS: graph.n_items}
        self._table, self._layers, self._n_users = table, layers.tolist(), graph.n_users

    def on(self, part: ComputationGraph) -> Weighed:
        """Carry the rows of ``part``."""
        table = OneTable.of(part, self._n_users)
        start = self._table[table.rows]

        def weighed(weights: Tensor) -> Ends:
            matrix, x, total = table.matrix(weights), start, self._layers[0] * start
            for layer in self._layers[1:]:
                x = matrix(x)
                total = total + layer * x
            return table.ends(total)

        return weighed


@view_of.register
def _(network: LightGCNEncoder, graph: TrainingGraph) -> NetworkView:
    return Smoothing(graph, network.embeddings(), network.weights().detach())


@view_of.register
def _(network: PerturbedEncoder, graph: TrainingGraph) -> NetworkView:
    layers = network.settings.layers
    weights = torch.tensor([0.0] + [1 / max(layers, 1)] * layers)
    return Smoothing(graph, network.embedding.detach(), weights)
