"""Views of stacks of layers over users and items: :class:`DeepEncoder` and the social network."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import ModuleList, Parameter

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.computation_graph import ITEMS, USERS, Channel, ComputationGraph
from graphrec_neo4j.models.networks.connections import Connections
from graphrec_neo4j.models.networks.constant_matrix import ConstantMatrix
from graphrec_neo4j.models.networks.depth import Along, DeepEncoder
from graphrec_neo4j.models.networks.masked import (
    Ends,
    NetworkView,
    OneTable,
    Weighed,
    interactions_of,
    tensor,
    twin,
    view_of,
)
from graphrec_neo4j.models.networks.pinsage import ImportanceNeighbours
from graphrec_neo4j.models.networks.sage import DrawnNeighbours
from graphrec_neo4j.models.networks.social import SocialEncoder, TieAttention
from graphrec_neo4j.models.networks.weighted_edges import WeightedEdges
from graphrec_neo4j.training.graph import TrainingGraph

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn import GATConv, GATv2Conv, GCNConv, MessagePassing, SAGEConv


@dataclass(frozen=True, eq=False)
class WeighedConnections:
    """What stands for the connections of a part: entries, a node's own among them, as much as their edges do.

    ``normalised`` (m,) are those of ``D^-1/2 A D^-1/2``, ``share`` (m,) those of ``D^-1 A``, over the number of entries
    that each node has in the part; ``weights`` (m,) are the edges'.
    """

    edge_index: Tensor
    normalised: Tensor
    share: Tensor
    weights: Tensor
    n: int

    @property
    def symmetric(self) -> WeightedEdges:
        """``D^-1/2 A D^-1/2``."""
        return WeightedEdges(self.edge_index[1], self.edge_index[0], self.normalised * self.weights, self.n)

    @property
    def pooling(self) -> tuple[WeightedEdges, None]:
        """The neighbours by importance."""
        return self.symmetric, None

    def messages(self, convolution: MessagePassing) -> Tensor:
        """Return what each message (m,) of a convolution of PyTorch Geometric is multiplied by."""
        if isinstance(convolution, GCNConv):
            return self.normalised * self.weights
        means = isinstance(convolution, SAGEConv) and convolution.aggr == "mean"
        return self.share * self.weights if means else self.weights


class WeighedAlong(nn.Module):
    """A convolution whose messages are weighed where PyTorch Geometric's explainers weigh them."""

    def __init__(self, convolution: MessagePassing) -> None:
        super().__init__()
        self.convolution = twin(convolution)

    def forward(self, x: Tensor, connections: WeighedConnections) -> Tensor:
        """Return (n, d) of ``x`` (n, d)."""
        weigh(self.convolution, connections.messages(self.convolution))
        return self.convolution(x, connections.edge_index)


def weigh(convolution: MessagePassing, weights: Tensor) -> None:
    """Let each message of ``convolution`` count as much as ``weights`` (m,) say."""
    convolution.explain, convolution._apply_sigmoid, convolution._edge_mask = True, False, weights


