"""Links to Neo4j Browser; that their Cypher runs and draws is tested live in tests/cli/test_ask.py."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from graphrec_neo4j.browser_link import all_paths, filled_in, link, origins
from graphrec_neo4j.schema import GraphSchema, default_schema
from graphrec_neo4j.settings import Connection


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("MATCH (u {id: $user_id})", "MATCH (u {id: 'o\\'Brien \\\\ $k'})"),
        ("RETURN '$user_id', `$user_id`, \"$user_id\", $k", "RETURN '$user_id', `$user_id`, \"$user_id\", 7"),
        ("RETURN 'it\\'s $k', $k", "RETURN 'it\\'s $k', 7"),
        ("// Bounds: $k\nRETURN $k // and $k\n", "RETURN 7"),
        ("RETURN 'https://x', $none", "RETURN 'https://x', null"),
    ],
)
def test_parameters_become_literals_and_nothing_else_changes(text: str, made: str) -> None:
    assert filled_in(text, {"user_id": "o'Brien \\ $k", "k": 7, "none": None}) == made


def test_a_schema_without_ties_and_categories_draws_taste_alone() -> None:
    plain = GraphSchema.parse(
        """
        recommend_to = "User"
        recommend = "Item"
        [nodes.User]
        [nodes.Item]
        [edges.LIKES]
        from = "User"
        to = "Item"
        """
    )
    drawn = all_paths(plain, "u", "i")
    assert "LIKES" in drawn
    assert "FOLLOWS" not in drawn
    assert "Category" not in drawn
    assert drawn.count("RETURN collect(path)") == 2
    assert all_paths(default_schema(), "u", "i").count("RETURN collect(path)") == 4


@pytest.mark.parametrize(
    ("uri", "advertised", "base", "dbms"),
    [
        ("bolt://127.0.0.1:7688", "127.0.0.1:7475", "http://127.0.0.1:7475/browser/", "neo4j://me@127.0.0.1:7688"),
        (
            "neo4j://db.example.com",
            "localhost:7474",
            "http://db.example.com:7474/browser/",
            "neo4j://me@db.example.com",
        ),
        ("bolt+s://db:7687", "web.example.com:80", "http://web.example.com:80/browser/", "neo4j+s://me@db:7687"),
        ("bolt://[::1]:7687", ":7474", "http://[::1]:7474/browser/", "neo4j://me@[::1]:7687"),
    ],
)
def test_a_link_leads_to_the_servers_own_browser(uri: str, advertised: str, base: str, dbms: str) -> None:
    made = link(Connection(uri, "me", "secret"), advertised, "MATCH (n)\nRETURN n.`50%` + 1")
    assert made.startswith(base + "?cmd=edit&arg=MATCH%20%28n%29%0A")
    assert parse_qs(urlsplit(made).query) == {"cmd": ["edit"], "arg": ["MATCH (n)\nRETURN n.`50%` + 1"], "dbms": [dbms]}
    assert "secret" not in made


def test_no_id_ends_the_query_or_names_another_server() -> None:
    """Browser decodes the link first and then takes what stands between ``?name=`` and the next ``&`` or ``#``."""
    cypher = "RETURN 'Simon & Co #1?dbms=neo4j://elsewhere&cmd=play'"
    decoded = unquote(link(Connection("bolt://db:7687", "me", "secret"), "db:7474", cypher))
    read = {name: re.findall(rf"[?&]{name}=([^&#]*)", decoded) for name in ("cmd", "arg", "dbms")}
    escaped = "RETURN 'Simon \\u0026 Co \\u00231\\u003Fdbms=neo4j://elsewhere\\u0026cmd=play'"
    assert read == {"cmd": ["edit"], "arg": [escaped], "dbms": ["neo4j://me@db:7687"]}


@pytest.mark.parametrize(
    ("uri", "advertised", "pages"),
    [
        ("bolt://db:7687", "127.0.0.1:7475", {"localhost:7475", "127.0.0.1:7475", "[::1]:7475"}),
        ("bolt://localhost:7687", "localhost:7474", {"localhost:7474", "127.0.0.1:7474", "[::1]:7474"}),
        ("bolt://db.example.com:7687", "localhost:7474", {"db.example.com:7474"}),
        ("bolt://db:7687", "Web.example.com:80", {"web.example.com"}),
    ],
)
def test_browsers_pages_have_every_name_of_this_machine_or_the_one_of_another(
    uri: str, advertised: str, pages: set[str]
) -> None:
    assert origins(Connection(uri, "me", "secret"), advertised) == {f"http://{page}" for page in pages}
