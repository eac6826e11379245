"""Typed subgraphs around seeds, hop by hop, a statement for each edge type of a hop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.snapshot import FloatArray, IntArray
from loaders.stream_neighbours import REVERSED, Neighbours, Sampled
from loaders.stream_numbers import NodeNumbers

EdgeKind = tuple[str, str, str]


class LocalNodes:
    """The nodes of one type in one subgraph: ``numbers`` in order of discovery, how many each hop added."""

    def __init__(self, seeds: IntArray) -> None:
        self._places: dict[int, int] = {number: place for place, number in enumerate(seeds.tolist())}
        self.hops = [len(self._places)]

    @property
    def numbers(self) -> IntArray:
        """The node numbers (n,), seeds first."""
        return np.fromiter(self._places, dtype=np.int64, count=len(self._places))

    def places(self, numbers: IntArray) -> IntArray:
        """Return the local places of numbers, new ones at the end."""
        known = self._places
        listed = (known.setdefault(number, len(known)) for number in numbers.tolist())
        return np.fromiter(listed, dtype=np.int64, count=len(numbers))

    def end_hop(self) -> IntArray:
        """Return the numbers that were added since the last hop ended."""
        start = sum(self.hops)
        self.hops.append(len(self._places) - start)
        return self.numbers[start:]


@dataclass(frozen=True)
class LocalEdges:
    """The m edges of one type in one subgraph: ``source``, ``target`` (m,) local, ``weight``, ``time`` (m,) or None.

    ``hop`` (m,) counts from 0; edges stand in the order of hops.
    """

    source: IntArray
    target: IntArray
    weight: FloatArray | None
    time: IntArray | None
    hop: IntArray

    def take(self, kept: npt.NDArray[np.bool_]) -> LocalEdges:
        """Return the edges of a mask (m,)."""
        return replace(self, **{name: column[kept] for name, column in vars(self).items() if column is not None})

    @staticmethod
    def joined(parts: Sequence[LocalEdges]) -> LocalEdges:
        """Return the edges of all hops, at least one."""
        columns = {name: [vars(part)[name] for part in parts] for name in vars(parts[0])}
        return replace(parts[0], **{name: np.concatenate(of) for name, of in columns.items() if of[0] is not None})


@dataclass(frozen=True)
class StreamedSubgraph:
    """What one batch holds, by node type and by edge type; ``gone`` seeds were not in the database any more."""

    nodes: Mapping[str, LocalNodes]
    edges: Mapping[EdgeKind, LocalEdges]
    hops: int
    gone: int

    def without(self, kind: EdgeKind, sources: IntArray, targets: IntArray) -> StreamedSubgraph:
        """Return this without the edges from ``sources`` to ``targets`` (k,), by number, and without their reverses.

        Between nodes of one type those that run the other way go too.
        """
        start, name, end = kind
        ends = self.nodes[start].places(sources), self.nodes[end].places(targets)
        both = (ends, ends[::-1]) if start == end else (ends,)
        edges = dict(self.edges)
        for one, turned in ((kind, False), ((end, f"{REVERSED}{name}", start), True)):
            if one in edges:
                pairs = [_codes(*pair[:: -1 if turned else 1]) for pair in both]
                edges[one] = edges[one].take(~np.isin(_codes(edges[one].source, edges[one].target), pairs))
        return StreamedSubgraph(self.nodes, edges, self.hops, self.gone)


class SubgraphReader:
    """Samples subgraphs: ``fan_out`` says for every edge type how many neighbours in each hop."""

    def __init__(
        self,
        neighbours: Sequence[Neighbours],
        numbers: Mapping[str, NodeNumbers],
        fan_out: Mapping[EdgeKind, Sequence[int]],
    ) -> None:
        self.neighbours, self.numbers, self.fan_out = neighbours, numbers, fan_out
        self.hops = max(map(len, fan_out.values()), default=0)

    def read(self, seeds: Mapping[str, IntArray], rng: np.random.Generator) -> StreamedSubgraph:
        """Return the subgraph around distinct seeds (n,) by type; a seed without edges is a node without edges."""
        none = np.empty(0, dtype=np.int64)
        nodes = {name: LocalNodes(seeds.get(name, none)) for name in self.numbers}
        parts = {one.edge_type: [no_edges(one)] for one in self.neighbours}
        frontier = {name: local.numbers for name, local in nodes.items()}
        gone: dict[str, int] = {}
        for hop in range(self.hops):
            for one in self.neighbours:
                count = self.fan_out[one.edge_type][hop]
                if count and len(frontier[one.start]):
                    found = one.sample(self.numbers[one.start].keys_of(frontier[one.start]), count, rng)
                    parts[one.edge_type].append(self._local(one, hop, frontier[one.start], found, nodes))
                    if hop == 0:
                        gone[one.start] = len(frontier[one.start]) - found.found
            frontier = {name: local.end_hop() for name, local in nodes.items()}
        edges = {kind: LocalEdges.joined(of_kind) for kind, of_kind in parts.items()}
        return StreamedSubgraph(nodes, edges, self.hops, sum(gone.values()))

    def _local(
        self, one: Neighbours, hop: int, frontier: IntArray, found: Sampled, nodes: Mapping[str, LocalNodes]
    ) -> LocalEdges:
        return LocalEdges(
            nodes[one.end].places(self.numbers[one.end].of_keys(found.neighbour)),
            nodes[one.start].places(frontier[found.place]),
            found.weight,
            found.time,
            np.full(len(found.place), hop, dtype=np.int64),
        )


def no_edges(one: Neighbours) -> LocalEdges:
    """Return no edges of one type, with the columns that it has."""
    none = np.empty(0, dtype=np.int64)
    return LocalEdges(none, none, np.empty(0) if one.kind.weight else None, none if one.kind.time else None, none)


def _codes(source: IntArray, target: IntArray) -> IntArray:
    # A batch has far fewer than 2**31 nodes of one type.
    return (source << 32) + target
