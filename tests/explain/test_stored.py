"""What is stored comes back, through Python here and through pure Cypher in tests/cli/test_ask.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.explain.stored import Described, Reason, decode, encode
from graphrec_neo4j.schema import GraphSchema

SCHEMA = GraphSchema.parse(
    """
    recommend_to = "Customer"
    recommend = "Film\\t\\\\;"
    [nodes.Customer]
    key_type = "integer"
    [nodes."Film\\t\\\\;"]
    [edges.SAW]
    from = "Customer"
    to = "Film\\t\\\\;"
    """
)
finite = st.floats(allow_nan=False, allow_infinity=False)
troublesome = st.text(st.one_of(st.sampled_from("\\;\t\nbtn\r\u2028"), st.characters(exclude_categories=["Cs"])))
nodes = st.one_of(
    st.tuples(st.just("Customer"), st.integers(-(2**63), 2**63 - 1)), st.tuples(st.just("Film\t\\;"), troublesome)
)
reasons = st.builds(
    Reason,
    finite,
    finite,
    troublesome,
    st.integers(0),
    st.lists(nodes, max_size=3).map(tuple),
    troublesome,
    troublesome,
)
described = st.builds(Described, finite, st.booleans(), finite, st.lists(reasons, max_size=4).map(tuple))


@given(described)
def test_decode_is_the_inverse_of_encode(explanation: Described) -> None:
    assert decode(encode(explanation), SCHEMA) == explanation


@given(described)
def test_every_contribution_is_one_line_of_eight_fields(explanation: Described) -> None:
    first, *rest = encode(explanation).split("\n")
    assert first.count("\t") == 2
    assert [line.count("\t") for line in rest] == [7] * len(explanation.reasons)


def test_the_text_is_as_documented() -> None:
    reason = Reason(0.5, 1.0, "taste", 41, (("Customer", 7), ("Film\t\\;", "a\nb")), "you → it", "because")
    assert encode(Described(2.0, True, 1.0, (reason,))) == (
        "2.0\t1\t1.0\n0.5\t1.0\ttaste\t41\tCustomer\\;Film\\t\\b;\t7\\;a\\nb\tyou → it\tbecause"
    )


@pytest.mark.parametrize(
    "text", ["", "1.0", "1.0\t1\tx", "1.0\t1\t0.0\nhalf a line", "1\t1\t1\n1\t1\tt\t1\tNo\t1\tp\tt"]
)
def test_a_text_of_another_hand_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(PublishError, match="run graphrec-neo4j sync again"):
        decode(text, SCHEMA)
