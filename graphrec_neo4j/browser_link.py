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

_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")


def filled_in(text: str, values: Mapping[str, Key | None]) -> str:
    """Return Cypher with its parameters as escaped literals and without its comments, for people to run.

    A link cannot carry parameters: Browser draws nothing where ``:param`` and a query come together. A parameter
    without a value stays one.
    """

    def fill(found: re.Match[str]) -> str:
        if found["kept"]:
            return found["kept"]
        if found["parameter"]:
            return literal(values[found["parameter"]]) if found["parameter"] in values else found[0]
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

    With the ``command`` guide it opens the guide at the address ``argument`` in the drawer at the side.
    """
    address = _http_address(database)
    return None if address is None else link(database.connection, address, argument, command)


def browser_origins(database: Database) -> frozenset[str]:
    """Return the origins (RFC 6454) that a page of the server's Browser can have; none where it serves none.

    They are several where Browser is on this machine, which has several names: a person may type any of them.
    """
    address = _http_address(database)
    return frozenset() if address is None else origins(database.connection, address)


def origins(connection: Connection, http_address: str) -> frozenset[str]:
    """Return the origins of a Browser that is served at ``host:port``, as a web browser writes them."""
    host, port = _host_and_port(connection, http_address)
    names = _THIS_MACHINE if host in _THIS_MACHINE else (host.lower(),)
    return frozenset(f"http://{name}" if port == "80" else f"http://{name}:{port}" for name in names)


def link(connection: Connection, http_address: str, argument: str, command: str = "edit") -> str:
    """Return the link to a Browser that is served at ``host:port``, for the database of ``connection``.

    A ``?``, ``&`` or ``#`` in a text or a name of Cypher is written as its unicode escape, which means the same.
    """
    bolt = urlsplit(connection.uri)
    host, port = _host_and_port(connection, http_address)
    scheme = bolt.scheme.replace("bolt", "neo4j", 1)
    arguments = {
        "cmd": command,
        "arg": argument.translate(_ENDS),
        "dbms": f"{scheme}://{connection.username}@{bolt.netloc}",
    }
    return f"http://{host}:{port}/browser/?{urlencode(arguments, quote_via=quote)}"


def _http_address(database: Database) -> str | None:
    """``host:port`` of the server's Browser, as it advertises it."""
    try:
        rows = database.read(statement("read/browser_address"))
    except DatabaseError:
        return None  # a user without the right to read settings, or a cloud service
    settings = {row["name"]: row["value"] for row in rows}
    return settings["server.http.advertised_address"] if settings.get("server.http.enabled") == "true" else None


def _host_and_port(connection: Connection, http_address: str) -> tuple[str, str]:
    host, _, port = http_address.rpartition(":")
    if host in ("", "localhost"):  # the default of a server that does not know its own name
        bolt = urlsplit(connection.uri)
        host = bolt.netloc.rpartition(":")[0] if bolt.port else bolt.netloc
    return host, port


def literal(value: Key | None) -> str:
    """Return a value as Cypher."""
    if value is None:
        return "null"
    return text_literal(value) if isinstance(value, str) else str(value)
