"""The whole typed graph as tensors: blocks of nodes, and the relations between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.models.ties import normalised
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes

USERS, ITEMS = "users", "items"
_BACK = " back"


@dataclass(frozen=True, eq=False)
class Relation:
    """What the nodes of block ``to`` hear of those of block ``of``: ``weights`` (n_to, n_of), normalised."""

    name: str
    of: str
    to: str
    weights: sparse.csr_matrix

    @property
    def edge(self) -> str:
        """The edge type that is followed, forward or back."""
        return self.name.removesuffix(_BACK)


@dataclass(frozen=True, eq=False)
class TypedEdges:
    """``sizes`` and numeric ``features`` (n, f) of blocks of nodes, by name, and the ``relations`` between them.

    Users and items are the blocks USERS and ITEMS, two also where both are of one type; every other node type with
    edges is a block of its own name, after a colon.
    """

    sizes: dict[str, int]
    features: dict[str, Tensor]
    relations: tuple[Relation, ...]

    @classmethod
    def of(cls, snapshot: GraphSnapshot) -> Self:
        """Take every edge type of ``snapshot`` in both directions.

        Positive edges count with their strengths, interactions once however strong.

        An edge type that joins nodes of a type that are users and items joins them in each part that its role allows:
        an interaction users to items, a tie users to users, any other those of either block.
        """
        relations = []
        for name in snapshot.schema.edges:
            matrix = snapshot.matrix(name)
            if snapshot.schema.roles[name] == "interaction":
                matrix = pattern(matrix)
            if matrix.nnz:
                relations += _relations(snapshot.schema, name, normalised(matrix))
        named = dict.fromkeys([USERS, ITEMS, *(end for each in relations for end in (each.of, each.to))])
        nodes = {block: snapshot.nodes[type_of(snapshot.schema, block)] for block in named}
        features = {block: _standardised(held) for block, held in nodes.items() if held.features is not None}
        return cls({block: len(held) for block, held in nodes.items()}, features, tuple(relations))

    @property
    def reached(self) -> dict[str, Tensor]:
        """Which nodes (n, 1) of each block have an edge at all, as 0 or 1."""
        found = {block: np.zeros(size, dtype=np.float32) for block, size in self.sizes.items()}
        for relation in self.relations:
            found[relation.to][np.diff(relation.weights.indptr) > 0] = 1
        return {block: torch.from_numpy(mask)[:, None] for block, mask in found.items()}


def _relations(schema: GraphSchema, name: str, weights: sparse.csr_matrix) -> list[Relation]:
    """Both directions of an edge type between all blocks that it joins; an undirected one has only one."""
    kind, role = schema.edges[name], schema.roles[name]
    back = weights.T.tocsr()
    if role == "interaction":
        forward = kind.source == schema.recommend_to
        ends = [(USERS, ITEMS) if forward else (ITEMS, USERS)]
    elif role == "tie":
        ends = [(USERS, USERS)]
    else:
        ends = [(one, other) for one in _blocks(schema, kind.source) for other in _blocks(schema, kind.target)]
    made = []
    for source, target in ends:
        made.append(Relation(name, target, source, weights))
        if kind.directed:
            made.append(Relation(f"{name}{_BACK}", source, target, back))
    return made


def _blocks(schema: GraphSchema, node_type: str) -> list[str]:
    blocks = [USERS] if node_type == schema.recommend_to else []
    blocks += [ITEMS] if node_type == schema.recommend else []
    return blocks or [f":{node_type}"]


def type_of(schema: GraphSchema, block: str) -> str:
    """Return the type of the nodes of ``block``."""
    return {USERS: schema.recommend_to, ITEMS: schema.recommend}.get(block, block[1:])


def _standardised(nodes: Nodes) -> Tensor:
    """Features (n, f) of mean 0 and deviation 1, and 0, the mean, where one is missing."""
    assert nodes.features is not None
    values = nodes.features
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    apart = np.where(known, values - mean, 0)
    spread = np.sqrt((apart**2).sum(axis=0) / count)
    return torch.from_numpy((apart / np.where(spread > 0, spread, 1)).astype(np.float32))
