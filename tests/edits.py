"""Graphs as plain dictionaries, and edits of them: what others do to a graph between two syncs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphrec_neo4j.edge_times import MISSING_TIME
from graphrec_neo4j.ids import IdMap, Key
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

Pair = tuple[Key, Key]


@dataclass
class PlainGraph:
    """Names by id for each node type; weights and times by pair of ids for each edge type."""

    like: GraphSnapshot
    nodes: dict[str, dict[Key, str | None]]
    edges: dict[str, dict[Pair, tuple[float | None, int | None]]]

    @classmethod
    def of(cls, snapshot: GraphSnapshot) -> PlainGraph:
        nodes = {}
        for name, each in snapshot.nodes.items():
            names = [None] * len(each) if each.names is None else each.names.tolist()
            nodes[name] = dict(zip(each.ids.keys, names, strict=True))
        edges = {}
        for name, kind in snapshot.schema.edges.items():
            held = snapshot.edges[name]
            ends = [
                snapshot.nodes[end].ids.keys_of(column)
                for end, column in ((kind.source, held.source), (kind.target, held.target))
            ]
            weights = [None] * len(held) if held.weight is None else held.weight.tolist()
            times = [None] * len(held) if held.time is None else held.time.tolist()
            edges[name] = dict(zip(zip(*ends, strict=True), zip(weights, times, strict=True), strict=True))
        return cls(snapshot, nodes, edges)

    def snapshot(self) -> GraphSnapshot:
        schema = self.like.schema
        ids = {name: IdMap(name, list(names), schema.nodes[name].key_type) for name, names in self.nodes.items()}
        nodes = {}
        for name, names in self.nodes.items():
            column = np.array([names[key] for key in ids[name].keys] + [None], dtype=object)[:-1]
            nodes[name] = Nodes(ids[name], None if self.like.nodes[name].names is None else column)
        return GraphSnapshot(schema, nodes, {name: self._edges(name, ids) for name in schema.edges})

    def _edges(self, name: str, ids: dict[str, IdMap]) -> Edges:
        kind, like, held = self.like.schema.edges[name], self.like.edges[name], self.edges[name]
        rows = [
            (ids[kind.source].row(source), ids[kind.target].row(target), weight, time)
            for (source, target), (weight, time) in held.items()
        ]
        rows.sort(key=lambda row: row[:2])
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
        weight = None if like.weight is None else np.array(columns[2], dtype=np.float64)
        time = None if like.time is None else np.array(columns[3], dtype=np.int64)
        return Edges(np.array(columns[0], dtype=np.int32), np.array(columns[1], dtype=np.int32), weight, time)

    def edit(self, what: str, seed: int) -> None:
        """One edit of a kind; which nodes and edges it hits, the seed decides."""
        random = np.random.default_rng(seed)
        schema = self.like.schema
        users, items = self.nodes[schema.recommend_to], self.nodes[schema.recommend]
        name = list(self.edges)[int(random.integers(len(self.edges)))]
        kind, edges = schema.edges[name], self.edges[name]
        sources, targets = list(self.nodes[kind.source]), list(self.nodes[kind.target])
        pair = (sources[int(random.integers(len(sources)))], targets[int(random.integers(len(targets)))])
        some = list(edges)[int(random.integers(len(edges)))] if edges else None
        user, other = (list(users)[int(place)] for place in random.integers(len(users), size=2))
        item = list(items)[int(random.integers(len(items)))]
        if what == "add" and (kind.source != kind.target or pair[0] != pair[1]):
            edges[pair] = (float(random.integers(1, 5)), int(MISSING_TIME))
        elif what == "delete" and some:
            del edges[some]
        elif what == "reweigh" and some:
            edges[some] = (float(random.integers(5, 9)), edges[some][1])
        elif what == "rename":
            names = self.nodes[list(self.nodes)[int(random.integers(len(self.nodes)))]]
            names[list(names)[int(random.integers(len(names)))]] = f"renamed {seed}"
        elif what == "new user":
            users[f"new-{seed}"] = f"New {seed}"
            interactions = self.edges[next(iter(schema.by_role("interaction")))]
            interactions[f"new-{seed}", item] = (1.0, int(MISSING_TIME))
        elif what == "new item":
            items[f"new-{seed}"] = f"New item {seed}"
            interactions = self.edges[next(iter(schema.by_role("interaction")))]
            interactions[user, f"new-{seed}"] = (2.0, int(MISSING_TIME))
        elif what == "delete item":
            self._without(schema.recommend, item)
        elif what == "merge users" and user != other:
            self._merge(user, other)

    def _without(self, kind: str, key: Key) -> None:
        del self.nodes[kind][key]
        for name, edge in self.like.schema.edges.items():
            self.edges[name] = {
                pair: value
                for pair, value in self.edges[name].items()
                if not (edge.source == kind and pair[0] == key) and not (edge.target == kind and pair[1] == key)
            }

    def _merge(self, kept: Key, gone: Key) -> None:
        """What ``gone`` did and is tied to is ``kept``'s from now on."""
        user = self.like.schema.recommend_to
        for name, edge in self.like.schema.edges.items():
            for (source, target), value in list(self.edges[name].items()):
                moved = (
                    kept if edge.source == user and source == gone else source,
                    kept if edge.target == user and target == gone else target,
                )
                if moved != (source, target):
                    del self.edges[name][source, target]
                    if edge.source != edge.target or moved[0] != moved[1]:
                        self.edges[name].setdefault(moved, value)
        del self.nodes[user][gone]


EDITS = ("add", "delete", "reweigh", "rename", "new user", "new item", "delete item", "merge users")
