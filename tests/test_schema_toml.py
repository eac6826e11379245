"""A schema written as TOML is the same schema when it is read."""

from __future__ import annotations

from graph_strategies import names, schemas
from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.schema import GraphSchema, default_schema
from graphrec_neo4j.schema_toml import schema_to_toml

EVERYTHING = """
recommend_to = "C"
recommend = "P"
[nodes.C]
[nodes.P]
key = "sku"
key_type = "integer"
name = "title"
features = ["price", "size"]
text = ["blurb"]
[edges.BOUGHT]
from = "C"
to = "P"
via = {label = "Order", first = "PLACED", second = "IN", second_direction = "in"}
weight = {on = "second", property = "quantity"}
time = {on = "node", property = "day"}
time_unit = "date"
positive_from = 2
importance = 0.5
strength = "log"
excludes = false
role = "interaction"
[edges.KNOWS]
from = "C"
to = "C"
directed = false
properties = ["since"]
[meta_paths]
taste = "C-BOUGHT->P<-BOUGHT-C-BOUGHT->P"
[results]
recommended = "FOR_YOU"
relationships = 0
[reasons]
people = "everybody"
[reasons.sentences]
taste = "a {name} {{of}} {title}"
unpopular = 'nobody "yet"'
"""


@given(schemas(), st.lists(names, min_size=2, max_size=2, unique=True), st.integers(0, 50))
def test_any_schema_comes_back(schema: GraphSchema, called: list[str], neighbours: int) -> None:
    update = {"recommended": called[0], "similar": called[1], "neighbours": neighbours}
    results = schema.results.model_copy(update=update)
    schema = schema.model_copy(update={"results": results})
    assert GraphSchema.parse(schema_to_toml(schema)) == schema


def test_every_entry_comes_back() -> None:
    schema = GraphSchema.parse(EVERYTHING)
    assert GraphSchema.parse(schema_to_toml(schema)) == schema


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_comments_stand_above_their_part_and_change_nothing(comment: str) -> None:
    schema = default_schema()
    text = schema_to_toml(
        schema, {"": comment, "nodes.User": comment, "edges.FOLLOWS": "one\ntwo", "recommend": comment}
    )
    assert GraphSchema.parse(text) == schema
    assert "# one\n# two\n[edges.FOLLOWS]\n" in text


def test_what_a_reader_looks_for_is_written_and_defaults_are_not() -> None:
    text = schema_to_toml(default_schema())
    assert '[nodes.Item]\nlabel = "Item"\nkey = "id"\nkey_type = "string"\nname = "title"\n' in text
    assert "importance" not in text
    assert '[edges.FOLLOWS]\nfrom = "User"\nto = "User"\ntype = "FOLLOWS"\n' in text
