"""Layer-wise importance sampling: every layer of a batch shares a fixed number of drawn nodes.

J. Chen, T. Ma, C. Xiao, "FastGCN: Fast Learning with Graph Convolutional Networks via Importance Sampling", ICLR 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.draw_kernel import LeftOut
from graphrec_neo4j.sampling.expansion import NONE_LEFT_OUT, Seeds
from graphrec_neo4j.sampling.graph import ONLY_EDGES, Adjacency, EdgeType, Floats, Int64s
from graphrec_neo4j.sampling.seeded import Output, SeedSampler
from graphrec_neo4j.sampling.sources import sampling_graph
from graphrec_neo4j.sampling.subgraph import SampledEdges, SampledNodes, Subgraph, edges_into


class LayerWiseSampler(SeedSampler):
    """Draws ``num_nodes`` sources of every edge type for each of ``num_layers`` layers, with replacement.

    With A (targets x sources) the matrix of one edge type, whose entries are ``weight_attr`` (1 without, NaN counts
    1), node u is drawn with probability ``q(u) = |A[:, u]|^2 / sum over u' of |A[:, u']|^2`` (equation 10), and the
    sum over drawn u of ``A[v, u] / (t q(u)) h(u)`` has the mean ``(A h)(v)`` (equation 2). That factor does not depend
    on the batch, so it is given once for each edge, as :attr:`importance`; put it beside the edges and multiply
    messages with it::

        data.importance = sampler.importance
        for batch in NodeLoader(data, sampler, ...):
            convolution(x[batch.n_id], batch.edge_index, edge_weight=batch.importance)

    A node has a local number for each draw, so that every number is the target of one layer only and a network over
    the whole batch computes the layers. Draws that nothing needs are left away. For self-loops, put them into the
    data. See :class:`SeedSampler` for targets.
    """

    def __init__(
        self,
        data: Any,
        num_nodes: int,
        num_layers: int,
        *,
        weight_attr: str | None = None,
        exclude_targets: bool = True,
        reverse_types: Mapping[EdgeType, EdgeType] | None = None,
        seed: int = 0,
    ) -> None:
        if num_nodes < 1 or num_layers < 1:
            raise ModelError(
                f"a layer-wise sampler draws at least one node for one layer, not {num_nodes, num_layers}."
            )
        super().__init__(
            sampling_graph(data, weight_attr),
            exclude_targets=exclude_targets,
            reverse_types=reverse_types,
            seed=seed,
        )
        self.num_nodes, self.num_layers = num_nodes, num_layers
        self._sums = {kind: np.cumsum(self._squares(kind)) for kind in self.graph.adjacencies}

    @cached_property
    def importance(self) -> Tensor | dict[EdgeType, Tensor]:
        """``A[v, u] / (t q(u))`` of every edge (m,) float32, in the order of the edge index; by type if typed."""
        found = {kind: torch.from_numpy(self._importance(kind)) for kind in self.graph.adjacencies}
        return found if self.graph.is_typed else found[ONLY_EDGES]

    def _importance(self, kind: EdgeType) -> npt.NDArray[np.float32]:
        adjacency, squares = self.graph.adjacencies[kind], self._squares(kind)
        importance = np.empty(len(adjacency.edge), dtype=np.float32)
        with np.errstate(invalid="ignore"):
            chance = squares[adjacency.source] / squares.sum()
            importance[adjacency.edge] = np.where(
                chance > 0, _entries(adjacency) / (self.num_nodes * chance), np.float64(0)
            )
        return importance

    def _squares(self, kind: EdgeType) -> Floats:
        """The squared norm of every column of A: one for each source node."""
        adjacency = self.graph.adjacencies[kind]
        count = self.graph.num_nodes[kind[0]]
        return np.bincount(adjacency.source, _entries(adjacency) ** 2, minlength=count).astype(np.float64, copy=False)

    def _sample(self, seeds: Seeds, left_out: Mapping[EdgeType, LeftOut], rng: np.random.Generator) -> Output:
        none = np.empty(0, dtype=np.int64)
        nodes = {kind: [seeds.node.get(kind, none)] for kind in self.graph.num_nodes}
        edges = {kind: SampledEdges() for kind in self.graph.adjacencies}
        for _ in range(self.num_layers):
            self._add_layer(nodes, edges, left_out, rng)
        sampled = {}
        for kind, layers in nodes.items():
            node = np.concatenate(layers)
            sampled[kind] = SampledNodes(node, np.zeros_like(node), [len(layer) for layer in layers])
        return Subgraph(sampled, edges).output(self.graph, separate=False, hops=True)

    def _add_layer(
        self,
        nodes: dict[str, list[Int64s]],
        edges: dict[EdgeType, SampledEdges],
        left_out: Mapping[EdgeType, LeftOut],
        rng: np.random.Generator,
    ) -> None:
        """Draw sources for the nodes of the last layer; they become the next layer, type by type."""
        layer: dict[str, list[Int64s]] = {kind: [] for kind in nodes}
        first = {kind: sum(map(len, layers)) for kind, layers in nodes.items()}
        for kind, adjacency in self.graph.adjacencies.items():
            excluded = left_out.get(kind, NONE_LEFT_OUT).places
            drawn, places, rows, draws = self._draw(kind, nodes[kind[2]][-1], excluded, rng)
            source = first[kind[0]] + sum(map(len, layer[kind[0]])) + draws
            edges[kind].add(source, first[kind[2]] - len(nodes[kind[2]][-1]) + rows, adjacency.edge[places])
            layer[kind[0]].append(drawn)
        for end, drawn_of_types in layer.items():
            nodes[end].append(np.concatenate([np.empty(0, dtype=np.int64), *drawn_of_types]))

    def _draw(
        self, kind: EdgeType, node: Int64s, excluded: Int64s, rng: np.random.Generator
    ) -> tuple[Int64s, Int64s, Int64s, Int64s]:
        """Return the used draws (d,) and, for each edge from one to ``node``, its place, row in ``node`` and draw."""
        adjacency, sums = self.graph.adjacencies[kind], self._sums[kind]
        places, rows = edges_into(adjacency, node)
        kept = ~np.isin(places, excluded)
        places, rows = places[kept], rows[kept]
        if not len(places):
            return places, places, rows, rows
        drawn = np.sort(np.searchsorted(sums, rng.random(self.num_nodes) * sums[-1], side="right"))
        left, right = (np.searchsorted(drawn, adjacency.source[places], side) for side in ("left", "right"))
        copies = right - left
        before = np.cumsum(copies) - copies
        draws = np.arange(copies.sum()) + np.repeat(left - before, copies)
        used, number = np.unique(draws, return_inverse=True)
        return drawn[used], np.repeat(places, copies), np.repeat(rows, copies), number


def _entries(adjacency: Adjacency) -> Floats:
    return adjacency.weight if len(adjacency.weight) else np.ones(len(adjacency.edge))
