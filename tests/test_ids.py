"""Ids come back as they were, in one order for one set, and unknown ones raise."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.errors import SnapshotError, UnknownIdError
from graphrec_neo4j.ids import IdMap, Key, KeyType, parse_key

keys = st.one_of(
    st.lists(st.text(), unique=True).map(lambda listed: ("string", listed)),
    st.lists(st.integers(-(2**63), 2**63 - 1), unique=True).map(lambda listed: ("integer", listed)),
)


@given(keys, st.randoms())
def test_every_id_has_one_row_and_comes_back(made: tuple[KeyType, list[Key]], shuffling: random.Random) -> None:
    key_type, listed = made
    ids = IdMap("User", listed, key_type)
    assert sorted(ids.keys) == list(ids.keys) == sorted(listed)  # type: ignore[type-var]
    assert ids.rows_of(listed).tolist() == [ids.row(key) for key in listed]
    assert ids.keys_of(ids.rows_of(listed)) == listed
    assert all(ids.lookup[key] == ids.row(key) and key in ids for key in listed)
    shuffled = list(listed)
    shuffling.shuffle(shuffled)
    assert IdMap("User", shuffled, key_type) == ids
    assert len(ids) == len(listed)


def test_strings_are_ordered_by_code_point_and_not_by_utf_16() -> None:
    assert list(IdMap("User", ["😀", "\uffff", "é", "z", "Z", ""], "string").keys) == [
        "",
        "Z",
        "z",
        "é",
        "\uffff",
        "😀",
    ]


def test_a_string_and_an_integer_are_different_ids() -> None:
    assert IdMap("User", ["1"], "string") != IdMap("User", [1], "integer")
    assert IdMap("User", ["1"], "string") != "1"
    assert 1 not in IdMap("User", ["1"], "string")


@pytest.mark.parametrize(
    ("listed", "key_type", "sentence"),
    [
        (["a", "b", "a"], "string", "User id 'a' comes twice"),
        ([1, "2"], "integer", "User id '2' is str, but the schema says key_type = 'integer'; set key_type for User"),
        (["1", 2], "string", "User id 2 is int"),
        ([True], "integer", "User id True is bool"),
        ([np.int64(1)], "integer", "is int64"),
        ([2**63], "integer", "an integer id outside 64 bits"),
        ([-(2**63) - 1], "integer", "an integer id outside 64 bits"),
    ],
)
def test_what_is_no_id_is_refused(listed: list[Key], key_type: KeyType, sentence: str) -> None:
    with pytest.raises(SnapshotError, match=sentence):
        IdMap("User", listed, key_type)


def test_an_unknown_id_names_the_nearest() -> None:
    ids = IdMap("User", ["alice", "bob"], "string")
    with pytest.raises(UnknownIdError, match="there is no User with id 'alise', the nearest is 'alice'"):
        ids.row("alise")
    with pytest.raises(UnknownIdError, match="there is no User with id 'eve'"):
        ids.rows_of(["bob", "eve"])
    with pytest.raises(UnknownIdError, match="there is no User with id 7"):
        IdMap("User", [1], "integer").row(7)


def test_an_argument_becomes_an_id_of_the_right_kind() -> None:
    assert IdMap("User", [7], "integer").parse("007") == 7
    assert IdMap("User", ["007"], "string").parse("007") == "007"
    with pytest.raises(UnknownIdError, match="User ids are integers here, and 'x' is none"):
        parse_key("x", "integer", "User")
