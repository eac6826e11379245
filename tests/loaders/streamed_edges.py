"""The edges of a snapshot and of batches by business ids, and what a fan-out without bounds would find."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch_geometric.data import HeteroData

from graphrec_neo4j.ids import Key
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.stream import Neo4jStream

Truth = dict[str, dict[tuple[Key, Key], tuple[float | None, int | None]]]


def true_edges(snapshot: GraphSnapshot) -> Truth:
    """Weight and time of every edge by edge type and business ids, each type turned round too; None where missing."""
    made: Truth = {}
    for name, edges in snapshot.edges.items():
        kind = snapshot.schema.edges[name]
        sources = snapshot.nodes[kind.source].ids.keys_of(edges.source)
        targets = snapshot.nodes[kind.target].ids.keys_of(edges.target)
        weight = values(edges.weight.astype(np.float32) if edges.weight is not None else None, len(edges))
        times = values(edges.time, len(edges))
        made[name] = dict(zip(zip(sources, targets, strict=True), zip(weight, times, strict=True), strict=True))
        made[f"rev_{name}"] = {pair[::-1]: value for pair, value in made[name].items()}
    return made


def edges_by_id(
    stream: Neo4jStream, batch: HeteroData
) -> Iterator[tuple[str, tuple[Key, Key], float | None, int | None]]:
    for start, name, end in batch.edge_types:
        store = batch[start, name, end]
        sources = stream.ids(start, batch[start].n_id[store.edge_index[0]])
        targets = stream.ids(end, batch[end].n_id[store.edge_index[1]])
        weight = values(store.edge_weight.numpy() if "edge_weight" in store else None, len(sources))
        times = values(store.edge_time.numpy() if "edge_time" in store else None, len(sources))
        for source, target, of_weight, of_time in zip(sources, targets, weight, times, strict=True):
            yield name, (source, target), of_weight, of_time


def values(column: np.ndarray | None, count: int) -> list:
    if column is None:
        return [None] * count
    missing = np.isnan(column) if column.dtype.kind == "f" else column == np.iinfo(np.int64).min
    return [None if gone else value for value, gone in zip(column.tolist(), missing.tolist(), strict=True)]


def brute_force(
    truth: Truth, kinds: list[tuple[str, str, str]], name: str, seeds: list[Key], hops: int
) -> Iterator[tuple[str, tuple[Key, Key]]]:
    """All edges into the seeds, then into what they come from, each node once."""
    reached = {(name, key) for key in seeds}
    frontier = set(reached)
    for _ in range(hops):
        found = set()
        for start, edge, end in kinds:
            for source, target in truth[edge]:
                if (end, target) in frontier:
                    yield edge, (source, target)
                    found.add((start, source))
        frontier = found - reached
        reached |= found
