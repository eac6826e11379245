"""Several edge types as one weighted graph over all their nodes, walked both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError, nearest
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.two_sides import TwoSides

WALKED_ROLES = ("interaction", "tie", "category")

BYTES_AN_EDGE = 180.0
"""What is held of an edge while the graph's sides are found and put in order; 45 of it stay."""


@dataclass(frozen=True, eq=False)
class TypedGraph:
    """A symmetric weighted graph whose n nodes are those of several types, one type after the other.

    Row r of a type is node ``offsets[type] + r``. ``weights`` is CSR (n, n); ``degrees`` (n,) are its row
    sums. ``joining[type]`` names the edge types that join the users to nodes of a type.
    """

    offsets: Mapping[str, int]
    joining: Mapping[str, tuple[str, ...]]
    weights: sparse.csr_matrix
    degrees: npt.NDArray[np.float64]

    @classmethod
    def of(cls, snapshot: GraphSnapshot, edges: Sequence[str] = ()) -> TypedGraph:
        """Join ``edges`` of ``snapshot``; none means every interaction, tie and category edge type.

        An edge weighs its strength times its type's importance, and as much on the way back; edges that join
        the same two nodes add up. Users and items are always among the nodes. Raises ModelError for an edge
        type that is not there.
        """
        kinds, edges = snapshot.schema.edges, _walked(snapshot.schema, edges)
        offsets, n = _offsets(snapshot, edges)
        total = sparse.csr_matrix((n, n))
        for name in edges:
            kind, part = kinds[name], snapshot.matrix(name).tocoo()
            ends = (part.row + offsets.get(kind.source, 0), part.col + offsets.get(kind.target, 0))
            ahead = sparse.csr_matrix((kind.importance * part.data, ends), shape=(n, n))
            total = total + (ahead + ahead.T if kind.directed else ahead)
        return cls._made(offsets, _joining(snapshot, edges, offsets), total)

    @staticmethod
    def bytes_of(snapshot: GraphSnapshot, edges: Sequence[str] = ()) -> float:
        """About how much memory :meth:`of` and :attr:`sides` take at most, told before any work."""
        return BYTES_AN_EDGE * sum(len(snapshot.edges[name]) for name in _walked(snapshot.schema, edges))

    @classmethod
    def _made(cls, offsets: dict[str, int], joining: dict[str, tuple[str, ...]], weights: Any) -> TypedGraph:
        matrix = weights.tocsr()
        matrix.sum_duplicates()
        return cls(offsets, joining, matrix, np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel())

    def __len__(self) -> int:
        return self.weights.shape[0]

    @cached_property
    def sides(self) -> TwoSides:
        """The graph as a walk crosses it."""
        return TwoSides.of(self.weights, self.degrees)

    def type_of(self, node: int) -> tuple[str, int]:
        """The (type, row) of a node."""
        offset, name = max((offset, name) for name, offset in self.offsets.items() if offset <= node)
        return name, node - offset

    def arrays(self) -> dict[str, Any]:
        """Everything as named arrays and one CSR matrix, from which :meth:`from_arrays` makes an equal graph."""
        joined = [(node_type, name) for node_type, names in self.joining.items() for name in names]
        return {
            "types": np.array(list(self.offsets)),
            "offsets": np.array(list(self.offsets.values())),
            "joining": np.array(joined, dtype=np.str_).reshape(-1, 2),
            "weights": self.weights,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> TypedGraph:
        """The inverse of :meth:`arrays`."""
        offsets = dict(zip(arrays["types"].tolist(), arrays["offsets"].tolist(), strict=True))
        joined = arrays["joining"].tolist()
        joining = {name: tuple(edge for node_type, edge in joined if node_type == name) for name in offsets}
        return cls._made(offsets, joining, arrays["weights"])


def _walked(schema: GraphSchema, edges: Sequence[str]) -> Sequence[str]:
    """``edges``, or all that are walked where none are named; raises ModelError for one that is not there."""
    for name in edges:
        if name not in schema.edges:
            raise ModelError(f"there is no edge type {name!r}{nearest(name, schema.edges)}.")
    return edges or [name for name, role in schema.roles.items() if role in WALKED_ROLES]


def _offsets(snapshot: GraphSnapshot, edges: Sequence[str]) -> tuple[dict[str, int], int]:
    """The first node of every type that has any, and the number of all nodes."""
    schema = snapshot.schema
    ends = [end for name in edges for end in (schema.edges[name].source, schema.edges[name].target)]
    offsets, n = {}, 0
    for name in dict.fromkeys([schema.recommend_to, schema.recommend, *ends]):
        if len(snapshot.nodes[name]):
            offsets[name], n = n, n + len(snapshot.nodes[name])
    return offsets, n


def _joining(snapshot: GraphSnapshot, edges: Sequence[str], types: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    user, kinds = snapshot.schema.recommend_to, snapshot.schema.edges
    both_ways = [(kinds[name].source, kinds[name].target, name) for name in edges]
    both_ways += [(target, source, name) for source, target, name in both_ways]
    found = {
        node_type: [name for end, other, name in both_ways if (end, other) == (user, node_type)] for node_type in types
    }
    return {node_type: tuple(dict.fromkeys(names)) for node_type, names in found.items()}
