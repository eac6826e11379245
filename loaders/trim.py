"""A schema of our own making, cut down to what the files had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes
from loaders.loaded import LoadedGraph


def trimmed(loaded: LoadedGraph) -> LoadedGraph:
    """Return the same graph without display names, weights and times that no node or edge has.

    So the schema asks the database for nothing that is not there.
    """
    snapshot = loaded.snapshot
    schema: dict[str, Any] = snapshot.schema.model_dump(by_alias=True)
    nodes = {name: _without_names(nodes, schema["nodes"][name]) for name, nodes in snapshot.nodes.items()}
    edges = {name: _without_columns(edges, schema["edges"][name]) for name, edges in snapshot.edges.items()}
    return replace(loaded, snapshot=GraphSnapshot(GraphSchema.model_validate(schema), nodes, edges))


def _without_names(nodes: Nodes, kind: dict[str, Any]) -> Nodes:
    if nodes.names is None or any(name is not None for name in nodes.names):
        return nodes
    kind["name"] = None
    return replace(nodes, names=None)


def _without_columns(edges: Edges, kind: dict[str, Any]) -> Edges:
    if edges.weight is not None and np.isnan(edges.weight).all():
        kind["weight"] = None
        edges = replace(edges, weight=None)
    if edges.time is not None and (edges.time == MISSING_TIME).all():
        kind["time"] = None
        kind["time_unit"] = "ms"
        edges = replace(edges, time=None)
    return edges
