"""Whether a schema fits a database: one error that names what does not, and the nearest name that is there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import SchemaError, nearest
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import EdgeType, GraphSchema, NodeType, Place

_SAMPLE = 1_000
_ALIKE = 0.7


def check_schema(database: Database, schema: GraphSchema) -> list[str]:
    """Check names and keys; return sentences about what is declared and not there yet.

    Raises SchemaError for a label, type or property that is not there while one that is looks meant, for a graph
    without users or items, and for nodes whose key is missing, of the other type, or not unique.
    """
    notes = check_names(database, schema)
    for name, kind in schema.nodes.items():
        check_keys(database, name, kind)
    return notes


def check_names(database: Database, schema: GraphSchema) -> list[str]:
    """The part of :func:`check_schema` that looks at names, which takes milliseconds."""
    notes: list[str] = []
    there = database.read(statement("read/graph_names"))[0]
    labels, types = _labels(schema), _types(schema)
    for name in (schema.recommend_to, schema.recommend):
        label = schema.nodes[name].label
        if label not in there["labels"]:
            hint = nearest(label, set(there["labels"]) - labels.keys())
            raise SchemaError(
                f"the database has no node with the label {label!r} ({labels[label]} in graphrec.toml){hint}; "
                "load a graph first, or correct the label."
            )
    notes += _compare("node with the label", labels, there["labels"])
    notes += _compare("relationship of type", types, there["types"])
    for name, kind in schema.nodes.items():
        if kind.label in there["labels"]:
            notes += _check_node_properties(database, name, kind)
    for name, edge in schema.edges.items():
        if edge.type in there["types"]:
            notes += _check_edge_properties(database, schema, name, edge)
    return notes


def check_keys(database: Database, name: str, kind: NodeType) -> None:
    """Raise SchemaError if nodes of one type lack the key, or have one of the other type; reads every key."""
    found = database.read(statement("read/graph_keys", Naming.for_node(kind)))[0]
    if found["keys"] < found["nodes"]:
        raise SchemaError(
            f"{found['nodes'] - found['keys']} of {found['nodes']} nodes with the label {kind.label!r} have no "
            f"{kind.key!r}, the key of {name}: give them one, or name a key that all have in graphrec.toml."
        )
    right, other = ("strings", "integers") if kind.key_type == "string" else ("integers", "strings")
    if found[right] == found["nodes"]:
        return
    if found[other] == found["nodes"]:
        raise SchemaError(
            f"the keys {kind.key!r} of the nodes {kind.label!r} are {other}: set key_type = {other[:-1]!r} for {name} "
            "in graphrec.toml."
        )
    raise SchemaError(
        f"only {found[right]} of {found['nodes']} keys {kind.key!r} of the nodes {kind.label!r} are {right} "
        f"({found[other]} are {other}): make them all of one kind, and set key_type for {name} in graphrec.toml."
    )


def _labels(schema: GraphSchema) -> dict[str, str]:
    """Every label that the schema uses, with where."""
    used = {kind.label: f"nodes.{name}" for name, kind in schema.nodes.items()}
    return used | {edge.via.label: f"edges.{name}.via" for name, edge in schema.edges.items() if edge.via}


def _types(schema: GraphSchema) -> dict[str, str]:
    used: dict[str, str] = {}
    for name, edge in schema.edges.items():
        of_edge = (edge.via.first, edge.via.second) if edge.via else (edge.type or name,)
        used |= dict.fromkeys(of_edge, f"edges.{name}")
    return used


def _compare(what: str, used: dict[str, str], there: Iterable[str]) -> list[str]:
    """Sentences about the names that are not there; raises SchemaError where another looks meant."""
    unused = sorted(set(there) - used.keys())
    notes = []
    for name, where in used.items():
        if name in there:
            continue
        if _looks_like_one_of(name, unused):
            raise SchemaError(
                f"the database has no {what} {name!r} ({where} in graphrec.toml){nearest(name, unused)}; correct it."
            )
        notes.append(f"the database has no {what} {name!r} ({where} in graphrec.toml) yet.")
    return notes


def _looks_like_one_of(name: str, others: Iterable[str]) -> bool:
    return bool(get_close_matches(name.casefold(), [other.casefold() for other in others], n=1, cutoff=_ALIKE))


def _check_node_properties(database: Database, name: str, kind: NodeType) -> list[str]:
    used = [kind.key, *([kind.name] if kind.name else []), *kind.features, *kind.text]
    naming = Naming.for_node(kind)
    there = set(database.read(statement("read/graph_node_properties", naming), sample=_SAMPLE)[0]["names"])
    has = statement("read/graph_node_has", naming)
    there |= {one for one in used if one not in there and database.read(has, name=one)}
    if kind.key not in there:
        raise SchemaError(
            f"no node with the label {kind.label!r} has the key {kind.key!r} (nodes.{name} in graphrec.toml)"
            f"{nearest(kind.key, there)}; correct the key."
        )
    return _compare(f"{kind.label!r} with the property", dict.fromkeys(used, f"nodes.{name}"), there)


def _check_edge_properties(database: Database, schema: GraphSchema, name: str, edge: EdgeType) -> list[str]:
    places = [place for place in (edge.weight, edge.time) if place is not None and not isinstance(place, Place)]
    used = [*places, *edge.properties]
    naming = Naming.for_edge(schema, edge.model_copy(update={"directed": True}))
    there = set(database.read(statement("read/graph_edge_properties", naming), sample=_SAMPLE)[0]["names"])
    has = statement("read/graph_edge_has", naming)
    there |= {one for one in used if one not in there and database.read(has, name=one)}
    return _compare(f"{edge.type!r} with the property", dict.fromkeys(used, f"edges.{name}"), there)
