"""Meta-paths: what can be written can be read, and what cannot be walked is refused with its step."""

from __future__ import annotations

import pytest
from graph_strategies import names
from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.errors import MetaPathError
from graphrec_neo4j.meta_path import MetaPath, Step, quote

steps = st.lists(st.tuples(names, st.booleans(), names), min_size=1, max_size=5)


@given(names, steps, st.sampled_from(["", " ", "\n "]))
def test_any_walk_that_is_spelt_is_read_again(first: str, hops: list[tuple[str, bool, str]], blank: str) -> None:
    text, here, expected = quote(first), first, []
    for edge, forward, there in hops:
        arrow = f"-{quote(edge)}->" if forward else f"<-{quote(edge)}-"
        text += blank + arrow + blank + quote(there)
        expected.append(Step(edge, forward, here, there))
        here = there
    parsed = MetaPath.parse(text)
    assert parsed.steps == tuple(expected)
    assert (parsed.source, parsed.target) == (first, here)


def test_the_taste_path_of_the_default_graph() -> None:
    path = MetaPath.parse("User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item")
    assert [step.forward for step in path.steps] == [True, False, True]
    assert path.check({"INTERACTED": ("User", "Item")}, ("User", "Item")) is path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must begin with a node type"),
        ("->User", "must begin with a node type"),
        ("User", "has no step"),
        ("User-LIKES-Item", "cannot be read at '-LIKES-Item'"),
        ("User<-LIKES->Item", "cannot be read at '<-LIKES->Item'"),
        ("User-LIKES->", "cannot be read at '-LIKES->'"),
        ("User-LIKES->Item!?-X->`Y", "cannot be read at"),
    ],
)
def test_what_is_no_walk_is_refused_where_it_stops_making_sense(text: str, sentence: str) -> None:
    with pytest.raises(MetaPathError, match=sentence):
        MetaPath.parse(text)


ENDS = {"LIKES": ("User", "Item"), "IN": ("Item", "Category")}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("User-LIKS->Item", "step 1: there is no edge type 'LIKS', the nearest is 'LIKES'"),
        (
            "User-LIKES->Item-LIKES->User",
            "step 2: LIKES joins User to Item, so it cannot be walked from Item to User along",
        ),
        ("User<-LIKES-Item", "step 1: LIKES joins User to Item, .* from User to Item against"),
        ("Item-*->User", r"step 1: \* joins User to Item"),
    ],
)
def test_a_step_that_the_schema_cannot_walk_is_named(text: str, sentence: str) -> None:
    with pytest.raises(MetaPathError, match=sentence):
        MetaPath.parse(text).check(ENDS, ("User", "Item"))


def test_a_star_walks_all_interactions_both_ways() -> None:
    MetaPath.parse("User-*->Item<-*-User").check(ENDS, ("User", "Item"))
