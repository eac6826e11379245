"""A snapshot as PyTorch Geometric takes it: ``HeteroData``, and the bipartite edge index of interactions."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from graphrec_neo4j.errors import MissingExtraError
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    import torch
    from torch_geometric.data import HeteroData


def to_hetero_data(snapshot: GraphSnapshot) -> HeteroData:
    """Return the whole typed graph, node rows and edge order as in the snapshot.

    Each node type has ``num_nodes``, isolated nodes counted; where it has features also ``x`` (n, d) float32,
    with 0 where a value is missing, and ``x_missing`` (n, d) bool, which tells that 0 from a real one. Each edge
    type ``(source, name, target)`` has ``edge_index`` (2, m) int64, its ``role``, and where the type has them
    ``edge_weight`` (m,) float32 (NaN where missing) and ``edge_time`` (m,) int64 UTC milliseconds
    (MISSING_TIME where missing). Ids, names, texts and extra properties stay in the snapshot, found by row.
    Raises MissingExtraError without torch.
    """
    torch, pyg = _torch_and_pyg()
    data = pyg.HeteroData()
    for name, nodes in snapshot.nodes.items():
        data[name].num_nodes = len(nodes)
        if nodes.features is not None:
            missing = np.isnan(nodes.features)
            data[name].x = torch.from_numpy(np.where(missing, 0.0, nodes.features).astype(np.float32))
            data[name].x_missing = torch.from_numpy(missing)
    for name, edges in snapshot.edges.items():
        kind = snapshot.schema.edges[name]
        store = data[kind.source, name, kind.target]
        store.edge_index = torch.from_numpy(np.stack([edges.source, edges.target]).astype(np.int64))
        store.role = snapshot.schema.roles[name]
        if edges.weight is not None:
            store.edge_weight = torch.from_numpy(edges.weight.astype(np.float32))
        if edges.time is not None:
            store.edge_time = torch.from_numpy(edges.time.copy())
    return data


def to_bipartite(snapshot: GraphSnapshot, *, symmetric: bool = False) -> torch.Tensor:
    """Return all positive interactions as an edge index (2, m) int64, ordered by user, then item.

    Users are nodes 0..n_users-1 and items n_users..n_users+n_items-1, also where both are of one type, so that
    each person is then two nodes. ``symmetric`` appends every edge turned round: (2, 2m). Raises
    MissingExtraError without torch.
    """
    torch, _ = _torch_and_pyg()
    pairs = snapshot.interactions.tocoo()
    forward = np.stack([pairs.row.astype(np.int64), pairs.col.astype(np.int64) + len(snapshot.users)])
    return torch.from_numpy(np.concatenate([forward, forward[::-1]], axis=1) if symmetric else forward)


def _torch_and_pyg() -> tuple[ModuleType, ModuleType]:
    try:
        import torch
        import torch_geometric.data
    except ImportError as error:
        raise MissingExtraError("to_pyg", "gnn") from error
    return torch, torch_geometric.data
