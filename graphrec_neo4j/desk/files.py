"""``desk_files``: style, favourites and guide for one published graph, from what is in the database."""

from __future__ import annotations

from dataclasses import dataclass

from graphrec_neo4j.asking import item_key, name_of, user_key
from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.desk.favourites import favourites
from graphrec_neo4j.desk.guide import Example, guide
from graphrec_neo4j.desk.style import style
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import GraphSchema

_SAMPLE = 1000


@dataclass(frozen=True)
class Desk:
    """What a desk consists of, before it is known where the helper serves it."""

    schema: GraphSchema
    example: Example
    labels: dict[str, str]

    def files(self, address: str) -> dict[str, bytes]:
        """Return every file by name; the guide takes the style from ``address``."""
        return {
            "guide.html": guide(self.schema, self.example, address).encode(),
            "style.grass": style(self.schema, self.labels).encode(),
            "favourites.zip": favourites(self.schema),
        }


def desk_files(database: Database, schema: GraphSchema, user: str | None, item: str | None) -> Desk:
    """Look up whom the guide is to speak about and which labels occur.

    Without ``user``, the first one who has a list; without ``item``, the best of her list. Raises UnknownIdError for
    who or what is not there, and PublishError where nothing is published for her.
    """
    return Desk(schema, _example(database, schema, user, item), _labels(database, schema))


def _example(database: Database, schema: GraphSchema, user: str | None, item: str | None) -> Example:
    key = user_key(schema, user) if user is not None else _first_user(database, schema)
    name = name_of(database, schema, schema.recommend_to, key)
    listed = [row["item"] for row in database.read(statement("recommend/top_items", schema), user_id=key, k=20)]
    if not listed and item is None:
        raise PublishError(f"no list is published for {schema.recommend_to} {key!r}; name another user, or sync first.")
    best = item_key(schema, item) if item is not None else listed[0]
    title = name_of(database, schema, schema.recommend, best)
    near = database.read(statement("explain/taste_table", schema), user_id=key, k=1)
    other, other_name = (near[0]["user"], near[0]["name"]) if near else (None, "")
    popular = database.read(statement("recommend/popular", schema), user_id=key, k=100)
    absent = ((row["item"], row["title"]) for row in popular if row["item"] not in (*listed, best))
    unlisted, unlisted_title = next(absent, (None, ""))
    category = _category(database, schema, key, best)
    return Example(key, best, name, title, other, other_name, unlisted, unlisted_title, category)


def _category(database: Database, schema: GraphSchema, user: Key, item: Key) -> Key | None:
    """A category of the item that the user's choices are in, too."""
    if not Naming.of(schema).edges["IN_CATEGORY"]:
        return None
    drawn = database.paths(statement("explain/paths_by_category", schema), user_id=user, item_id=item)
    kinds = Naming.of(schema).nodes["Category"]
    return next(
        (node[kind.key] for row in drawn for node in row["path"].nodes for kind in kinds if kind.label in node.labels),
        None,
    )


def _first_user(database: Database, schema: GraphSchema) -> Key:
    drawn = database.paths(statement("explain/overview", schema), k=1)
    if not drawn:
        raise PublishError("no recommendation is drawn in this database: name a user, or run graphrec-neo4j sync.")
    key: Key = drawn[0]["path"].start_node[schema.nodes[schema.recommend_to].key]
    return key


def _labels(database: Database, schema: GraphSchema) -> dict[str, str]:
    """Every label beside those of the schema that its first nodes have, with the node type that it stands beside."""
    declared = {node.label for node in schema.nodes.values()}
    found: dict[str, str] = {}
    for name, node in schema.nodes.items():
        rows = database.read(statement("read/graph_node_labels", Naming.for_node(node)), sample=_SAMPLE)
        found |= {row["label"]: name for row in rows if row["label"] not in declared}
    return found
