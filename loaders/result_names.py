"""Before results are written: every name that they will take is free or ours, and keys are quick to find."""

from __future__ import annotations

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.queries import statement
from graphrec_neo4j.runs import all_runs, pointer
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.slots import SLOTS, item_properties, user_properties
from loaders.keys import unindexed


def check_ready(database: Database, schema: GraphSchema) -> None:
    """Raise PublishError if publishing under ``schema`` would touch what is not ours, or would take for ever.

    Reads only; worth calling before anything is learnt.
    """
    _check_keys(database, schema)
    _check_types_are_free(schema)
    _check_relationships(database, schema)
    if pointer(database).next_run is None:
        _check_properties(database, schema, Naming.of(schema))
    _check_indexes(database)


def _check_keys(database: Database, schema: GraphSchema) -> None:
    bare = set(unindexed(database, schema))
    for name in (schema.recommend_to, schema.recommend):
        if name in bare:
            node = schema.nodes[name]
            raise PublishError(
                f"no constraint or index covers {node.key!r} of the nodes {node.label!r}, so each write would search "
                "all of them; run graphrec-neo4j init --yes to create it."
            )


def _check_types_are_free(schema: GraphSchema) -> None:
    for entry, kind in _types(schema):
        for name, edge in schema.edges.items():
            if kind in (edge.type, *((edge.via.first, edge.via.second) if edge.via else ())):
                raise PublishError(
                    f"edges.{name} is stored as {kind!r}, a type of the published relationships; "
                    f'name another for them in graphrec.toml: [results] {entry} = "...".'
                )


def _check_relationships(database: Database, schema: GraphSchema) -> None:
    known = {kind for run in all_runs(database) for kind in run.schema.results.types}
    for entry, kind in _types(schema):
        foreign = statement("read/results_foreign_relationship", Naming.for_result(kind))
        if database.read(foreign, any=kind not in known)[0]["foreign"]:
            raise PublishError(
                f"there are {kind!r} relationships that graphrec-neo4j did not make; nothing was written. "
                f'Name another type in graphrec.toml: [results] {entry} = "...".'
            )


def _types(schema: GraphSchema) -> tuple[tuple[str, str], ...]:
    """The published relationship types, by their entries in graphrec.toml."""
    return ("recommended", schema.results.recommended), ("similar", schema.results.similar)


def _check_properties(database: Database, schema: GraphSchema, naming: Naming) -> None:
    for query, label, properties in (
        ("read/results_foreign_users", schema.nodes[schema.recommend_to].label, user_properties),
        ("read/results_foreign_items", schema.nodes[schema.recommend].label, item_properties),
    ):
        names = [name for slot in SLOTS for name in properties(slot).values()]
        if database.read(statement(query, naming), names=names)[0]["foreign"]:
            raise PublishError(
                f"nodes {label!r} have properties called as ours (graphrec_...), and no run of ours made them; "
                "nothing was written. Rename or remove them."
            )


def _check_indexes(database: Database) -> None:
    for row in database.read(statement("read/results_indexes")):
        if row["properties"] != [row["name"]]:
            raise PublishError(
                f"the index {row['name']!r} is called as ours and indexes something else; nothing was written. "
                "Drop it or create it under another name."
            )
