"""Uniqueness of business keys in the database: what makes MERGE exact and fast, and reading in pages cheap.

The constraints that we make are called ``graphrec_key_…``. They guard the user's graph, not our results, so
``forget`` leaves them.
"""

from __future__ import annotations

import hashlib
import re

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import DatabaseError, SchemaError
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import GraphSchema, NodeType

CONSTRAINT_PREFIX = "graphrec_key_"

_WAIT_SECONDS = 600


def unindexed(database: Database, schema: GraphSchema) -> list[str]:
    """The node types whose business key no constraint and no range index covers, in the schema's order."""
    covered = {(row["label"], row["property"]) for row in database.read(statement("read/graph_indexes"))}
    return [name for name, node in schema.nodes.items() if (node.label, node.key) not in covered]


def create_keys(database: Database, schema: GraphSchema) -> list[str]:
    """Make the keys unique that nothing indexes yet, and return the names of the constraints made.

    An index or constraint of the user's own is used as it is. Raises SchemaError where keys are not unique.
    """
    missing = dict.fromkeys((schema.nodes[name].label, name) for name in unindexed(database, schema))
    made = [_create(database, schema.nodes[name]) for _, name in missing]
    if made:
        database.command(statement("schema/graph_await"), seconds=_WAIT_SECONDS)
    return made


def constraint_name(node: NodeType) -> str:
    """The name of our constraint on the key of a node type: readable, plain, and different for every pair."""
    readable = re.sub(r"[^A-Za-z0-9_]", "_", node.label)[:40]
    digest = hashlib.blake2b(f"{node.label}\0{node.key}".encode(), digest_size=4).hexdigest()
    return f"{CONSTRAINT_PREFIX}{readable}_{digest}"


def _create(database: Database, node: NodeType) -> str:
    name = constraint_name(node)
    try:
        database.command(statement("schema/graph_key", Naming.for_node(node)), name=name)
    except DatabaseError as error:
        if "ConstraintCreationFailed" not in str(error):
            raise
        raise SchemaError(
            f"the key {node.key!r} of the nodes {node.label!r} is not unique, so nothing was changed; "
            "make it unique or name another key in graphrec.toml."
        ) from error
    return name