class Given(nn.Module):
    """A table in place of what would make it."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.table = table

    def forward(self) -> Tensor:
        """Return the table (n, d)."""
        return self.table


class DeepView(NetworkView):
    """A :class:`DeepEncoder`, its input as trained and its layers over a part."""

    def __init__(self, network: DeepEncoder, graph: TrainingGraph) -> None:
        if not isinstance(network.norm, nn.Identity) or network.virtual is not None:
            raise ModelError("pair_norm and virtual_node join every node to all others, so no subgraph is small.")
        if any(isinstance(each, DrawnNeighbours) for each in network.convolutions):
            raise ModelError("an LSTM reads neighbours in an order, so no edge of it has a weight of its own.")
        self._network, self._n_users, self.hops = network, graph.n_users, len(network.convolutions)
        self.sizes = {USERS: graph.n_users, ITEMS: graph.n_items}
        kinds = [each.convolution for each in network.convolutions if isinstance(each, Along)]
        self.attends = any(isinstance(each, GATConv | GATv2Conv) for each in kinds)
        held = network.connections
        self._loops, self._degrees = False, torch.ones(graph.n_nodes)
        if isinstance(held, ImportanceNeighbours):
            self.channels = _visited(held, graph)
        else:
            assert isinstance(held, Connections)
            self._loops, self._degrees = bool((held.pair >= held.pairs).any()), held.degrees.float()
            self.channels = interactions_of(graph, self._loops)
        with torch.no_grad():
            self._start = network.first()

    def on(self, part: ComputationGraph) -> Weighed:
        """Run the layers over the rows of ``part``."""
        table = OneTable.of(part, self._n_users)
        network = twin(self._network)
        network.first, network.n_users = Given(self._start[table.rows]), table.n_users
        layers = [WeighedAlong(each.convolution) if isinstance(each, Along) else each for each in network.convolutions]
        network.convolutions = ModuleList(layers)
        connections = self._connections(table)

        def weighed(weights: Tensor) -> Ends:
            network.connections = connections(weights)
            users, items = network()
            return users[0], items[0]

        return weighed

    def _connections(self, table: OneTable) -> Callable[[Tensor], WeighedConnections]:
        """From the weights of edges to what the layers run along."""
        n, degrees = len(table.rows), self._degrees[table.rows]
        ends, normalised, own = torch.stack([table.source, table.target]), table.weight, torch.arange(n)
        if self._loops:
            ends, normalised = torch.cat([ends, own.expand(2, -1)], dim=1), torch.cat([normalised, 1 / degrees])
        share = torch.bincount(ends[1], minlength=n)[ends[1]] / degrees[ends[1]]
        loops = torch.ones(n if self._loops else 0)

        def connections(weights: Tensor) -> WeighedConnections:
            return WeighedConnections(ends, normalised, share, torch.cat([weights[table.edge], loops]), n)

        return connections


view_of.register(DeepEncoder, DeepView)


def _visited(held: ImportanceNeighbours, graph: TrainingGraph) -> tuple[Channel, ...]:
    """Who is heard by whom as walks visit them, between users and items each."""
    ends = held.shares.numpy(), (held.node.numpy(), held.neighbour.numpy())
    every = sparse.csr_matrix(ends, shape=(graph.n_nodes, graph.n_nodes)).astype(np.float32)
    side = {USERS: slice(0, graph.n_users), ITEMS: slice(graph.n_users, graph.n_nodes)}
    return tuple(
        Channel("visited", to, of, every[side[to], side[of]].tocsr(), (to, of) == (ITEMS, USERS), to == of)
        for to in (USERS, ITEMS)
        for of in (USERS, ITEMS)
    )


class WeighedTies(nn.Module):
    """:class:`TieAttention` whose messages are weighed."""

    def __init__(self, ties: TieAttention, weights: Tensor) -> None:
        super().__init__()
        self.ties, self.weights = ties, weights

    def forward(self, x: Tensor) -> Tensor:
        """Return what each user hears (n_users, d) of ``x`` (n_users, d)."""
        return WeightedEdges(self.ties.user, self.ties.friend, self.ties.shares(x) * self.weights, len(x))(x)


class SocialView(NetworkView):
    """A :class:`SocialEncoder` over interactions and ties."""

    def __init__(self, network: SocialEncoder, graph: TrainingGraph) -> None:
        self._network, self._n_users, self.hops = network, graph.n_users, network.n_layers
        self.sizes = {USERS: graph.n_users, ITEMS: graph.n_items}
        self._friends: Any = network.friends
        self.attends = isinstance(network.friends, TieAttention)
        ties = Channel("ties", USERS, USERS, _ties(network, graph.n_users), mutual=True)
        self.channels = (*interactions_of(graph), ties)

    def on(self, part: ComputationGraph) -> Weighed:
        """Run the layers over the rows of ``part``."""
        *both, among = part.entries
        bipartite = ComputationGraph(part.channels[:2], part.rows, tuple(both), part.edges, None)
        table, users = OneTable.of(bipartite, self._n_users), tensor(part.rows[USERS])
        target, source, edge = (tensor(each) for each in (among.target, among.source, among.edge))
        network, weight = twin(self._network), tensor(among.weight)
        network.n_users, network.own = table.n_users, self._network.own[table.rows]
        network.embedding = Parameter(self._network.embedding[table.rows], requires_grad=False)
        network._modules.pop("friends", None)

        def weighed(weights: Tensor) -> Ends:
            network.adjacency = table.matrix(weights)
            heard = weights[edge]
            if self.attends:
                ties: Any = twin(self._friends)
                ties.user, ties.friend, ties.log, ties.total = target, source, weight.log(), ties.total[users]
                network.friends = WeighedTies(ties, heard)
            else:
                network.friends = WeightedEdges(target, source, weight * heard, table.n_users)
            of_users, of_items = network()
            return of_users[0], of_items[0]

        return weighed


view_of.register(SocialEncoder, SocialView)


def _ties(network: SocialEncoder, n_users: int) -> sparse.csr_matrix:
    friends = network.friends
    if isinstance(friends, TieAttention):
        ends = friends.user.numpy(), friends.friend.numpy()
        return sparse.csr_matrix((friends.log.exp().numpy(), ends), shape=(n_users, n_users))
    assert isinstance(friends, ConstantMatrix)
    held = friends.matrix
    parts = held.values().numpy(), held.col_indices().numpy(), held.crow_indices().numpy()
    return sparse.csr_matrix(parts, shape=(n_users, n_users))
