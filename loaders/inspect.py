"""What a database holds: labels, relationship types, and a bounded sample of their properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import EdgeType, GraphSchema, NodeType

SAMPLE = 2_000
OUR_PREFIXES = ("GraphRec", "graphrec_")

_EXAMPLES = 100
_OURS = {"rank", "score", "run"}


@dataclass(frozen=True)
class PropertyFacts:
    """One property in a sample: how many have it, how many different values, of which kinds, with examples."""

    name: str
    there: int
    distinct: int
    kinds: frozenset[str]
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True)
class LabelFacts:
    """One label: how many nodes, how many were sampled, their properties, and those that are unique or indexed."""

    label: str
    nodes: int
    sampled: int
    properties: Mapping[str, PropertyFacts] = field(default_factory=dict)
    unique: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RelationshipFacts:
    """The relationships of one type from one label to another; ``edges`` is how many there are at most."""

    source: str
    type: str
    target: str
    edges: int
    sampled: int
    properties: Mapping[str, PropertyFacts] = field(default_factory=dict)


@dataclass(frozen=True)
class DatabaseFacts:
    """Everything that a proposal is made from."""

    labels: Mapping[str, LabelFacts]
    relationships: tuple[RelationshipFacts, ...]


def inspect_database(database: Database, *, progress: Progress = silent) -> DatabaseFacts:
    """Look at a database without changing it; what this package itself has written there is left out."""
    names = database.read(statement("read/graph_names"))[0]
    ours = tuple(label for label in sorted(names["labels"]) if not label.startswith(OUR_PREFIXES))
    unique = {
        (row["label"], row["property"]) for row in database.read(statement("read/graph_indexes")) if row["unique"]
    }
    labels: dict[str, LabelFacts] = {}
    for number, label in enumerate(ours, start=1):
        found = _label(database, label, frozenset(name for of, name in unique if of == label))
        if found.nodes:
            labels[label] = found
        progress("looking at labels", number, len(ours))
    labels = _without_subsets(database, labels)
    relationships: list[RelationshipFacts] = []
    for number, kind in enumerate(sorted(names["types"]), start=1):
        relationships += _relationships(database, kind, labels)
        progress("looking at relationships", number, len(names["types"]))
    return DatabaseFacts(labels, tuple(found for found in relationships if not found.properties.keys() >= _OURS))


def _label(database: Database, label: str, unique: frozenset[str]) -> LabelFacts:
    naming = Naming.for_node(NodeType(label=label))
    nodes = database.read(statement("read/graph_count", naming))[0]["nodes"]
    rows = database.read(statement("read/graph_node_facts", naming), sample=SAMPLE, examples=_EXAMPLES)
    return LabelFacts(label, nodes, min(nodes, SAMPLE), _properties(rows), unique)


def _without_subsets(database: Database, labels: dict[str, LabelFacts]) -> dict[str, LabelFacts]:
    """Leave out a label whose nodes all carry a wider one too; of two for the same nodes, the later in the alphabet."""
    kept = dict(labels)
    for label in sorted(sorted(labels, reverse=True), key=lambda name: labels[name].nodes):
        naming = Naming.for_node(NodeType(label=label))
        rows = database.read(statement("read/graph_node_labels", naming), sample=SAMPLE)
        shared = {row["label"] for row in rows if row["nodes"] == labels[label].sampled}
        if any(other != label and other in kept for other in shared):
            del kept[label]
    return kept


def _relationships(database: Database, kind: str, labels: Mapping[str, LabelFacts]) -> list[RelationshipFacts]:
    outgoing: dict[str, int] = {}
    incoming: dict[str, int] = {}
    for label in labels:
        ends = database.read(statement("read/graph_edge_ends", _naming(label, kind, label)))[0]
        outgoing |= {label: ends["outgoing"]} if ends["outgoing"] else {}
        incoming |= {label: ends["incoming"]} if ends["incoming"] else {}
    found = []
    for source, there in outgoing.items():
        for target, back in incoming.items():
            naming = _naming(source, kind, target)
            sampled = database.read(statement("read/graph_edge_sample", naming), sample=SAMPLE)[0]["edges"]
            if sampled:
                edges = sampled if sampled < SAMPLE else min(there, back)
                rows = database.read(statement("read/graph_edge_facts", naming), sample=SAMPLE, examples=_EXAMPLES)
                found.append(RelationshipFacts(source, kind, target, edges, sampled, _properties(rows)))
    return found


def _naming(source: str, kind: str, target: str) -> Naming:
    edge = EdgeType.model_validate({"from": source, "to": target, "type": kind})
    nodes = {label: NodeType(label=label) for label in (source, target)}
    schema = GraphSchema(recommend_to=source, recommend=target, nodes=nodes, edges={"edge": edge})
    return Naming.for_edge(schema, edge)


def _properties(rows: list[dict[str, Any]]) -> dict[str, PropertyFacts]:
    return {
        row["name"]: PropertyFacts(
            row["name"], row["there"], row["distinct"], frozenset(row["kinds"]), tuple(row["examples"])
        )
        for row in rows
        if not row["name"].startswith(OUR_PREFIXES)
    }
