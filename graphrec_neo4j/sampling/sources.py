"""A :class:`SamplingGraph` from what PyTorch Geometric holds: ``Data``, ``HeteroData``, or a pair of stores."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor
from torch_geometric.data import Data, HeteroData, remote_backend_utils

from graphrec_neo4j.errors import SnapshotError
from graphrec_neo4j.sampling.graph import (
    ONLY_EDGES,
    ONLY_NODES,
    EdgeColumns,
    EdgeType,
    Floats,
    Int64s,
    SamplingGraph,
)


def sampling_graph(data: Any, weight_attr: str | None = None, time_attr: str | None = None) -> SamplingGraph:
    """Return the graph of ``data``, edges numbered as in its ``edge_index``.

    ``data`` is a ``Data``, a ``HeteroData`` or a pair (``FeatureStore``, ``GraphStore``). ``weight_attr`` and
    ``time_attr`` name (m,) edge attributes; an edge type without them is unweighted, or timeless. Raises
    SnapshotError if no edge type has the attribute, or if it does not fit.
    """
    if isinstance(data, Data):
        num_nodes, edges = {ONLY_NODES: int(data.num_nodes or 0)}, {ONLY_EDGES: data}
    elif isinstance(data, HeteroData):
        num_nodes = {kind: int(data[kind].num_nodes or 0) for kind in data.node_types}
        edges = {kind: data[kind] for kind in data.edge_types}
    else:
        return _from_stores(data[0], data[1], weight_attr, time_attr)
    columns = {kind: _columns(store, kind, weight_attr, time_attr) for kind, store in edges.items()}
    _check_found(columns, weight_attr, time_attr)
    return SamplingGraph.build(num_nodes, columns, isinstance(data, HeteroData))


def _columns(store: Any, kind: EdgeType, weight_attr: str | None, time_attr: str | None) -> EdgeColumns:
    if "edge_index" not in store:
        raise SnapshotError(f"edge type {kind} has no edge_index; samplers read edges from there.")
    weight = store[weight_attr] if weight_attr and weight_attr in store else None
    time = store[time_attr] if time_attr and time_attr in store else None
    return _as_columns(store["edge_index"][0], store["edge_index"][1], weight, time, kind)


def _as_columns(source: Tensor, target: Tensor, weight: Tensor | None, time: Tensor | None, kind: Any) -> EdgeColumns:
    for name, column in (("weight", weight), ("time", time)):
        if column is not None and column.shape != source.shape:
            raise SnapshotError(f"the {name}s of {kind} are of shape {tuple(column.shape)}, not one for each edge.")
    if time is not None and time.is_floating_point():
        raise SnapshotError(f"the times of {kind} are not integers, so before and after would depend on rounding.")
    return EdgeColumns(
        _integers(source),
        _integers(target),
        None if weight is None else _floats(weight),
        None if time is None else _integers(time),
    )


def _integers(values: Tensor) -> Int64s:
    return values.detach().cpu().numpy().astype(np.int64, copy=False)


def _floats(values: Tensor) -> Floats:
    return values.detach().cpu().numpy().astype(np.float64, copy=False)


def _from_stores(features: Any, graph: Any, weight_attr: str | None, time_attr: str | None) -> SamplingGraph:
    kinds = {attr.edge_type: attr for attr in graph.get_all_edge_attrs()}
    held = {(attr.group_name, attr.attr_name) for attr in features.get_all_tensor_attrs()}
    if None in kinds:
        raise SnapshotError("the graph store has edges without a type; samplers read typed stores, or a Data.")
    sources, targets, _ = graph.coo()

    def attribute(kind: Any, name: str | None) -> Tensor | None:
        found = name is not None and (kind, name) in held
        return features.get_tensor(group_name=kind, attr_name=name, index=None) if found else None

    columns = {
        kind: _as_columns(sources[kind], targets[kind], attribute(kind, weight_attr), attribute(kind, time_attr), kind)
        for kind in kinds
    }
    _check_found(columns, weight_attr, time_attr)
    ends = dict.fromkeys([kind[0] for kind in kinds] + [kind[2] for kind in kinds])
    ends |= dict.fromkeys(group for group, _ in held if isinstance(group, str))
    num_nodes = {end: remote_backend_utils.num_nodes(features, graph, end) for end in ends}
    return SamplingGraph.build(num_nodes, columns, is_typed=True)


def _check_found(columns: dict[EdgeType, EdgeColumns], weight_attr: str | None, time_attr: str | None) -> None:
    for name, found in (
        (weight_attr, any(one.weight is not None for one in columns.values())),
        (time_attr, any(one.time is not None for one in columns.values())),
    ):
        if name is not None and not found:
            raise SnapshotError(f"no edge type has the attribute {name!r}.")
