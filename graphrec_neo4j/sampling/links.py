"""Target edges of a batch of links, to be left out of the graph that predicts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from graphrec_neo4j.sampling.draw_kernel import LeftOut, places_between
from graphrec_neo4j.sampling.graph import Adjacency, EdgeType, Int64s, SamplingGraph

REVERSED = "rev_"
"""How PyTorch Geometric's ``ToUndirected`` begins the name of an edge type turned round."""


class Targets(NamedTuple):
    """The links to be predicted: ``source[i] -> target[i]`` of type ``kind``, (m,) rows each, at least one.

    Seeds are the sources, then the targets; ``num_sources`` and ``num_targets`` count those of negatives too.
    """

    kind: EdgeType
    source: Int64s
    target: Int64s
    num_sources: int
    num_targets: int


def turned_round(graph: SamplingGraph, named: Mapping[EdgeType, EdgeType]) -> dict[EdgeType, EdgeType]:
    """Return which edge type holds another's edges turned round, both ways, for types that have one in ``graph``.

    ``X`` and ``rev_X`` between the same ends are such a pair, and an edge type between nodes of one type is its own;
    ``named`` comes before both.
    """
    found = {kind: kind for kind in graph.adjacencies if kind[0] == kind[2]}
    for source, name, target in graph.adjacencies:
        other = (target, REVERSED + name, source)
        if other in graph.adjacencies:
            found |= {(source, name, target): other, other: (source, name, target)}
    return found | dict(named) | {other: kind for kind, other in named.items()}


def leave_out(
    graph: SamplingGraph, targets: Targets, turned: Mapping[EdgeType, EdgeType], separate: bool
) -> dict[EdgeType, LeftOut]:
    """Return the places of all target edges and of their reverses, by edge type.

    With ``separate`` subgraphs each leaves out its own target only; in a shared one all targets are left out. Every
    edge that joins the two ends is meant, so that parallel ones do not tell.
    """
    pairs: dict[EdgeType, list[tuple[Int64s, Int64s]]] = {}
    if targets.kind in graph.adjacencies:
        pairs.setdefault(targets.kind, []).append((targets.source, targets.target))
    if targets.kind in turned:
        pairs.setdefault(turned[targets.kind], []).append((targets.target, targets.source))
    return {kind: _left_out(graph.adjacencies[kind], ends, targets, separate) for kind, ends in pairs.items()}


def _left_out(adjacency: Adjacency, ends: list[tuple[Int64s, Int64s]], targets: Targets, separate: bool) -> LeftOut:
    found = [places_between(adjacency, source, target) for source, target in ends]
    link, place = (np.concatenate(column) for column in zip(*found, strict=True))
    unique = np.unique(np.stack([link if separate else np.zeros_like(link), place]), axis=1)
    pointers = np.zeros(len(targets.source) + 1, dtype=np.int64)
    np.cumsum(np.bincount(unique[0], minlength=len(targets.source)), out=pointers[1:])
    return LeftOut(pointers, np.ascontiguousarray(unique[1]), _links(targets) if separate else np.zeros(1, np.int64))


def _links(targets: Targets) -> Int64s:
    """The link of every seed: sources and targets each are the links' own ends, then those of negatives in rounds."""
    of_sources = np.arange(targets.num_sources) % len(targets.source)
    of_targets = np.arange(targets.num_targets) % len(targets.source)
    return np.concatenate([of_sources, of_targets])
