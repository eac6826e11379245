"""Schema names in Cypher: exact whatever is in them, and nothing else is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import neo4j
import pytest
from graph_strategies import ODD_NAMES, names
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec_neo4j.cypher_names import Naming, Renderer, quoted, text_literal
from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.schema import GraphSchema, default_schema
from graphrec_neo4j.settings import Connection

Ask = Callable[[str], object]

VIA = GraphSchema.parse(
    """
    recommend_to = "C"
    recommend = "P"
    [nodes.C]
    label = "Cust`omer"
    [nodes.P]
    key = "sku"
    [edges.BOUGHT]
    from = "C"
    to = "P"
    via = {label = "Order", first = "PLACED", second = "PART OF", second_direction = "in"}
    weight = {on = "second", property = "quantity"}
    time = {on = "node", property = "day"}
    positive_from = 2
    """
)


def rendered(body: str, schema: GraphSchema | Naming, *, positive: bool = False) -> str:
    naming = Naming.of(schema) if isinstance(schema, GraphSchema) else schema
    return Renderer("test", naming, positive=positive).render(body)


@pytest.fixture(scope="module")
def ask(neo4j_connection: Connection) -> Iterator[Ask]:
    auth = (neo4j_connection.username, neo4j_connection.password)
    with (
        neo4j.GraphDatabase.driver(neo4j_connection.uri, auth=auth) as driver,
        driver.session(database=neo4j_connection.database) as session,
    ):
        yield lambda text: session.run(text).single(strict=True)[0]  # type: ignore[arg-type]


@pytest.mark.live
@pytest.mark.parametrize(
    "name", [*ODD_NAMES, "a\\b", "\\\\u0060", "\\uuuu0041", "a\\U0001F600", " ", "\n", "\u2028", "*/"]
)
def test_a_quoted_name_is_exactly_that_name(ask: Ask, name: str) -> None:
    assert ask(f"RETURN keys({{{quoted(name)}: 1}})[0]") == name
    assert ask(f"RETURN {text_literal(name)}") == name


@pytest.mark.live
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names, text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_and_any_text_arrive_exactly(ask: Ask, name: str, text: str) -> None:
    assert ask(f"RETURN [keys({{{quoted(name)}: 1}})[0], {text_literal(text)}]") == [name, text]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_neo4j_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(QueryFileError, match="cannot be a name in Neo4j"):
        quoted(name)


def test_the_default_graph_renders_as_it_stands() -> None:
    body = "MATCH (u:`User` {`id`: $user})-[r:`INTERACTED`]->(i:`Item`) RETURN i.`id`, i.`title`, r.`weight`, r.`time`"
    assert rendered(body, default_schema()) == body


def test_a_schema_replaces_labels_types_keys_and_names() -> None:
    schema = GraphSchema.parse(
        'recommend_to="R"\nrecommend="B"\n[nodes.R]\nkey="no"\n[nodes.B]\nlabel="Book"\nname="called"\n'
        '[edges.READ]\nfrom="R"\nto="B"\nweight="stars"'
    )
    body = "MATCH (u:`User` {`id`: $u})-[r:`INTERACTED`]->(i:`Item`) RETURN i.`title`, r.`weight`, r.`time`, u.`name`"
    assert rendered(body, schema) == (
        "MATCH (u:`R` {`no`: $u})-[r:`READ`]->(i:`Book`) RETURN i.`called`, r.`stars`, null, u.`no`"
    )


def test_an_edge_stored_the_other_way_round_is_walked_against_its_arrow() -> None:
    schema = GraphSchema.parse('recommend_to="U"\nrecommend="I"\n[nodes.U]\n[nodes.I]\n[edges.BY]\nfrom="I"\nto="U"')
    assert rendered("(u:`User`)-[r:`INTERACTED`]->(i:`Item`)", schema) == "(u:`U`)<-[r:`BY`]-(i:`I`)"
    assert rendered("(i:`Item`)<-[r:`INTERACTED`]-(u:`User`)", schema) == "(i:`I`)-[r:`BY`]->(u:`U`)"


def test_undirected_and_mixed_edges_are_walked_both_ways() -> None:
    people = 'recommend_to="P"\nrecommend="P"\n[nodes.P]\n[edges.K]\nfrom="P"\nto="P"\ndirected=false'
    assert rendered("(u:`User`)-[:`INTERACTED`]->(i:`Item`)", GraphSchema.parse(people)) == "(u:`P`)-[:`K`]-(i:`P`)"
    two = GraphSchema.parse(
        'recommend_to="U"\nrecommend="I"\n[nodes.U]\n[nodes.I]\n[edges.A]\nfrom="U"\nto="I"\n[edges.B]\nfrom="I"\nto="U"'
    )
    assert rendered("(u)-[:`INTERACTED`]->(i)", two) == "(u)-[:`A`|`B`]-(i)"


def test_a_path_edge_is_two_hops_with_its_properties_where_they_are() -> None:
    body = "MATCH (u:`User`)-[r:`INTERACTED`]->(i:`Item`) RETURN r.`weight`, r.`time`"
    assert rendered(body, VIA) == (
        "MATCH (u:`Cust``omer`)-[r_first:`PLACED`]->(r_node:`Order`)<-[r:`PART OF`]-(i:`P`) "
        "RETURN r.`quantity`, r_node.`day`"
    )
    assert rendered("(i:`Item`)<-[:`INTERACTED`]-(u:`User`)", VIA) == (
        "(i:`P`)-[:`PART OF`]->(:`Order`)<-[:`PLACED`]-(u:`Cust``omer`)"
    )


def test_positive_interactions_keep_their_threshold_where_they_are_named() -> None:
    pattern = "(u:`User`)-[r:`INTERACTED`]->(i:`Item`)"
    assert "<-[r:`PART OF` WHERE toFloat(r.`quantity`) >= 2.0]-" in rendered(pattern, VIA, positive=True)
    assert "WHERE" not in rendered(pattern, VIA)
    assert "WHERE" not in rendered("(u)-[:`INTERACTED`]->(i)", VIA, positive=True)


def test_seen_means_whatever_excludes() -> None:
    people = 'recommend_to="P"\nrecommend="P"\n[nodes.P]\n[edges.A]\nfrom="P"\nto="P"\n[edges.B]\nfrom="P"\nto="P"\n'
    body = "WHERE NOT EXISTS { (u)-[:`INTERACTED`]->(i) }"
    assert rendered(body, GraphSchema.parse(people)) == "WHERE NOT (EXISTS { (u)-[:`A`|`B`]->(i) })"
    free = GraphSchema.parse(people.replace('from="P"', 'excludes=false\nfrom="P"'))
    assert rendered(body, free) == "WHERE NOT false"


def test_strings_and_comments_are_left_alone() -> None:
    body = "RETURN '`User`', \"(u:`User`)\" // (u:`Nobody`)\n/* `x` */"
    assert rendered(body, VIA) == body


def test_one_file_serves_any_node_and_any_edge() -> None:
    body = "MATCH (u:`User` {`id`: $k})-[r:`INTERACTED`]->(i:`Item`) SET r.`weight` = 1"
    naming = Naming.for_edge(default_schema(), default_schema().edges["IN_CATEGORY"].model_copy(update={"weight": "w"}))
    assert rendered(body, naming) == "MATCH (u:`Item` {`id`: $k})-[r:`IN_CATEGORY`]->(i:`Category`) SET r.`w` = 1"
    assert rendered("(n:`User`)", Naming.for_node(VIA.nodes["C"])) == "(n:`Cust``omer`)"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("(u:`User`)-[:`FOLLOWS`]->(v:`User`)", "needs ties between users"),
        ("(c:`Category`)", "needs categories"),
        ("(n:`Nobody`)", "`Nobody` is not a name of the default graph"),
        ("RETURN u.`id`", "u is bound to no node or edge"),
        ("(u:`User`) RETURN u.`weight`", "`weight` is not a property of a node"),
        ("(u:`User`)-[u:`INTERACTED`]->(i:`Item`)", "u is both `User` and `INTERACTED`"),
        ("RETURN `id`", "not a schema name that can stand there"),
    ],
)
def test_what_cannot_be_rendered_says_why(body: str, sentence: str) -> None:
    with pytest.raises(QueryFileError, match=sentence):
        rendered(body, VIA)
