"""Importance neighbours: the nodes that short random walks with restart visit most.

R. Ying et al., "Graph Convolutional Neural Networks for Web-Scale Recommender Systems", KDD 2018, section 3.1: PinSage.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.graph import ONLY_EDGES, ONLY_NODES, Adjacency, EdgeType, Int32s, Int64s, SamplingGraph
from graphrec_neo4j.sampling.sources import sampling_graph
from graphrec_neo4j.sampling.walk_kernel import most_visited

Columns = tuple[Int64s, Int32s]


def importance_neighbours(
    data: Any,
    *,
    num_neighbors: int,
    num_walks: int,
    walk_length: int,
    restart: float = 0.5,
    node_type: str | None = None,
    through: EdgeType | None = None,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Return the edges (2, k) int64 from each node's most visited nodes to it, and how often they were visited, (k,).

    From every node start ``num_walks`` walks of ``walk_length`` moves, each but the first preceded by a jump home
    with probability ``restart``; up to ``num_neighbors`` nodes other than itself that they come to most often become
    its neighbours, most visited first, of equals the lower row. In a ``HeteroData`` or a pair of stores a move goes
    from a node of ``node_type`` along an edge of ``through``, of which it is one end, and back along another (item,
    user, item); in a ``Data``, or where both ends are of that type, it goes along one edge, from target to source.
    Visits are float32, to be used as weights as they are, or divided by their sum. The edges are a graph like any
    other, so every sampler takes them::

        edge_index, visits = importance_neighbours(data, node_type="Item", through=("User", "INTERACTED", "Item"), ...)
        data["Item", "visited", "Item"].edge_index, data["Item", "visited", "Item"].edge_weight = edge_index, visits

    A walk that cannot go on ends, and a node from which nothing else is reached has no neighbours. Raises ModelError
    where a setting makes no sense.
    """
    if min(num_neighbors, num_walks, walk_length) < 1 or not 0 <= restart < 1:
        raise ModelError("num_neighbors, num_walks and walk_length are at least 1, and restart is from 0 to below 1.")
    graph = sampling_graph(data)
    kind, end = (through, node_type) if graph.is_typed else (ONLY_EDGES, ONLY_NODES)
    if kind is None or end is None or kind not in graph.adjacencies or end not in (kind[0], kind[2]):
        raise ModelError(f"through must be an edge type of the data and node_type one of its ends, not {kind}, {end}.")
    there, back = _moves(graph, kind, end)
    pointers, node, visits = most_visited(
        there, back, graph.num_nodes[end], num_neighbors, num_walks, walk_length, restart, np.random.default_rng(seed)
    )
    target = np.repeat(np.arange(graph.num_nodes[end]), np.diff(pointers))
    return torch.from_numpy(np.stack([node, target])), torch.from_numpy(visits.astype(np.float32))


def _moves(graph: SamplingGraph, kind: EdgeType, end: str) -> tuple[Columns, Columns]:
    """The two steps of a move from nodes of type ``end``; the second stays where one edge is a move."""
    adjacency = graph.adjacencies[kind]
    to_sources: Columns = (adjacency.pointers, adjacency.source)
    if kind[0] == kind[2]:
        count = graph.num_nodes[end]
        return to_sources, (np.arange(count + 1), np.arange(count, dtype=np.int32))
    to_targets = _by_source(adjacency, graph.num_nodes[kind[0]])
    return (to_sources, to_targets) if end == kind[2] else (to_targets, to_sources)


def _by_source(adjacency: Adjacency, num_sources: int) -> Columns:
    pointers = np.zeros(num_sources + 1, dtype=np.int64)
    np.cumsum(np.bincount(adjacency.source, minlength=num_sources), out=pointers[1:])
    target = np.repeat(np.arange(len(adjacency.pointers) - 1, dtype=np.int32), np.diff(adjacency.pointers))
    return pointers, target[np.argsort(adjacency.source, kind="stable")]
