"""``Subgraph``: what one batch holds, in local numbers, and how PyTorch Geometric's loaders take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch_geometric.sampler import HeteroSamplerOutput, SamplerOutput

from graphrec_neo4j.sampling.graph import ONLY_EDGES, ONLY_NODES, Adjacency, EdgeType, Int64s, SamplingGraph


@dataclass(frozen=True)
class SampledNodes:
    """The nodes of one type, seeds first: ``node`` (n,) rows, ``batch`` (n,) the seed of each, what each hop added."""

    node: Int64s
    batch: Int64s
    hops: list[int]


@dataclass(frozen=True)
class SampledEdges:
    """The edges of one type in local numbers, hop after hop; ``edge`` as in the original edge index."""

    source: list[Int64s] = field(default_factory=list)
    target: list[Int64s] = field(default_factory=list)
    edge: list[Int64s] = field(default_factory=list)

    def add(self, source: Int64s, target: Int64s, edge: Int64s) -> None:
        """Append the edges of one hop, (k,) each."""
        self.source.append(source)
        self.target.append(target)
        self.edge.append(edge)


@dataclass(frozen=True)
class Subgraph:
    """What was sampled, by node type and by edge type."""

    nodes: Mapping[str, SampledNodes]
    edges: Mapping[EdgeType, SampledEdges]

    def output(self, graph: SamplingGraph, *, separate: bool, hops: bool) -> SamplerOutput | HeteroSamplerOutput:
        """Return what a loader takes: ``batch`` for separate subgraphs only, counts by hop only where there are hops.

        Every node and edge type of a typed graph is there, even if empty.
        """
        node = {kind: torch.from_numpy(nodes.node) for kind, nodes in self.nodes.items()}
        batch = {kind: torch.from_numpy(nodes.batch) for kind, nodes in self.nodes.items()} if separate else None
        row = {kind: _joined(edges.source) for kind, edges in self.edges.items()}
        col = {kind: _joined(edges.target) for kind, edges in self.edges.items()}
        edge = {kind: _joined(edges.edge) for kind, edges in self.edges.items()}
        num_nodes = {kind: nodes.hops for kind, nodes in self.nodes.items()} if hops else None
        num_edges = {kind: [len(hop) for hop in edges.edge] for kind, edges in self.edges.items()} if hops else None
        if graph.is_typed:
            return HeteroSamplerOutput(node, row, col, edge, batch, num_nodes, num_edges)
        return SamplerOutput(
            node[ONLY_NODES],
            row[ONLY_EDGES],
            col[ONLY_EDGES],
            edge[ONLY_EDGES],
            batch and batch[ONLY_NODES],
            num_nodes and num_nodes[ONLY_NODES],
            num_edges and num_edges[ONLY_EDGES],
        )


def induced(graph: SamplingGraph, nodes: Mapping[str, Int64s]) -> Subgraph:
    """Return all edges whose two ends are among ``nodes``: distinct rows by type, in the order that they shall have."""
    none = np.empty(0, dtype=np.int64)
    kept = {kind: SampledNodes(nodes.get(kind, none), none, []) for kind in graph.num_nodes}
    numbers = {kind: np.full(count, -1, dtype=np.int64) for kind, count in graph.num_nodes.items()}
    for end, sampled in kept.items():
        numbers[end][sampled.node] = np.arange(len(sampled.node))
    edges = {kind: SampledEdges() for kind in graph.adjacencies}
    for kind, adjacency in graph.adjacencies.items():
        places, target = edges_into(adjacency, kept[kind[2]].node)
        source = numbers[kind[0]][adjacency.source[places]]
        inside = source >= 0
        edges[kind].add(source[inside], target[inside], adjacency.edge[places[inside]])
    return Subgraph(kept, edges)


def edges_into(adjacency: Adjacency, node: Int64s) -> tuple[Int64s, Int64s]:
    """Return all edges into ``node`` (n,): their places and which of the nodes each goes to, (k,) each."""
    first, degree = adjacency.pointers[node], adjacency.pointers[node + 1] - adjacency.pointers[node]
    rows = np.repeat(np.arange(len(node)), degree)
    before = np.cumsum(degree) - degree
    return np.arange(len(rows)) + (first - before)[rows], rows


def _joined(hops: list[Int64s]) -> Tensor:
    return torch.from_numpy(np.concatenate([np.empty(0, dtype=np.int64), *hops]))
