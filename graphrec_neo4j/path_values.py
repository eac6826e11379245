"""What Cypher gives back, as plain values in business ids: nodes, relationships and paths without our properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphrec_neo4j.schema import GraphSchema, NodeType

_OURS = "graphrec_"


class PlainValues:
    """Turns values of the driver into plain ones, and paths into words, under one schema."""

    def __init__(self, schema: GraphSchema) -> None:
        self._types: dict[str, NodeType] = {}
        for node in schema.nodes.values():
            self._types.setdefault(node.label, node)

    def plain(self, value: Any) -> Any:
        """Return ``value`` with every graph value in it as maps and lists that JSON can hold."""
        if hasattr(value, "relationships"):
            return {
                "nodes": [self.plain(node) for node in value.nodes],
                "relationships": [self.plain(step) for step in value.relationships],
            }
        if hasattr(value, "labels"):
            kind = self._type(value.labels)
            named = {"id": value.get(kind.key), "name": self._name(value)} if kind else _without_ours(value)
            return {"labels": sorted(value.labels), **named}
        if hasattr(value, "type") and hasattr(value, "start_node"):
            return {"type": value.type, **_without_ours(value)}
        if isinstance(value, Mapping):
            return {name: self.plain(part) for name, part in value.items()}
        return [self.plain(part) for part in value] if isinstance(value, list) else value

    def words(self, value: Any) -> Any:
        """Return a path as one line, ``Ann -[FOLLOWS]-> Bob <-[FOLLOWS]- Cy``, and any other value as it is."""
        if not hasattr(value, "relationships"):
            return value
        line = self._name(value.nodes[0])
        for step, before, after in zip(value.relationships, value.nodes, value.nodes[1:], strict=False):
            arrow = f"-[{step.type}]->" if step.start_node == before else f"<-[{step.type}]-"
            line += f" {arrow} {self._name(after)}"
        return line

    def _type(self, labels: Iterable[str]) -> NodeType | None:
        return next((self._types[label] for label in sorted(labels) if label in self._types), None)

    def _name(self, node: Any) -> str:
        kind = self._type(node.labels)
        if kind is None:
            return ":".join(sorted(node.labels)) or "node"
        name = node.get(kind.name) if kind.name else None
        return str(node.get(kind.key) if name is None else name)


def _without_ours(properties: Any) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if not name.startswith(_OURS)}
