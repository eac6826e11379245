"""Neighbourhoods hop by hop: which nodes and edges a batch of seeds needs, whatever drew the edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from graphrec_neo4j.sampling.draw_kernel import Frontier, LeftOut, draw
from graphrec_neo4j.sampling.graph import EdgeType, Int64s, SamplingGraph
from graphrec_neo4j.sampling.local_kernel import FREE, number, place
from graphrec_neo4j.sampling.subgraph import SampledEdges, SampledNodes, Subgraph

NONE_LEFT_OUT = LeftOut(np.zeros(2, np.int64), np.empty(0, np.int64), np.zeros(1, np.int64))


@dataclass
class LocalNodes:
    """The nodes of one type in a batch, seeds first: ``node`` and ``batch`` (n,), and how many came with each hop.

    In a batch of separate subgraphs a node has a local number for each seed that reaches it.
    """

    num_nodes: int
    node: Int64s
    batch: Int64s
    hops: list[int] = field(default_factory=list)
    _keys: Int64s = field(default_factory=lambda: np.full(64, FREE, dtype=np.int64))
    _numbers: Int64s = field(default_factory=lambda: np.empty(64, dtype=np.int64))

    def __post_init__(self) -> None:
        self._make_room(len(self.node))
        place(self._key(self.node, self.batch), 0, self._keys, self._numbers)
        self.close_hop()

    def add(self, node: Int64s, batch: Int64s) -> Int64s:
        """Return the local numbers of (node, batch), (k,) each; what is new is appended in order."""
        self._make_room(len(self.node) + len(node))
        numbers, fresh = number(self._key(node, batch), len(self.node), self._keys, self._numbers)
        self.node = np.concatenate([self.node, node[fresh]])
        self.batch = np.concatenate([self.batch, batch[fresh]])
        return numbers

    def close_hop(self) -> None:
        """Count what was added since the last hop."""
        self.hops.append(len(self.node) - sum(self.hops))

    def newest(self) -> slice:
        """The local numbers that the last hop added: those to be expanded next."""
        return slice(sum(self.hops[:-1]), sum(self.hops))

    def _key(self, node: Int64s, batch: Int64s) -> Int64s:
        return batch * self.num_nodes + node

    def _make_room(self, count: int) -> None:
        """Keep the table at most half full."""
        if 2 * count <= len(self._keys):
            return
        size = 1 << int(2 * count).bit_length()
        self._keys, self._numbers = np.full(size, FREE, dtype=np.int64), np.empty(size, dtype=np.int64)
        place(self._key(self.node, self.batch), 0, self._keys, self._numbers)


@dataclass(frozen=True)
class Seeds:
    """Where sampling starts: rows and, if edges must lie before them, times, by node type; one subgraph or many."""

    node: Mapping[str, Int64s]
    time: Mapping[str, Int64s] | None = None
    separate: bool = False

    def local_nodes(self, graph: SamplingGraph) -> dict[str, LocalNodes]:
        """Local nodes of every type of ``graph``, holding the seeds; subgraphs are counted through all types."""
        nodes, first, none = {}, 0, np.empty(0, dtype=np.int64)
        numbers = {}
        for kind, node in self.node.items():
            numbers[kind] = (
                np.arange(first, first + len(node)) if self.separate else np.zeros(len(node), dtype=np.int64)
            )
            first += len(node)
        for kind, num_nodes in graph.num_nodes.items():
            nodes[kind] = LocalNodes(num_nodes, self.node.get(kind, none), numbers.get(kind, none))
        return nodes

    def times(self) -> Int64s:
        """The time of every subgraph, in the order in which :meth:`local_nodes` counts them; empty without times."""
        none = np.empty(0, dtype=np.int64)
        return none if self.time is None else np.concatenate([none, *(self.time[kind] for kind in self.node)])


def expand(
    graph: SamplingGraph,
    seeds: Seeds,
    fan_out: Mapping[EdgeType, Sequence[int]],
    left_out: Mapping[EdgeType, LeftOut],
    replace: bool,
    rng: np.random.Generator,
) -> Subgraph:
    """Draw ``fan_out[type][hop]`` edges of every type into every node that the hop before added, -1 for all.

    A node is expanded once, at the hop that finds it (GraphSAGE, Hamilton et al., NIPS 2017, algorithm 2). All times
    are compared with the seed's, whatever the hop.
    """
    nodes, times = seeds.local_nodes(graph), seeds.times()
    edges = {kind: SampledEdges() for kind in graph.adjacencies}
    for hop in range(max((len(counts) for counts in fan_out.values()), default=0)):
        frontiers = {kind: _frontier(local, times) for kind, local in nodes.items()}
        for kind, adjacency in graph.adjacencies.items():
            frontier = frontiers[kind[2]]
            places, rows = draw(
                adjacency, frontier, left_out.get(kind, NONE_LEFT_OUT), fan_out[kind][hop], replace, rng
            )
            source = nodes[kind[0]].add(adjacency.source[places].astype(np.int64), frontier.batch[rows])
            edges[kind].add(source, nodes[kind[2]].newest().start + rows, adjacency.edge[places])
        for local in nodes.values():
            local.close_hop()
    found = {kind: SampledNodes(local.node, local.batch, local.hops) for kind, local in nodes.items()}
    return Subgraph(found, edges)


def _frontier(local: LocalNodes, times: Int64s) -> Frontier:
    newest = local.newest()
    batch = local.batch[newest]
    return Frontier(local.node[newest], batch, times[batch] if len(times) else times)
