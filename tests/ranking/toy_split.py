"""A split small enough to work out by hand, and a ranker whose lists anybody can foresee."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy import sparse

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.ranking.splits import Split, given_split
from graphrec_neo4j.ranking.topk import top_k_of_blocks
from graphrec_neo4j.results import TopK
from graphrec_neo4j.schema import default_schema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes


class InOrder:
    """Ranks the lowest rows first (the highest with ``step`` -1), and remembers what it was given to learn from."""

    chosen_on: ClassVar[str] = "nothing"
    chosen: ClassVar[dict] = {}

    def __init__(self, name: str = "in order", step: int = 1) -> None:
        self.name, self.step = name, step

    def fit(self, snapshot: GraphSnapshot, *, seed: int = 0, progress: object = None) -> InOrder:
        self.learnt = snapshot
        return self

    def top_k(self, users: np.ndarray, k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        n_items = len(self.learnt.items)
        scores = np.arange(n_items, 0, -1) * self.step
        return top_k_of_blocks(lambda rows: np.tile(scores, (len(rows), 1)), users, min(k, n_items), n_items, seen)


def toy_split(items: int = 8) -> Split:
    """User 0 had item 0, user 1 had items 0 to 5, user 2 had none; items 1 and 7 are asked for."""
    liked = [(0, 0), *((1, item) for item in range(6))]
    source, target = (np.array(column, dtype=np.int32) for column in zip(*liked, strict=True))
    none = Edges(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32))
    sizes = {"User": 4, "Item": items, "Category": 0}
    nodes = {n: Nodes(IdMap(n, range(size), "integer")) for n, size in sizes.items() if n != "Category"}
    nodes["Category"] = Nodes(IdMap("Category", [], "string"))
    edges = {"INTERACTED": Edges(source, target), "FOLLOWS": none, "IN_CATEGORY": none}
    train = GraphSnapshot(default_schema("integer", "integer"), nodes, edges)
    test = sparse.csr_matrix(([1] * 4, ([0, 0, 1, 2], [1, 7, 7, 7])), shape=(4, items))
    return given_split(train, test)
