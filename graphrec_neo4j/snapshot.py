"""``GraphSnapshot``: the typed graph in NumPy, the one noun that every source makes and every model eats."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.column_hashes import hash_columns, hash_objects
from graphrec_neo4j.edge_times import MISSING_TIME as MISSING_TIME
from graphrec_neo4j.edge_times import fading
from graphrec_neo4j.edge_weights import walk_strengths
from graphrec_neo4j.errors import SnapshotError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.meta_path import ALL_INTERACTIONS, Step
from graphrec_neo4j.schema import EdgeType, GraphSchema

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Nodes:
    """The n nodes of one type, in the row order of ``ids``.

    ``names`` (n,) holds display names or None, ``features`` (n, d) float64 with NaN where missing, ``texts``
    one (n,) array of strings or None for each text property of the schema.
    """

    ids: IdMap
    names: ObjectArray | None = None
    features: FloatArray | None = None
    texts: Mapping[str, ObjectArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = [self.names, self.features, *self.texts.values()]
        if any(column is not None and len(column) != len(self.ids) for column in columns):
            raise SnapshotError(f"a column of {self.ids.type_name} does not have {len(self.ids)} rows.")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Edges:
    """The m edges of one type, one for each (source, target) pair, sorted by source, then target.

    ``source``, ``target`` (m,) int32 rows; ``weight`` (m,) float64, NaN where an edge has none, or None where
    the type has none; ``time`` (m,) int64 UTC milliseconds, MISSING_TIME where an edge has none, or None;
    ``properties`` one (m,) object array for each extra property of the schema.
    """

    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    weight: FloatArray | None = None
    time: IntArray | None = None
    properties: Mapping[str, ObjectArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = [self.target, self.weight, self.time, *self.properties.values()]
        if any(column is not None and len(column) != len(self.source) for column in columns):
            raise SnapshotError("the columns of an edge type differ in length.")

    def __len__(self) -> int:
        return len(self.source)

    def columns(self) -> dict[str, npt.NDArray]:
        """Every column that is there, by name; extra properties are called ``property:NAME``."""
        named: dict[str, npt.NDArray | None] = {"source": self.source, "target": self.target}
        named |= {"weight": self.weight, "time": self.time}
        named |= {f"property:{name}": column for name, column in self.properties.items()}
        return {name: column for name, column in named.items() if column is not None}

    def take(self, rows: npt.NDArray) -> Edges:
        """Return the edges at ``rows`` (a mask or sorted positions), in the same order."""
        return Edges(
            self.source[rows],
            self.target[rows],
            None if self.weight is None else self.weight[rows],
            None if self.time is None else self.time[rows],
            {name: column[rows] for name, column in self.properties.items()},
        )


@dataclass(frozen=True, eq=False)
class GraphSnapshot:
    """A whole typed graph under one schema, checked when built and never changed afterwards.

    Two snapshots are equal when their nodes and edges are, whatever the order in which they came; a column
    in which every value is missing is no different from one that is not there. With ``half_life_days`` the strength
    of an edge halves with every so many days that it is older than the newest of all; an edge without a time is old.
    """

    schema: GraphSchema
    nodes: Mapping[str, Nodes]
    edges: Mapping[str, Edges]
    half_life_days: float | None = None

    def __post_init__(self) -> None:
        if set(self.nodes) != set(self.schema.nodes) or set(self.edges) != set(self.schema.edges):
            raise SnapshotError("a snapshot holds exactly the node and edge types of its schema.")
        for name, edges in self.edges.items():
            self._check_edges(name, edges, self.schema.edges[name])

    def _check_edges(self, name: str, edges: Edges, kind: EdgeType) -> None:
        for rows, end in ((edges.source, kind.source), (edges.target, kind.target)):
            if len(rows) and (rows.min() < 0 or rows.max() >= len(self.nodes[end])):
                raise SnapshotError(f"an edge of {name} points to a row outside the {len(self.nodes[end])} {end}s.")
        source, target = edges.source, edges.target
        rises = (source[1:] > source[:-1]) | ((source[1:] == source[:-1]) & (target[1:] > target[:-1]))
        if not rises.all():
            raise SnapshotError(f"edges of {name} must be sorted and unique; build them with merge_parallel().")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GraphSnapshot):
            return NotImplemented
        same_types = self.nodes.keys() == other.nodes.keys() and self.edges.keys() == other.edges.keys()
        return same_types and self.digest == other.digest

    __hash__ = None  # type: ignore[assignment]

    @property
    def users(self) -> Nodes:
        """The nodes that get recommendations."""
        return self.nodes[self.schema.recommend_to]

    @property
    def items(self) -> Nodes:
        """The nodes that are recommended."""
        return self.nodes[self.schema.recommend]

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits that change with any id, name, feature, edge, weight, time or property."""
        hashed = hashlib.blake2b(digest_size=16)
        for name in sorted(self.nodes):
            nodes = self.nodes[name]
            hashed.update(f"node {name} {nodes.ids.key_type} {len(nodes)}\0".encode())
            hash_objects(hashed, nodes.ids.keys)
            columns = {"name": nodes.names, "features": nodes.features}
            columns |= {f"text:{label}": column for label, column in nodes.texts.items()}
            hash_columns(hashed, columns)
        for name in sorted(self.edges):
            hashed.update(f"edge {name} {len(self.edges[name])}\0".encode())
            hash_columns(hashed, self.edges[name].columns())
        return hashed.hexdigest()

    @cached_property
    def interactions(self) -> sparse.csr_matrix:
        """All positive interactions, users by items, float64: strength times importance, added over edge types."""
        total = sparse.csr_matrix((len(self.users), len(self.items)))
        for name, kind in self.schema.by_role("interaction").items():
            total = total + kind.importance * self._user_to_item(name)
        return _canonical(total)

    @cached_property
    def seen(self) -> sparse.csr_matrix:
        """What must stay out of each user's list, users by items, 1.0 where so; with people, oneself too."""
        same = self.schema.recommend_to == self.schema.recommend
        seen = sparse.identity(len(self.users), format="csr") if same else None
        seen = seen if seen is not None else sparse.csr_matrix((len(self.users), len(self.items)))
        for name in self.schema.edges:
            if self.schema.excludes(name):
                seen = seen + self._user_to_item(name, every=True)
        seen = _canonical(seen)
        seen.data[:] = 1.0
        return seen

    def matrix(self, edge: str, *, forward: bool = True, every: bool = False) -> sparse.csr_matrix:
        """One edge type as a CSR matrix (n_source, n_target) of walk strengths, float64.

        Only positive edges count unless ``every``; ``forward=False`` gives the transpose, and ``"*"`` stands
        for all positive interactions, users by items. Raises SnapshotError for a weight that no walk can use.
        """
        made = self.interactions if edge == ALL_INTERACTIONS else self._strengths(edge, every=every)
        return made if forward else _canonical(made.T)

    def matrix_entries(self, edge: str) -> int:
        """Return how many entries :meth:`matrix` has at most, without making it."""
        if edge == ALL_INTERACTIONS:
            return sum(self.matrix_entries(name) for name in self.schema.by_role("interaction"))
        kept = self._is_positive(edge)
        count = len(self.edges[edge]) if kept is None else int(kept.sum())
        return count if self.schema.edges[edge].directed else 2 * count

    def step_matrices(self, steps: tuple[Step, ...]) -> list[sparse.csr_matrix]:
        """The matrix of each step of a meta-path, in walking order, so that their product is the path count."""
        return [self.matrix(step.edge, forward=step.forward) for step in steps]

    def with_edges(self, **edges: Edges) -> GraphSnapshot:
        """Return a snapshot with some edge types replaced, on the same nodes."""
        return replace(self, edges={**self.edges, **edges})

    def faded(self, half_life_days: float | None) -> GraphSnapshot:
        """Return this snapshot with strengths that fade; raises SnapshotError for a half-life that is not positive."""
        if half_life_days is not None and not half_life_days > 0:
            raise SnapshotError(f"a half-life must be a positive number of days, not {half_life_days}.")
        return replace(self, half_life_days=half_life_days)

    @cached_property
    def _newest(self) -> int | None:
        times = [int(edges.time.max()) for edges in self.edges.values() if edges.time is not None and len(edges)]
        return max(times, default=None)

    def _user_to_item(self, name: str, *, every: bool = False) -> sparse.csr_matrix:
        forward = self.schema.edges[name].source == self.schema.recommend_to
        return self.matrix(name, forward=forward, every=every)

    def _is_positive(self, name: str) -> npt.NDArray[np.bool_] | None:
        """Which edges of one type are positive, None where all are."""
        threshold, weight = self.schema.edges[name].positive_from, self.edges[name].weight
        return None if threshold is None or weight is None else weight >= threshold

    def _strengths(self, name: str, *, every: bool) -> sparse.csr_matrix:
        kind, edges = self.schema.edges[name], self.edges[name]
        kept = None if every else self._is_positive(name)
        edges = edges if kept is None else edges.take(kept)
        strength = np.ones(len(edges)) if every else self._weights(name, edges)
        if edges.time is not None and not every:
            strength = strength * fading(edges.time, self.half_life_days, self._newest)
        shape = (len(self.nodes[kind.source]), len(self.nodes[kind.target]))
        made = sparse.csr_matrix((strength, (edges.source, edges.target)), shape=shape)
        if not kind.directed:
            made = made.maximum(made.T)
        return _canonical(made)

    def _weights(self, name: str, edges: Edges) -> FloatArray:
        kind = self.schema.edges[name]
        if edges.weight is None or kind.walk_strength == "one":
            return np.ones(len(edges))

        def ends(row: int) -> str:
            source, target = self.nodes[kind.source].ids, self.nodes[kind.target].ids
            return f"from {source.key(int(edges.source[row]))!r} to {target.key(int(edges.target[row]))!r}"

        return walk_strengths(edges.weight, kind.walk_strength, name, ends)


