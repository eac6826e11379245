"""A snapshot as a typed networkx multigraph, for notebooks and small graphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from graphrec_neo4j.errors import MissingExtraError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.schema import NodeType
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes

if TYPE_CHECKING:
    import networkx

NodeKey = tuple[str, Key]


def to_networkx(snapshot: GraphSnapshot) -> networkx.MultiDiGraph:
    """Return every node and edge of ``snapshot``, isolated nodes too.

    A node is ``(type, business id)`` with the attributes ``type``, ``name``, ``features`` and ``texts`` (each a
    dictionary by property); an edge's key is its edge type, with the attributes ``weight``, ``time`` (UTC
    milliseconds) and ``properties``. A value that is missing is left out. An edge type that has no direction
    keeps the one it is stored in. Meant for notebooks: it takes about a kilobyte an edge. Raises
    MissingExtraError without networkx.
    """
    try:
        from networkx import MultiDiGraph
    except ImportError as error:
        raise MissingExtraError("to_networkx", "notebook") from error
    graph = MultiDiGraph()
    for name, nodes in snapshot.nodes.items():
        graph.add_nodes_from(_nodes(name, nodes, snapshot.schema.nodes[name]))
    for name, edges in snapshot.edges.items():
        kind = snapshot.schema.edges[name]
        ends = [(end, snapshot.nodes[end].ids.keys) for end in (kind.source, kind.target)]
        (source_type, sources), (target_type, targets) = ends
        for source, target, attributes in _edges(edges):
            graph.add_edge((source_type, sources[source]), (target_type, targets[target]), key=name, **attributes)
    return graph


def _nodes(name: str, nodes: Nodes, kind: NodeType) -> Iterator[tuple[NodeKey, dict[str, Any]]]:
    features = _rows(dict(zip(kind.features, () if nodes.features is None else nodes.features.T, strict=False)))
    texts = _rows(nodes.texts)
    names = _rows({} if nodes.names is None else {"name": nodes.names})
    for key in nodes.ids.keys:
        yield (name, key), {"type": name, **next(names), "features": next(features), "texts": next(texts)}


def _edges(edges: Edges) -> Iterator[tuple[int, int, dict[str, Any]]]:
    own = {"weight": edges.weight, "time": edges.time}
    values = _rows({label: column for label, column in own.items() if column is not None})
    properties = _rows(edges.properties)
    for source, target in zip(edges.source.tolist(), edges.target.tolist(), strict=True):
        yield source, target, {**next(values), "properties": next(properties)}


def _rows(columns: Mapping[str, npt.NDArray]) -> Iterator[dict[str, Any]]:
    """One dictionary a row, without what is missing; empty ones without end where there are no columns."""
    if not columns:
        return ({} for _ in count())
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    return ({label: value for label, value in zip(columns, row, strict=True) if _is_there(value)} for row in values)


def _is_there(value: Any) -> bool:
    return value is not None and value == value and value != MISSING_TIME
