"""graphrec.toml: what it means where it says nothing, and one sentence where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph_strategies import schemas
from hypothesis import given

from graphrec_neo4j.errors import MetaPathError, SchemaError
from graphrec_neo4j.schema import GraphSchema, default_schema

SMALL = """
recommend_to = "User"
recommend = "Item"
[nodes.User]
[nodes.Item]
[edges.LIKES]
from = "User"
to = "Item"
"""


@given(schemas())
def test_a_stored_schema_is_the_same_schema(schema: GraphSchema) -> None:
    assert GraphSchema.from_json(schema.to_json()) == schema


def test_labels_and_types_are_called_as_their_sections() -> None:
    schema = GraphSchema.parse(SMALL)
    assert (schema.nodes["User"].label, schema.nodes["User"].key, schema.nodes["User"].key_type) == (
        "User",
        "id",
        "string",
    )
    assert schema.edges["LIKES"].type == "LIKES"


def test_the_default_graph() -> None:
    schema = default_schema("integer", "string")
    assert (schema.nodes["User"].key_type, schema.nodes["Item"].key_type) == ("integer", "string")
    assert schema.roles == {"INTERACTED": "interaction", "FOLLOWS": "tie", "IN_CATEGORY": "category"}
    assert [name for name in schema.edges if schema.excludes(name)] == ["INTERACTED"]


def test_roles_follow_from_the_ends() -> None:
    schema = GraphSchema.parse(
        SMALL + '[nodes.Tag]\n[nodes.Far]\n[edges.BY]\nfrom="Item"\nto="User"\n[edges.SIM]\nfrom="Item"\nto="Item"\n'
        '[edges.HAS]\nfrom="User"\nto="Tag"\n[edges.OF]\nfrom="Tag"\nto="Item"\n[edges.X]\nfrom="Tag"\nto="Far"\n'
        '[edges.F]\nfrom="User"\nto="User"\n'
    )
    roles = {"LIKES": "interaction", "BY": "interaction", "SIM": "context", "HAS": "category", "OF": "category"}
    assert schema.roles == roles | {"X": "context", "F": "tie"}
    assert list(schema.by_role("category")) == ["HAS", "OF"]


def test_with_people_to_follow_the_first_edge_is_the_interaction_and_ties_exclude() -> None:
    people = 'recommend_to="P"\nrecommend="P"\n[nodes.P]\n[edges.A]\nfrom="P"\nto="P"\n[edges.B]\nfrom="P"\nto="P"\n'
    schema = GraphSchema.parse(people)
    assert schema.roles == {"A": "interaction", "B": "tie"}
    assert schema.excludes("B")
    assert GraphSchema.parse(people + 'role="interaction"\n').roles == {"A": "tie", "B": "interaction"}


def test_a_thresholded_rating_keeps_the_last_and_counts_as_one_and_a_count_is_added_up() -> None:
    edge = GraphSchema.parse(SMALL + 'weight="w"\n').edges["LIKES"]
    assert (edge.duplicate_rule, edge.walk_strength) == ("sum", "weight")
    edge = GraphSchema.parse(SMALL + 'weight="w"\npositive_from=4\n').edges["LIKES"]
    assert (edge.duplicate_rule, edge.walk_strength) == ("last", "one")
    edge = GraphSchema.parse(SMALL + 'weight="w"\npositive_from=4\nduplicates="max"\nstrength="log"\n').edges["LIKES"]
    assert (edge.duplicate_rule, edge.walk_strength) == ("max", "log")


WRONG = [
    ("recommend_to = ", "graphrec.toml is not valid TOML"),
    (SMALL.replace('"Item"\n[nodes.User]', '"Itme"\n[nodes.User]'), "recommend names .* 'Itme', .* nearest is 'Item'"),
    (SMALL.replace('to = "Item"', 'to = "Book"'), "edges.LIKES.to names the node type 'Book', which is not declared"),
    (SMALL + 'wieght = "w"\n', "edges.LIKES.wieght is not a known entry there, the nearest is 'weight'"),
    (SMALL + 'key = "k"\n', "edges.LIKES.key is not a known entry there"),
    ("excludes = true\n" + SMALL, "graphrec.toml: excludes is not a known entry there"),
    (SMALL + 'via = {lable = "O", first = "A", second = "B"}\n', "via.lable is not .* there, the nearest is 'label'"),
    (SMALL + 'time_unit = "minutes"\n', "edges.LIKES.time_unit: Input should be 's', 'ms'"),
    (SMALL + "importance = 0\n", "edges.LIKES.importance: Input should be greater than 0"),
    (SMALL + "directed = false\n", "edges.LIKES joins two node types, so it cannot be undirected"),
    (SMALL + 'type = "L"\nvia = {label="O", first="A", second="B"}\n', "edges.LIKES has both a type and a via"),
    (SMALL + 'weight = {on="node", property="w"}\n', "'w' names a part of a via, and there is none"),
    (SMALL + '[edges."*"]\nfrom="User"\nto="Item"\n', "an edge type cannot be called '\\*'"),
    (SMALL.replace("[nodes.Item]", '[nodes.Item]\nkey_type = "uuid"'), "nodes.Item.key_type: Input should be 'string'"),
    (SMALL + "[results]\nrelationships = 21\n", "results.relationships: Input should be less than or equal to 20"),
    ("recommend_to = 'User'", "recommend: Field required"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_what_is_wrong_is_one_sentence_naming_the_entry(text: str, sentence: str) -> None:
    with pytest.raises(SchemaError, match=sentence) as refused:
        GraphSchema.parse(text)
    assert "\n" not in str(refused.value)


def test_a_named_meta_path_is_checked_with_the_file() -> None:
    with pytest.raises((SchemaError, MetaPathError), match="there is no edge type 'LIKS', the nearest is 'LIKES'"):
        GraphSchema.parse(SMALL + '[meta_paths]\ntaste = "User-LIKS->Item"\n')
    schema = GraphSchema.parse(SMALL + '[meta_paths]\nonce = "User-LIKES->Item"\n')
    assert schema.meta_path("once").text == "User-LIKES->Item"
    assert schema.default_meta_paths() == {"once": "User-LIKES->Item"}


def test_the_usual_meta_paths_of_the_default_graph() -> None:
    assert default_schema().default_meta_paths() == {
        "taste": "User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item",
        "IN_CATEGORY": "User-INTERACTED->Item-IN_CATEGORY->Category<-IN_CATEGORY-Item",
        "FOLLOWS": "User-FOLLOWS->User-INTERACTED->Item",
    }


@given(schemas())
def test_every_usual_meta_path_can_be_walked_from_users_to_items(schema: GraphSchema) -> None:
    for text in schema.default_meta_paths().values():
        path = schema.meta_path(text)
        assert (path.source, path.target) == (schema.recommend_to, schema.recommend)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"none\.toml cannot be read"):
        GraphSchema.load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"recommend = 'caf\xe9'")
    with pytest.raises(SchemaError, match=r"latin\.toml cannot be read"):
        GraphSchema.load(tmp_path / "latin.toml")
    (tmp_path / "good.toml").write_text(SMALL, encoding="utf-8")
    assert GraphSchema.load(tmp_path / "good.toml") == GraphSchema.parse(SMALL)


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ('similar = "LIKE"\nrecommended = "LIKE"', "results: recommended and similar are both called 'LIKE'"),
        ('recommended = "SIMILAR"', "recommended and similar are both called 'SIMILAR'"),
        ("neighbours = 51", "results.neighbours: .*less than or equal to 50"),
        ("neighbours = -1", "results.neighbours: .*greater than or equal to 0"),
        ("neighbors = 5", "results.neighbors is not a known entry there, the nearest is 'neighbours'"),
    ],
)
def test_results_that_cannot_be_published_so_are_refused(results: str, sentence: str) -> None:
    with pytest.raises(SchemaError, match=sentence):
        GraphSchema.parse(f"{SMALL}[results]\n{results}\n")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("people = 'all'", "reasons.people: Input should be 'nobody', 'tied' or 'everybody'"),
        ("sentences = {tast = 'x'}", "reasons.sentences.tast is not a known entry there, the nearest is 'taste'"),
        ("sentences = {taste = '{nme}'}", "reasons.sentences.taste: {nme} is no blank of it, the nearest is 'name'"),
        ("sentences = {taste = '{name.__class__}'}", "{name.__class__} is no blank of it"),
        ("sentences = {taste = '{name!r}'}", "{name!r} is no blank of it"),
        ("sentences = {taste = '{name:>9}'}", "{name:>9} is no blank of it"),
        ("sentences = {tie = '{}'}", "{} is no blank of it"),
        ("sentences = {tie = '{'}", "braces themselves are written {{ and }}"),
        ('sentences = {tie = "a\\tb"}', "a sentence is one line of text without backslashes"),
        ("sentences = {tie = 'a\\0b'}", "a sentence is one line of text without backslashes"),
        ("sentences = {tie = ' '}", "a sentence is one line of text without backslashes"),
    ],
)
def test_a_wrong_sentence_is_refused_with_its_place(entry: str, told: str) -> None:
    text = "recommend_to = 'U'\nrecommend = 'I'\n[nodes.U]\n[nodes.I]\n[reasons]\n" + entry
    with pytest.raises(SchemaError) as refused:
        GraphSchema.parse(text)
    assert told in str(refused.value)
    assert str(refused.value).startswith("graphrec.toml: reasons.")
