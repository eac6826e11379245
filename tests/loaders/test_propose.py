"""What is proposed for graphs of many shapes, and what that is said to assume."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from graphrec_neo4j.errors import SchemaError
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.schema_toml import schema_to_toml
from loaders.inspect import DatabaseFacts, LabelFacts, PropertyFacts, RelationshipFacts
from loaders.propose import propose

KINDS = {str: "STRING", int: "INTEGER", float: "FLOAT", bool: "BOOLEAN"}


def properties(columns: dict[str, list[Any]]) -> dict[str, PropertyFacts]:
    return {
        name: PropertyFacts(name, len(values), len(set(values)), _kinds(values), tuple(dict.fromkeys(values)))
        for name, values in columns.items()
    }


def _kinds(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(KINDS[type(value)] for value in values)


def label(called: str, /, nodes: int = 3, unique: str = "", **columns: list[Any]) -> LabelFacts:
    return LabelFacts(called, nodes, 3, properties(columns), frozenset({unique} - {""}))


def joined(source: str, kind: str, target: str, edges: int = 10, **columns: list[Any]) -> RelationshipFacts:
    return RelationshipFacts(source, kind, target, edges, edges, properties(columns))


def facts(labels: list[LabelFacts], *relationships: RelationshipFacts) -> DatabaseFacts:
    return DatabaseFacts({found.label: found for found in labels}, relationships)


USER = label("User", id=["a", "b", "c"], name=["Ann", "Bob", "Bob"])
MOVIE = label("Movie", movieId=[1, 2, 3], title=["X", "Y", "Z"], year=[1999, 1999, 2001])


def test_users_who_rate_movies() -> None:
    found = facts(
        [label("Genre", nodes=2, name=["g", "h", "i"]), MOVIE, USER],
        joined("Movie", "IN_GENRE", "Genre", 1000),
        joined("User", "RATED", "Movie", 100, rating=[1.0, 4.5, 5.0], timestamp=[1_200_000_000, 1_300_000_000]),
        joined("User", "KNOWS", "User"),
    )
    proposal = propose(found)
    schema = proposal.schema
    assert (schema.recommend_to, schema.recommend) == ("User", "Movie")
    assert (schema.nodes["Movie"].key, schema.nodes["Movie"].key_type) == ("movieId", "integer")
    assert (schema.nodes["User"].key, schema.nodes["User"].name) == ("id", "name")
    assert schema.nodes["Genre"].name is None
    rated = schema.edges["RATED"]
    assert (rated.weight, rated.positive_from, rated.time, rated.time_unit) == ("rating", 4.0, "timestamp", "s")
    assert schema.roles == {"RATED": "interaction", "IN_GENRE": "category", "KNOWS": "tie"}
    assert "RATED: rating is a rating, and one of 4 or more is positive." in proposal.assumptions
    assert GraphSchema.parse(schema_to_toml(schema, proposal.comments)) == schema


def test_an_interaction_that_is_stored_the_other_way_round() -> None:
    found = facts([USER, MOVIE], joined("Movie", "RATED_BY", "User"))
    schema = propose(found).schema
    assert (schema.recommend_to, schema.recommend) == ("User", "Movie")
    assert (schema.edges["RATED_BY"].source, schema.roles["RATED_BY"]) == ("Movie", "interaction")


def test_customers_who_order_products_through_orders() -> None:
    order = LabelFacts(
        "Order", 5, 5, {"day": PropertyFacts("day", 5, 5, frozenset({"DATE"})), **properties({"no": [1, 2, 3, 4, 5]})}
    )
    found = facts(
        [label("Customer", id=["a", "b", "c"]), order, label("Product", sku=["p", "q", "r"])],
        joined("Customer", "PLACED", "Order"),
        joined("Product", "PART_OF", "Order", quantity=[1, 2, 2]),
    )
    proposal = propose(found)
    assert (proposal.schema.recommend_to, proposal.schema.recommend) == ("Customer", "Product")
    edge = proposal.schema.edges["Order"]
    assert edge.via is not None
    assert edge.via.model_dump() == {
        "label": "Order", "first": "PLACED", "second": "PART_OF", "first_direction": "out", "second_direction": "in"
    }  # fmt: skip
    assert edge.weight is not None
    assert edge.weight.model_dump() == {"on": "second", "property": "quantity"}  # type: ignore[union-attr]
    assert edge.time.model_dump() == {"on": "node", "property": "day"}  # type: ignore[union-attr]
    assert edge.time_unit == "date"
    assert "A Customer and a Product are joined through Order nodes." in proposal.assumptions


def test_jobs_for_members_by_skill() -> None:
    found = facts(
        [label("Job", id=[1, 2, 3]), label("Member", id=[1, 2, 3]), label("Skill", name=["a", "b", "c"])],
        joined("Member", "HAS_SKILL", "Skill"),
        joined("Job", "REQUIRES", "Skill"),
    )
    proposal = propose(found)
    assert (proposal.schema.recommend_to, proposal.schema.recommend) == ("Member", "Job")
    assert proposal.schema.roles == {"HAS_SKILL": "category", "REQUIRES": "category"}
    assert "No relationship says which Job a Member liked; what they share does." in proposal.assumptions


def test_people_to_follow() -> None:
    schema = propose(facts([USER], joined("User", "FOLLOWS", "User"))).schema
    assert (schema.recommend_to, schema.recommend) == ("User", "User")
    assert schema.roles == {"FOLLOWS": "interaction"}


def test_two_labels_that_say_nothing() -> None:
    schema = propose(facts([label("A", x=["a", "b", "c"]), label("B", y=[1, 2, 3])], joined("A", "R", "B"))).schema
    assert (schema.recommend_to, schema.recommend) == ("A", "B")


def test_one_type_between_two_pairs_of_labels_makes_two_edges() -> None:
    found = facts(
        [USER, MOVIE, label("Genre", name=["g", "h", "i"])],
        joined("User", "LIKES", "Movie"),
        joined("User", "LIKES", "Genre"),
    )
    edges = propose(found).schema.edges
    assert {name: (edge.type, edge.target) for name, edge in edges.items()} == {
        "User LIKES Movie": ("LIKES", "Movie"),
        "User LIKES Genre": ("LIKES", "Genre"),
    }


def test_a_unique_constraint_is_a_better_key_than_a_name() -> None:
    user = label("User", unique="handle", handle=["x", "y", "z"], userId=[1, 2, 3])
    proposal = propose(facts([user, MOVIE], joined("User", "SAW", "Movie")))
    assert proposal.schema.nodes["User"].key == "handle"
    assert "User.handle" not in " ".join(proposal.assumptions)
    assert "Movie.movieId is taken as the key: all 3 sampled are different." in proposal.assumptions


def test_nodes_without_a_key_and_nodes_far_away_are_left_out_and_named() -> None:
    found = facts(
        [USER, MOVIE, label("Blob", text=["t", "t", "t"]), label("Planet", id=[1, 2, 3])],
        joined("User", "SAW", "Movie"),
        joined("Movie", "HAS", "Blob"),
    )
    proposal = propose(found)
    assert set(proposal.schema.nodes) == {"User", "Movie"}
    assert "Blob nodes are left out: no property of theirs is a unique string or integer." in proposal.assumptions
    assert "Planet nodes are left out: nothing joins them to User or Movie." in proposal.assumptions


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([1_200_000_000_000], "ms"),
        ([1_200_000_000], "s"),
        (["2024-05-31", "2024-06-01T10:00:00Z"], "text"),
        ([7], None),
        (["soon"], None),
    ],
)
def test_the_form_of_a_time_is_told_by_its_kind_and_size(values: list[Any], unit: str | None) -> None:
    edge = propose(facts([USER, MOVIE], joined("User", "SAW", "Movie", at=values))).schema.edges["SAW"]
    assert (edge.time, edge.time_unit) == (("at", unit) if unit else (None, "ms"))


def test_a_rating_out_of_ten_and_a_count_have_other_thresholds() -> None:
    edge = propose(facts([USER, MOVIE], joined("User", "SAW", "Movie", rating=[2, 8, 10]))).schema.edges["SAW"]
    assert edge.positive_from == 7.0
    edge = propose(facts([USER, MOVIE], joined("User", "SAW", "Movie", plays=[2, 8, 10]))).schema.edges["SAW"]
    assert (edge.weight, edge.positive_from) == ("plays", None)


def test_nothing_to_recommend_is_one_sentence() -> None:
    with pytest.raises(SchemaError, match="there is nothing to recommend"):
        propose(facts([USER]))