def merge_parallel(edges: Edges, rule: str) -> tuple[Edges, int]:
    """Sort edges by source and target and make one of those that join the same pair.

    ``rule`` is ``"sum"`` (weights added, latest time), ``"last"`` (the latest by time, then by position),
    ``"max"`` (the heaviest) or ``"error"``. Returns the edges and how many were merged away; where a type
    without weights is summed, the weight becomes the multiplicity. Raises SnapshotError under ``"error"``.
    """
    pair = edges.source.astype(np.int64) * (int(edges.target.max(initial=0)) + 1) + edges.target
    order = np.argsort(pair, kind="stable")
    if (np.diff(pair[order]) > 0).all():
        return edges.take(order), 0
    position = np.arange(len(edges))
    weight = edges.weight if edges.weight is not None else np.ones(len(edges))
    time = edges.time if edges.time is not None else np.zeros(len(edges), dtype=np.int64)
    last_key = np.nan_to_num(weight, nan=-np.inf) if rule == "max" else time
    order = np.lexsort((position, last_key, edges.target, edges.source))
    source, target = edges.source[order], edges.target[order]
    is_last = np.ones(len(edges), dtype=bool)
    is_last[:-1] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    merged = int(len(edges) - is_last.sum())
    if merged and rule == "error":
        raise SnapshotError(
            f"{merged} edges join a pair that is already joined, and the schema says duplicates = 'error'."
        )
    kept = edges.take(order[is_last])
    if merged and rule == "sum":
        starts = np.concatenate(([0], np.flatnonzero(is_last)[:-1] + 1))
        counted = np.where(np.isnan(weight), 1.0, weight)[order]
        total = np.add.reduceat(counted, starts)
        lone = np.diff(np.append(starts, len(edges))) == 1
        kept = replace(kept, weight=np.where(lone, weight[order][is_last], total))
    return kept, merged


def _canonical(matrix: sparse.spmatrix) -> sparse.csr_matrix:
    made = matrix.tocsr()
    made.sum_duplicates()
    made.eliminate_zeros()
    made.sort_indices()
    return made
