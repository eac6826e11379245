"""The ``FeatureStore`` and the ``GraphStore`` of a graph that stays in Neo4j."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from graphrec_neo4j.errors import MissingExtraError, StreamError
from graphrec_neo4j.snapshot import IntArray
from loaders.stream_features import NodeFeatures
from loaders.stream_sampling import EdgeKind, LocalEdges

try:
    import torch
    from torch_geometric.data import EdgeAttr, FeatureStore, GraphStore, HeteroData, TensorAttr
except ImportError as error:
    raise MissingExtraError("loaders.stream", "gnn") from error

KEPT_BATCHES = 16
"""How many batches may be in the making at once, each with the values of its edges."""

_NODE_NAMES = ("x", "x_missing", "n_id")
_EDGE_NAMES = ("edge_weight", "edge_time")


class EdgeValues:
    """Weights and times of the edges of the last batches, by edge number (``e_id``); numbers are never used again."""

    def __init__(self, none: Mapping[EdgeKind, LocalEdges]) -> None:
        """``none`` are no edges of every type, with the columns that it has."""
        self._none = none
        self._batches: OrderedDict[int, Mapping[EdgeKind, LocalEdges]] = OrderedDict()
        self._next = 0
        self._lock = threading.Lock()

    def add(self, edges: Mapping[EdgeKind, LocalEdges]) -> int:
        """Keep the values of one batch and return the number of the first edge of every type."""
        with self._lock:
            first, self._next = self._next, self._next + max(1, *map(len, (one.hop for one in edges.values())))
            self._batches[first] = edges
            while len(self._batches) > KEPT_BATCHES:
                self._batches.popitem(last=False)
            return first

    def get(self, kind: EdgeKind, numbers: IntArray) -> tuple[LocalEdges, IntArray]:
        """Return the edges of the batch that ``numbers`` (k,) are of, and their places in it."""
        if not len(numbers):
            return self._none[kind], numbers
        lowest = int(numbers.min())
        with self._lock:
            first = max((start for start in self._batches if start <= lowest), default=None)
            edges = self._none[kind] if first is None else self._batches[first][kind]
        if first is None or int(numbers.max()) - first >= len(edges.hop):
            raise StreamError(f"the edges {lowest} … of {kind} are of no batch of the last {KEPT_BATCHES}.")
        return edges, numbers - first

    def forget(self, numbers: torch.Tensor) -> None:
        """Drop the batch whose edges ``numbers`` (k,) are, if its first is among them."""
        with self._lock:
            self._batches.pop(int(numbers[0]) if len(numbers) else -1, None)


class Neo4jFeatureStore(FeatureStore):
    """Node features by node number, read through the cache, and edge values by edge number.

    Every node type has ``n_id``; where the schema names features also ``x`` (n, d) float32, 0 where a value is
    missing, and ``x_missing`` (n, d) bool. Edge types have ``edge_weight`` float32, NaN where missing, and
    ``edge_time`` int64 UTC milliseconds where the schema names them. Read-only.
    """

    def __init__(self, features: Mapping[str, NodeFeatures | None], values: EdgeValues) -> None:
        super().__init__()
        self._features, self._values = features, values

    def get_all_tensor_attrs(self) -> list[TensorAttr]:
        """What node types have; PyTorch Geometric's loaders ask for no more (see :meth:`add_edge_values`)."""
        names = {name: _NODE_NAMES if features else _NODE_NAMES[-1:] for name, features in self._features.items()}
        return [TensorAttr(group, name) for group, of_group in names.items() for name in of_group]

    def add_edge_values(self, batch: HeteroData) -> HeteroData:
        """Return ``batch`` with the weights and times of its edges: give this to a loader as ``transform``."""
        for kind in batch.edge_types:
            edges, places = self._values.get(kind, batch[kind].e_id.numpy())
            for name, value in _tensors(edges).items():
                batch[kind][name] = value[torch.from_numpy(places)]
        for kind in batch.edge_types:
            self._values.forget(batch[kind].e_id)
        return batch

    def _get_tensor(self, attr: TensorAttr) -> torch.Tensor:
        return self._multi_get_tensor([attr])[0]

    def _multi_get_tensor(self, attrs: list[TensorAttr]) -> list[torch.Tensor]:
        rows: dict[tuple[str, int], torch.Tensor] = {}
        made = []
        for attr in attrs:
            numbers = _numbers(attr)
            if attr.attr_name in _EDGE_NAMES:
                edges, places = self._values.get(attr.group_name, numbers)
                made.append(self._known(_tensors(edges), attr)[torch.from_numpy(places)])
                continue
            if attr.group_name not in self._features or attr.attr_name not in _NODE_NAMES:
                raise StreamError(f"{attr.group_name} has no {attr.attr_name!r}.")
            if attr.attr_name == "n_id":
                made.append(torch.from_numpy(numbers))
                continue
            features = self._features[attr.group_name]
            if features is None:
                raise StreamError(f"graphrec.toml names no features of {attr.group_name}.")
            # x and x_missing of one batch are one look into the cache.
            key = attr.group_name, id(attr.index)
            if key not in rows:
                rows[key] = torch.from_numpy(features.rows(numbers))
            made.append(rows[key].isnan() if attr.attr_name == "x_missing" else rows[key].nan_to_num(0.0))
        return made

    @staticmethod
    def _known(tensors: Mapping[str, torch.Tensor], attr: TensorAttr) -> torch.Tensor:
        if attr.attr_name not in tensors:
            raise StreamError(f"graphrec.toml names no {attr.attr_name.removeprefix('edge_')} of {attr.group_name}.")
        return tensors[attr.attr_name]

    def _get_tensor_size(self, attr: TensorAttr) -> None:
        raise StreamError(
            f"the nodes of {attr.group_name} have no rows 0 to n - 1 here: give a loader the numbers of its seeds "
            "(stream.numbers), or iterate over stream.node_batches()."
        )

    def _put_tensor(self, tensor: Any, attr: TensorAttr) -> bool:
        raise StreamError("a streamed graph is read-only; write to Neo4j with loaders.to_neo4j.")

    def _remove_tensor(self, attr: TensorAttr) -> bool:
        raise StreamError("a streamed graph is read-only.")


