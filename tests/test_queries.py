"""A query is a file with a header that is kept."""

from __future__ import annotations

import re

import pytest

from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.queries import Parameter, load_query, parse_query, query_names, statement
from graphrec_neo4j.schema import default_schema

GOOD = """// Best items for one user,
// best first.
// mode:    read
// params:  user_id (key),
//          k (integer, default 10)
// returns: item, title
// interactions: positive
MATCH (u:`User` {`id`: $user_id})-[r:`INTERACTED`]->(i:`Item`) // $no `parameter`
RETURN i.`id` AS item, '$none `x`' AS title LIMIT $k;
"""


def test_a_header_is_read_over_several_lines() -> None:
    query = parse_query("recommend/best", GOOD)
    assert query.purpose == "Best items for one user, best first."
    assert (query.mode, query.returns, query.positive, query.servers) == ("read", ("item", "title"), True, "all")
    assert query.parameters == (Parameter("user_id", "key"), Parameter("k", "integer", "10"))
    assert query.body.endswith("LIMIT $k")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("k (integer, default 10)", "", "used and not declared: \\['k'\\]"),
        ("LIMIT $k", "", "declared and not used: \\['k'\\]"),
        ("mode:    read", "mode: delete", "must give a purpose and mode"),
        ("// mode:    read\n", "", "must give a purpose and mode"),
        ("// Best items for one user,\n// best first.\n", "", "must give a purpose and mode"),
        ("`Item`", "`Book`", "`Book` is not a name of the default graph"),
    ],
)
def test_a_file_that_breaks_its_header_is_refused(old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    with pytest.raises(QueryFileError, match=f"recommend/best: .*{sentence}"):
        parse_query("recommend/best", GOOD.replace(old, new))


def test_arguments_are_those_that_are_declared() -> None:
    query = parse_query("recommend/best", GOOD)
    query.check_arguments({"user_id": 1})
    query.check_arguments({"user_id": 1, "k": 3})
    with pytest.raises(QueryFileError, match="recommend/best needs user_id \\(key\\)"):
        query.check_arguments({"k": 3})
    with pytest.raises(QueryFileError, match="has no parameter 'userid', the nearest is 'user_id'"):
        query.check_arguments({"userid": 1})


def test_every_file_loads_and_says_what_it_is() -> None:
    names = query_names()
    assert len(names) > 20
    for name in names:
        query = load_query(name)
        assert query.purpose.endswith((".", "?"))
        assert (query.mode == "read") == (not name.startswith(("write/", "schema/")))


def test_every_reader_takes_one_value_from_the_pointer_and_takes_it_once() -> None:
    """Cypher reads a property anew for every row, so what is taken twice may be of two generations."""
    pinned = r"MATCH \(now:GraphRecPointer \{name: 'current'\}\)\n *WITH (\w+, )*now\.run AS run\n"
    readers = [name for name in query_names() if name.startswith(("recommend/", "explain/"))]
    texts = [load_query(name).body for name in readers]
    asking = [text for text in texts if "GraphRecPointer" in text]
    assert len(asking) > 10
    assert [
        text for text in asking if len(re.findall(pinned, text)) != 1 or len(re.findall(r"\bnow\b", text)) != 2
    ] == []


def test_an_unknown_file_names_the_nearest() -> None:
    with pytest.raises(QueryFileError, match="no query 'read/graph_nodepage', the nearest is 'read/graph_node_page'"):
        load_query("read/graph_nodepage")


def test_a_statement_is_rendered_or_as_it_stands() -> None:
    plain = statement("read/graph_count")
    assert plain.text == "MATCH (n:`User`) RETURN count(n) AS nodes"
    assert (plain.name, plain.mode) == ("read/graph_count", "read")
    assert statement("read/graph_count", default_schema()).text == plain.text
