"""Questions to what is published, for the command line: lists, neighbours, reasons, any file of ``cypher/``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphrec_neo4j.browser_link import all_paths, browser_url, one_file
from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import DatabaseError, QueryFileError, UnknownIdError, nearest
from graphrec_neo4j.explain.stored import Described, decode
from graphrec_neo4j.explain.words import paragraph, sentence
from graphrec_neo4j.ids import Key, KeyType, parse_key
from graphrec_neo4j.path_values import PlainValues
from graphrec_neo4j.queries import CypherQuery, Parameter, load_query, query_names, statement
from graphrec_neo4j.schema import GraphSchema

ROOMS = ("recommend", "explain")
_DRAWN = 25


@dataclass(frozen=True)
class Answer:
    """Rows, and what a person should be told beside them."""

    rows: list[dict[str, Any]]
    note: str = ""


@dataclass(frozen=True)
class Explained:
    """One pair explained: ``described`` speaks about ``title``; ``note`` says where it comes from if not stored.

    ``seen`` and ``seen_since`` say whether the user has the item already, and since when, as :func:`first_seen` does.
    """

    user: Key
    item: Key
    title: str
    described: Described
    browser: str | None
    seen: bool
    seen_since: str | None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the value of ``explain --json``."""
        told = self.described
        contributions = [
            {
                "share": told.share(reason),
                "score": reason.score,
                "text": reason.text(self.title),
                "path": reason.path(self.title),
                "kind": reason.kind,
            }
            for reason in told.reasons
        ]
        named = {"user": self.user, "item": self.item, "score": told.score, "exact": told.exact}
        words = {"short": sentence(told, self.title), "long": paragraph(told, self.title)}
        known = {"seen": self.seen, "seen_since": self.seen_since}
        parts = {"contributions": contributions, "other": told.other}
        return {**named, **known, **words, **parts, "browser": self.browser}


def user_key(schema: GraphSchema, text: str) -> Key:
    """Turn an argument into the key of a user; raises UnknownIdError if it cannot be one."""
    return parse_key(text, schema.nodes[schema.recommend_to].key_type, schema.recommend_to)


def item_key(schema: GraphSchema, text: str) -> Key:
    """Turn an argument into the key of an item; raises UnknownIdError if it cannot be one."""
    return parse_key(text, schema.nodes[schema.recommend].key_type, schema.recommend)


def recommend(database: Database, schema: GraphSchema, user: Key, k: int) -> Answer:
    """The published list of ``user``; for one who arrived after the last sync, a list from her own edges.

    Raises UnknownIdError for a user who is not there.
    """
    rows = database.read(statement("recommend/top_items", schema), user_id=user, k=k)
    if rows:
        short = f"only {len(rows)} items are published for {schema.recommend_to} {user!r}, so {k} cannot be shown."
        return Answer(rows, short if len(rows) < k else "")
    name_of(database, schema, schema.recommend_to, user)
    rows = database.read(statement("recommend/newcomer_items", schema), user_id=user, k=k)
    arrived = f"{schema.recommend_to} {user!r} arrived after the last sync"
    return Answer(rows, f"{arrived}: these come from the graph as it is now, without a published list.")


def similar(database: Database, schema: GraphSchema, item: Key, k: int) -> Answer:
    """The items nearest to ``item``: in the published item graph if it is in one, else by published vectors.

    Raises UnknownIdError for an item that is not there.
    """
    rows = database.read(statement("recommend/similar_in_graph", schema), item_id=item, k=k)
    if rows:
        short = f"only {len(rows)} neighbours are published for {schema.recommend} {item!r}, so {k} cannot be shown."
        return Answer(rows, short if len(rows) < k else "")
    rows = database.read(statement("recommend/similar_items", schema), item_id=item, k=k)
    if rows:
        return Answer(rows)
    name_of(database, schema, schema.recommend, item)
    why = "nobody had chosen it at the last sync, or it arrived after it"
    return Answer([], f"{schema.recommend} {item!r} has no published vector: {why}.")


def explain(database: Database, schema: GraphSchema, user: Key, item: Key) -> Explained:
    """Why ``item`` has its score for ``user``: as stored with the published list, else from the fitted model.

    Raises UnknownIdError for a user or an item that is not there.
    """
    browser = browser_url(database, all_paths(schema, user, item))
    seen = first_seen(database, schema, user, item)
    rows = database.read(statement("explain/stored_why", schema), user_id=user, item_id=item)
    if rows:
        return Explained(user, item, rows[0]["title"], decode(rows[0]["why"], schema), browser, *seen)
    name_of(database, schema, schema.recommend_to, user)
    title = name_of(database, schema, schema.recommend, item)
    from graphrec_neo4j.answers import explain_pair

    described, fitted = explain_pair(database, user, item)
    source = "the model was fitted again for this answer" if fitted else "the model of the last sync was asked"
    return Explained(user, item, title, described, browser, *seen, f"not in the published list, so {source}.")


