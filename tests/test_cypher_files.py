"""Every file of cypher/ against its own header, by EXPLAIN on a real server, in several graphs' names."""

from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.queries import Statement, load_query, query_names
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection

ASKED = ("recommend", "explain")
RULES = {
    "shop": """
        recommend_to = "Customer"
        recommend = "Product"
        [nodes.Customer]
        label = "The `Customer`"
        key = "customer no"
        key_type = "integer"
        [nodes.Product]
        key = "sku"
        name = "Ünïcode \\\\u0041 name"
        [nodes.Brand]
        [nodes.Kind]
        [edges.ordered]
        from = "Customer"
        to = "Product"
        via = { label = "Order", first = "PLACED", second = "CONTAINS" }
        weight = { on = "second", property = "quantity" }
        time = { on = "node", property = "placed at" }
        positive_from = 2
        [edges.KNOWS]
        from = "Customer"
        to = "Customer"
        directed = false
        [edges.MADE_BY]
        from = "Product"
        to = "Brand"
        [edges.OF_KIND]
        from = "Product"
        to = "Kind"
        [edges.INTERESTED]
        from = "Customer"
        to = "Kind"
    """,
    "several interactions": """
        recommend_to = "User"
        recommend = "Item"
        [nodes.User]
        [nodes.Item]
        [edges.VIEWED]
        from = "User"
        to = "Item"
        weight = "seconds"
        positive_from = 10
        time = "at"
        [edges.BOUGHT]
        from = "User"
        to = "Item"
        [edges.RECALLED]
        from = "Item"
        to = "User"
        excludes = true
        role = "context"
    """,
    "people": """
        recommend_to = "Person"
        recommend = "Person"
        [nodes.Person]
        [edges.FOLLOWS]
        from = "Person"
        to = "Person"
        [edges.BLOCKS]
        from = "Person"
        to = "Person"
    """,
}
SCHEMAS = {name: GraphSchema.parse(text) for name, text in RULES.items()}


# What the server calls a statement of each mode; to it, questions about itself are matters of its schema.
KINDS = {"read": ("r", "s"), "write": ("rw", "w"), "schema": ("r", "s")}


@pytest.fixture(scope="module")
def session(neo4j_connection: Connection) -> Iterator[neo4j.Session]:
    auth = (neo4j_connection.username, neo4j_connection.password)
    with (
        neo4j.GraphDatabase.driver(neo4j_connection.uri, auth=auth) as driver,
        driver.session(database=neo4j_connection.database, default_access_mode=neo4j.READ_ACCESS) as session,
    ):
        yield session


def explained(session: neo4j.Session, text: str) -> tuple[list[str], list[str], str | None]:
    """What a statement returns, the codes of notifications that speak of deprecation, and the server's word for it."""
    result = session.run(f"EXPLAIN {text}")
    keys = list(result.keys())
    summary = result.consume()
    notes = [note.gql_status for note in summary.gql_status_objects if "deprecat" in str(note).casefold()]
    return keys, notes, summary.query_type


def required(body: str) -> str:
    """A body without the branches that a schema may do without."""
    kept, inside = [], None
    for line in body.splitlines():
        depth = len(line) - len(line.lstrip())
        if inside is not None and (depth < inside or line[inside:].startswith("UNION")):
            inside = None
        if line.endswith("UNION ALL // optional"):
            inside = depth
        if inside is None:
            kept.append(line)
    return "\n".join(kept)


@pytest.mark.parametrize("name", query_names())
def test_a_header_says_what_the_file_is_for(name: str) -> None:
    query = load_query(name)
    assert query.purpose.endswith(".")
    assert query.mode in ("read", "write", "schema")
    if name.split("/")[0] in ASKED:
        assert query.mode == "read"
        assert query.returns


@pytest.mark.live
@pytest.mark.parametrize("name", query_names())
def test_a_file_is_valid_as_it_stands_and_returns_what_it_declares(session: neo4j.Session, name: str) -> None:
    query = load_query(name)
    keys, deprecated, kind = explained(session, query.body)
    assert (keys, deprecated) == (list(query.returns), [])
    assert kind in KINDS[query.mode]


@pytest.mark.live
@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("name", [name for room in ASKED for name in query_names(room)])
def test_a_question_is_valid_in_the_names_of_other_graphs(session: neo4j.Session, name: str, schema: str) -> None:
    query, naming = load_query(name), Naming.of(SCHEMAS[schema])
    if any(f"`{role}`" in required(query.body) and not edges for role, edges in naming.edges.items()):
        with pytest.raises(QueryFileError, match=r"needs .*, and your graphrec\.toml declares none"):
            query.render(naming)
    else:
        assert explained(session, query.render(naming).text) == (list(query.returns), [], "r")


@pytest.mark.parametrize("name", [name for room in ASKED for name in query_names(room)])
def test_a_shop_with_everything_lacks_nothing_that_is_asked_for(name: str) -> None:
    assert isinstance(load_query(name).render(Naming.of(SCHEMAS["shop"])), Statement)


def test_every_question_is_described_in_the_docs() -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "queries.md").read_text(encoding="utf-8")
    for name in (name for room in ASKED for name in query_names(room)):
        query = load_query(name)
        section = page.partition(f"`{name}`")[2].partition("\n### ")[0]
        assert query.purpose in section, name
        for parameter in query.parameters:
            assert f"`{parameter.name}`" in section, f"{name}: {parameter.name}"
        assert f"graphrec-neo4j query {name.split('/')[1]}" in section, name
