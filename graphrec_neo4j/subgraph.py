"""An explanation's paths as a py2neo ``Subgraph``: the only file that imports py2neo, and it reads nothing with it.

py2neo's own nodes are equal where their internal ids are; these are equal where their business ids are, so that
set operations hold between explanations, sessions and copies of a database.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import py2neo

from graphrec_neo4j.picture.paths import PathGraph, PathNode
from graphrec_neo4j.schema import GraphSchema

if TYPE_CHECKING:
    import pandas

warnings.warn(
    "py2neo is at the end of its life: nobody mends it any more. to_networkx() and to_data_frame() do without it.",
    FutureWarning,
    stacklevel=2,
)


class BusinessNode(py2neo.Node):
    """A node that equals every node of the same type and key; ``node`` is what is known of it."""

    def __init__(self, node: PathNode, schema: GraphSchema) -> None:
        kind = schema.nodes.get(node.type)
        labels = (kind.label,) if kind else tuple(node.type.split(":"))
        named = {kind.key: node.key} if kind and node.named else {}
        if kind and kind.name and node.named:
            named[kind.name] = node.name
        self.node = node  # before py2neo puts this node into a set
        super().__init__(*labels, **named)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BusinessNode) and self.node.identity == other.node.identity

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.node.identity)


class ExplanationSubgraph(py2neo.Subgraph):
    """A ``Subgraph`` whose set operations give one of its own kind, and that becomes a data frame."""

    def __or__(self, other: py2neo.Subgraph) -> ExplanationSubgraph:
        return _own(super().__or__(other))

    def __and__(self, other: py2neo.Subgraph) -> ExplanationSubgraph:
        return _own(super().__and__(other))

    def __sub__(self, other: py2neo.Subgraph) -> ExplanationSubgraph:
        return _own(super().__sub__(other))

    def __xor__(self, other: py2neo.Subgraph) -> ExplanationSubgraph:
        return _own(super().__xor__(other))

    def to_data_frame(self) -> pandas.DataFrame:
        """Return one row a relationship, in order of its ends; needs pandas."""
        from pandas import DataFrame

        columns = ["source_type", "source", "source_name", "relationship", "target_type", "target", "target_name"]
        rows = [(*_told(edge.start_node), type(edge).__name__, *_told(edge.end_node)) for edge in self.relationships]
        return DataFrame(sorted(rows, key=str), columns=columns)


def subgraph_of(graph: PathGraph, schema: GraphSchema) -> ExplanationSubgraph:
    """Return the nodes and steps of ``graph``, in the labels and properties of ``schema``."""
    nodes = [BusinessNode(node, schema) for node in graph.nodes]
    steps = [py2neo.Relationship(nodes[step.source], step.type, nodes[step.target]) for step in graph.steps]
    return ExplanationSubgraph(nodes, steps)


def _own(subgraph: py2neo.Subgraph) -> ExplanationSubgraph:
    return ExplanationSubgraph(subgraph.nodes, subgraph.relationships)


def _told(end: Any) -> tuple[Any, ...]:
    return end.node.type, end.node.key, end.node.name
