"""Views of the networks over typed edges and over meta-paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import ModuleList
from torch.nn.functional import relu

from graphrec_neo4j.models.computation_graph import ITEMS, USERS, Channel, ComputationGraph
from graphrec_neo4j.models.networks import han
from graphrec_neo4j.models.networks.hetero import HeteroEncoder, TransformerLayer
from graphrec_neo4j.models.networks.masked import Ends, NetworkView, Weighed, tensor, twin, view_of
from graphrec_neo4j.models.networks.masked_layers import weigh
from graphrec_neo4j.models.networks.typed_edges import TypedEdges
from graphrec_neo4j.models.networks.weighted_edges import WeightedEdges
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.training.graph import TrainingGraph


class HeteroView(NetworkView):
    """A :class:`HeteroEncoder`: every edge type is a channel in each direction."""

    def __init__(self, network: HeteroEncoder, graph: TrainingGraph) -> None:
        edges = TypedEdges.of(graph.snapshot)
        self._network, self.hops, self.sizes = network, len(network.steps), edges.sizes
        self.attends = any(isinstance(step, TransformerLayer) for step in network.steps)
        self.channels = channels_of(edges, graph.snapshot.schema)
        with torch.no_grad():
            self._start = network.start()

    def on(self, part: ComputationGraph) -> Weighed:
        """Run the steps over the rows of ``part``."""
        rows = {block: tensor(held) for block, held in part.rows.items()}
        start = {block: table[rows[block]] for block, table in self._start.items()}
        network = twin(self._network)
        network.start = lambda: start
        network.known = {ITEMS: self._network.known[ITEMS][rows[ITEMS]]}
        network.steps = ModuleList(_step(step, part) for step in self._network.steps)

        def weighed(weights: Tensor) -> Ends:
            for step in network.steps:
                step.weights_of_edges = weights
            users, items = network()
            return users[0], items[0]

        return weighed


view_of.register(HeteroEncoder, HeteroView)


def channels_of(edges: TypedEdges, schema: GraphSchema) -> tuple[Channel, ...]:
    """Return the relations of ``edges`` as channels; one that goes back follows the one that it turns round."""
    made: list[Channel] = []
    before = None
    for one in edges.relations:
        back = before is not None and (one.name, one.to, one.of) == (f"{before.name} back", before.of, before.to)
        name = before.name if back and before is not None else one.name
        mutual = one.of == one.to and not schema.edges[name].directed
        made.append(Channel(name, one.to, one.of, one.weights.tocsr(), back, mutual))
        before = None if back else one
    return tuple(made)


class _Relational(nn.Module):
    """A relational layer over a part."""

    def __init__(self, layer: nn.Module, part: ComputationGraph) -> None:
        super().__init__()
        self.layer, self.sizes = twin(layer), {block: len(rows) for block, rows in part.rows.items()}
        self.ends = [
            (channel.to, [tensor(held) for held in (each.target, each.source, each.weight, each.edge)])
            for channel, each in zip(part.channels, part.entries, strict=True)
        ]
        self.weights_of_edges = torch.ones(len(part))

    def forward(self, h: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the next vectors of every block."""
        self.layer.matrices = [
            WeightedEdges(target, source, weight * self.weights_of_edges[edge], self.sizes[to])
            for to, (target, source, weight, edge) in self.ends
        ]
        return self.layer(h)


class _Transformer(nn.Module):
    """A transformer layer over a part; it asks all relations at once, one after the other."""

    def __init__(self, layer: TransformerLayer, part: ComputationGraph) -> None:
        super().__init__()
        self.layer = twin(layer)
        ends = [torch.stack([tensor(each.source), tensor(each.target)]) for each in part.entries]
        self.layer.layer = twin(layer.layer)
        self.layer.edges = dict(zip(layer.edges, ends, strict=True))
        self.edge = torch.cat([tensor(each.edge) for each in part.entries])
        self.weights_of_edges = torch.ones(len(part))

    def forward(self, h: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the next vectors of every block."""
        weigh(self.layer.layer, self.weights_of_edges[self.edge])
        return self.layer(h)


def _step(step: nn.Module, part: ComputationGraph) -> nn.Module:
    return _Transformer(step, part) if isinstance(step, TransformerLayer) else _Relational(step, part)


class HANView(NetworkView):
    """A :class:`HANEncoder`: every meta-path is a channel, and weighs what it does over all nodes."""

    hops, attends = 1, True

    def __init__(self, network: han.HANEncoder, graph: TrainingGraph) -> None:
        self._network, self.sizes = network, {USERS: graph.n_users, ITEMS: graph.n_items}
        self._sides = {USERS: han.USERS, ITEMS: han.ITEMS}
        names = {side: list(network.paths[side]) for side in network.paths}
        block_of = {side: block for block, side in self._sides.items()}
        self._kinds = list(network.edges)
        self.channels = tuple(
            Channel(names[kind[2]][int(kind[1])], block_of[kind[2]], block_of[kind[2]], self._heard(kind))
            for kind in self._kinds
        )
        with torch.no_grad():
            self._start = network.start()
        weighed = network.semantic_weights()
        self._semantic = {kind: weighed[block_of[kind[2]]][names[kind[2]][int(kind[1])]] for kind in self._kinds}

    def _heard(self, kind: tuple[str, str, str]) -> sparse.csr_matrix:
        source, target = self._network.edges[kind].numpy()
        size = len(self._network.own[kind[2]])
        ones: Any = np.ones(len(source), dtype=np.float32)
        return sparse.csr_matrix((ones, (target, source)), shape=(size, size))

    def on(self, part: ComputationGraph) -> Weighed:
        """Attend to the neighbours in ``part``."""
        start = {side: self._start[side][tensor(part.rows[block])] for block, side in self._sides.items()}
        layer = twin(self._network.attention)
        ends = [torch.stack([tensor(each.source), tensor(each.target)]) for each in part.entries]
        edges = [tensor(each.edge) for each in part.entries]

        def weighed(weights: Tensor) -> Ends:
            total = dict(start)
            for kind, held, edge in zip(self._kinds, ends, edges, strict=True):
                if held.shape[1]:
                    heard = _along(layer, kind, start, held, weights[edge])
                    total[kind[2]] = total[kind[2]] + self._semantic[kind] * heard
            return total[han.USERS][0], total[han.ITEMS][0]

        return weighed


view_of.register(han.HANEncoder, HANView)


def _along(layer: Any, kind: tuple[str, str, str], x: Mapping[str, Tensor], ends: Tensor, weights: Tensor) -> Tensor:
    """What the nodes of one side hear along one meta-path: HANConv's own arithmetic, a path at a time."""
    weigh(layer, weights)
    side, name = kind[2], "__".join(kind)
    heads = layer.proj[side](x[side]).view(len(x[side]), layer.heads, -1)
    alpha = (heads * layer.lin_src[name]).sum(-1), (heads * layer.lin_dst[name]).sum(-1)
    return relu(layer.propagate(ends, x=(heads, heads), alpha=alpha))