def first_seen(database: Database, schema: GraphSchema, user: Key, item: Key) -> tuple[bool, str | None]:
    """Whether ``user`` has ``item`` at this moment, as its edges say that keep it out of her list, and since when.

    The time, of the first such edge, is ISO 8601 in UTC; None where none is known.
    """
    found = []
    for name, edge in schema.edges.items():
        if schema.excludes(name):
            source, target = (user, item) if edge.source == schema.recommend_to else (item, user)
            between = statement("read/edges_between", Naming.for_edge(schema, edge))
            found.append((database.read(between, source=source, target=target)[0], edge.time_unit))
    if not any(row["times"] for row, _ in found):
        return any(row["edges"] for row, _ in found), None
    from loaders.stored_times import earliest

    return True, earliest((row["times"], unit) for row, unit in found)


def browser_page(database: Database, schema: GraphSchema, user: str | None, item: str | None) -> str:
    """The link to some recommendations, to a user's list, or to the paths from her to an item.

    Raises UnknownIdError for who or what is not there, and DatabaseError where the server has no Browser.
    """
    if user is None:
        cypher = one_file("explain/overview", schema, k=_DRAWN)
    elif item is None:
        name_of(database, schema, schema.recommend_to, key := user_key(schema, user))
        cypher = one_file("explain/user_list", schema, user_id=key)
    else:
        name_of(database, schema, schema.recommend_to, key := user_key(schema, user))
        name_of(database, schema, schema.recommend, other := item_key(schema, item))
        cypher = all_paths(schema, key, other)
    url = browser_url(database, cypher)
    if url is None:
        raise DatabaseError(
            f"{database.connection.uri} serves no Neo4j Browser that is known; run this in one:\n{cypher}"
        )
    return url


def guide_page(database: Database, address: str) -> str:
    """The link that opens the guide at ``address``; raises DatabaseError where the server has no Browser."""
    url = browser_url(database, address, "guide")
    if url is None:
        raise DatabaseError(
            f"{database.connection.uri} serves no Neo4j Browser that is known; in one, :guide {address}"
        )
    return url


def name_of(database: Database, schema: GraphSchema, type_name: str, key: Key) -> str:
    """The display name of one node; raises UnknownIdError if there is none with that key."""
    named = statement("read/node_name", Naming.for_node(schema.nodes[type_name]))
    rows = database.read(named, key=key)
    if not rows:
        raise UnknownIdError(f"there is no {type_name} with id {key!r} in the database.")
    return str(rows[0]["name"])


def askable() -> list[CypherQuery]:
    """The files that ``query`` runs, in order of their names."""
    return [load_query(name) for room in ROOMS for name in query_names(room)]


def find_query(name: str) -> CypherQuery:
    """Return the file called ``name``, with or without its folder; raises QueryFileError."""
    known = {query.name.split("/")[1]: query for query in askable()}
    found = known.get(name.removeprefix("recommend/").removeprefix("explain/"))
    if found is None or found.name not in (name, f"recommend/{name}", f"explain/{name}"):
        raise QueryFileError(f"there is no query {name!r}{nearest(name, known)}; graphrec-neo4j query lists them.")
    return found


def run_query(
    database: Database, schema: GraphSchema, query: CypherQuery, given: Mapping[str, str], *, in_words: bool = False
) -> list[dict[str, Any]]:
    """Run a file with arguments given as texts; graph values come back plain, or ``in_words`` for people."""
    query.check_arguments(given)
    texts = {parameter.name: given.get(parameter.name, parameter.default) for parameter in query.parameters}
    values = {
        parameter.name: _converted(schema, query, parameter, texts[parameter.name]) for parameter in query.parameters
    }
    shown = PlainValues(schema)
    convert = shown.words if in_words else shown.plain
    records = database.paths(query.render(schema), **values)
    return [{name: convert(value) for name, value in record.items()} for record in records]


def _converted(schema: GraphSchema, query: CypherQuery, parameter: Parameter, text: str | None) -> Key | None:
    """One argument as its declared kind; a default of null is no value."""
    if text is None or (text == "null" and parameter.default == "null"):
        return None
    if parameter.kind == "key":
        return _key_parsers(schema)[parameter.name](text)
    try:
        return int(text)
    except ValueError:
        raise QueryFileError(f"{query.name}: {parameter.name} is a whole number, and {text!r} is none.") from None


def _key_parsers(schema: GraphSchema) -> dict[str, Callable[[str], Key]]:
    """How each key parameter is read; the types of categories share one parameter, as one pattern matches all."""
    categories = Naming.of(schema).nodes["Category"]
    kinds: set[KeyType] = {category.key_type for category in categories}
    kind: KeyType = "integer" if kinds == {"integer"} else "string"
    return {
        "user_id": lambda text: user_key(schema, text),
        "other_id": lambda text: user_key(schema, text),
        "item_id": lambda text: item_key(schema, text),
        "category_id": lambda text: parse_key(text, kind, "category"),
    }