class Neo4jGraphStore(GraphStore):
    """The edge types of a graph whose edges are never here as a whole."""

    def __init__(self, kinds: list[EdgeKind]) -> None:
        super().__init__()
        self._kinds = kinds

    def get_all_edge_attrs(self) -> list[EdgeAttr]:
        """The edge types, each way round, without sizes: those would be taken for rows 0 to n - 1."""
        return [EdgeAttr(kind, "coo") for kind in self._kinds]

    def _get_edge_index(self, edge_attr: EdgeAttr) -> None:
        raise StreamError(
            f"the edges {edge_attr.edge_type} stay in Neo4j: sample them with stream.sampler, or read the whole graph "
            "with loaders.from_neo4j."
        )

    def _put_edge_index(self, edge_index: Any, edge_attr: EdgeAttr) -> bool:
        raise StreamError("a streamed graph is read-only; write to Neo4j with loaders.to_neo4j.")

    def _remove_edge_index(self, edge_attr: EdgeAttr) -> bool:
        raise StreamError("a streamed graph is read-only.")


def _tensors(edges: LocalEdges) -> dict[str, torch.Tensor]:
    made = {}
    if edges.weight is not None:
        made["edge_weight"] = torch.from_numpy(edges.weight.astype(np.float32))
    if edges.time is not None:
        made["edge_time"] = torch.from_numpy(edges.time)
    return made


def _numbers(attr: TensorAttr) -> IntArray:
    if isinstance(attr.index, torch.Tensor):
        return attr.index.numpy()
    if isinstance(attr.index, np.ndarray):
        return attr.index.astype(np.int64)
    raise StreamError(
        f"{attr.attr_name!r} of all {attr.group_name} is never here as a whole; ask by number (an index tensor)."
    )
