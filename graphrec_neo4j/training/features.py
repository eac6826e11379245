"""What is known of nodes beside their edges to each other: numeric features and categories, as tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor

from graphrec_neo4j.snapshot import GraphSnapshot, Nodes


@dataclass(frozen=True, eq=False)
class Bag:
    """The categories of n nodes by one edge type: those of node r are ``members[offsets[r]:offsets[r + 1]]``.

    ``shares`` (m,) of a node add up to 1; there are ``size`` categories.
    """

    offsets: Tensor
    members: Tensor
    shares: Tensor
    size: int

    @classmethod
    def of(cls, filed: sparse.csr_matrix, device: torch.device | str = "cpu") -> Self:
        """Take ``filed`` (n, size), of positive strengths."""
        sums = np.repeat(np.asarray(filed.sum(axis=1)).ravel(), np.diff(filed.indptr))
        parts = (filed.indptr.astype(np.int64), filed.indices.astype(np.int64), (filed.data / sums).astype(np.float32))
        offsets, members, shares = (torch.from_numpy(part).to(device) for part in parts)
        return cls(offsets, members, shares, filed.shape[1])


@dataclass(frozen=True, eq=False)
class NodeInputs:
    """``features`` (n, f) of n nodes, f may be 0, and the ``bags`` of their categories."""

    features: Tensor
    bags: tuple[Bag, ...]

    @classmethod
    def of(cls, snapshot: GraphSnapshot, node_type: str, device: torch.device | str = "cpu") -> Self:
        """Take the features of a node type, and its edges of every category type."""
        features = torch.from_numpy(standardised(snapshot.nodes[node_type])).to(device)
        return cls(features, tuple(Bag.of(filed, device) for filed in categories_of(snapshot, node_type)))


def standardised(nodes: Nodes) -> npt.NDArray[np.float32]:
    """Return features (n, f) of mean 0 and deviation 1, the mean where one is missing, f being 0 without any.

    After the f come a column of 1 and 0 for each of them that is missing somewhere, saying where it is there.
    """
    if nodes.features is None:
        return np.zeros((len(nodes), 0), dtype=np.float32)
    known = np.isfinite(nodes.features)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, nodes.features, 0).sum(axis=0) / count
    apart = np.where(known, nodes.features - mean, 0)
    spread = np.sqrt((apart**2).sum(axis=0) / count)
    partly = known[:, known.any(axis=0) & ~known.all(axis=0)]
    return np.hstack([apart / np.where(spread > 0, spread, 1), partly]).astype(np.float32)


def categories_of(snapshot: GraphSnapshot, node_type: str) -> list[sparse.csr_matrix]:
    """Return the strengths (n, categories) of a node type's edges, one matrix for each category type that it has."""
    return [
        snapshot.matrix(name, forward=kind.source == node_type)
        for name, kind in snapshot.schema.by_role("category").items()
        if node_type in (kind.source, kind.target)
    ]


def described(snapshot: GraphSnapshot, node_type: str) -> npt.NDArray[np.bool_]:
    """Return which nodes (n,) of a type have a feature or a category."""
    nodes = snapshot.nodes[node_type]
    values = nodes.features
    known: npt.NDArray[np.bool_] = np.zeros(len(nodes), dtype=bool)
    if values is not None:
        known |= np.isfinite(values).any(axis=1)
    for filed in categories_of(snapshot, node_type):
        known |= np.diff(filed.indptr) > 0
    return known
