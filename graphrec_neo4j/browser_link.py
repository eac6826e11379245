"""Links that open Neo4j Browser with a query filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from graphrec_neo4j.cypher_names import text_literal
from graphrec_neo4j.errors import DatabaseError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database

_TOKEN = re.compile(
    r"(?P<kept>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`]|``)*`)|(?P<comment>//[^\n]*\n?)|\$(?P<parameter>\w+)"
)

# Browser decodes the whole link before it looks for the ends of its parts, so none of these may be in a query.
_ENDS = {ord(end): f"\\u{ord(end):04X}" for end in "?&#"}


def filled_in(text: str, values: Mapping[str, Key | None]) -> str:
    """Return Cypher with its parameters as escaped literals and without its comments, for people to run.

    A link cannot carry parameters: Browser draws nothing where ``:param`` and a query come together. A parameter
    without a value stays one.
    """

    def fill(found: re.Match[str]) -> str:
        if found["kept"]:
            return found["kept"]
        if found["parameter"]:
            return _literal(values[found["parameter"]]) if found["parameter"] in values else found[0]
        return ""

    return _TOKEN.sub(fill, text).strip()


def one_file(name: str, schema: GraphSchema, **values: Key | None) -> str:
    """Return the file ``name`` in the schema's names with its parameters filled in."""
    return filled_in(statement(name, schema).text, values)


def all_paths(schema: GraphSchema, user: Key, item: Key) -> str:
    """Return the statement that draws the paths of every kind from ``user`` to ``item`` that the schema has."""
    return one_file("explain/why", schema, user_id=user, item_id=item)


def browser_url(database: Database, argument: str, command: str = "edit") -> str | None:
    """Return the link that opens the server's Neo4j Browser with a query; None where it serves none.

    With the ``command`` play it opens the guide at the address ``argument``.
    """
    try:
        rows = database.read(statement("read/browser_address"))
    except DatabaseError:
        return None  # a user without the right to read settings, or a cloud service
    settings = {row["name"]: row["value"] for row in rows}
    if settings.get("server.http.enabled") != "true":
        return None
    return link(database.connection, settings["server.http.advertised_address"], argument, command)


def link(connection: Connection, http_address: str, argument: str, command: str = "edit") -> str:
    """Return the link to a Browser that is served at ``host:port``, for the database of ``connection``.

    A ``?``, ``&`` or ``#`` in a text or a name of Cypher is written as its unicode escape, which means the same.
    """
    bolt = urlsplit(connection.uri)
    host, _, port = http_address.rpartition(":")
    if host in ("", "localhost"):  # the default of a server that does not know its own name
        host = bolt.netloc.rpartition(":")[0] if bolt.port else bolt.netloc
    scheme = bolt.scheme.replace("bolt", "neo4j", 1)
    arguments = {
        "cmd": command,
        "arg": argument.translate(_ENDS),
        "dbms": f"{scheme}://{connection.username}@{bolt.netloc}",
    }
    return f"http://{host}:{port}/browser/?{urlencode(arguments, quote_via=quote)}"


def _literal(value: Key | None) -> str:
    if value is None:
        return "null"
    return text_literal(value) if isinstance(value, str) else str(value)
