"""What is stored comes back, through Python here and through pure Cypher in tests/cli/test_ask.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.explain.stored import COUNT, NAME, TITLE, Described, NamedNodes, Node, Reason, Words, decode, encode
from graphrec_neo4j.results import Texts
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
troublesome = st.text(st.one_of(st.sampled_from("\\012btn\t\n\r\u2028"), st.characters(exclude_categories=["Cs"])))
ours = st.lists(st.sampled_from(["because", "you → ", TITLE, NAME, COUNT, " "])).map("".join)
nodes = st.one_of(
    st.builds(Node, st.just("Customer"), st.integers(-(2**63), 2**63 - 1), troublesome),
    st.builds(Node, st.just("Film\t\\;"), troublesome, troublesome),
    st.none(),
)
kinds = st.sampled_from(["taste", "tie", "category", "popularity", "start"])
reasons = st.builds(Reason, finite, kinds, st.integers(0), nodes, st.builds(Words, ours, ours))
described = st.builds(Described, finite, st.booleans(), finite, st.lists(reasons, max_size=4).map(tuple))


@given(described)
def test_decode_is_the_inverse_of_encode(explanation: Described) -> None:
    assert decode(encode(explanation), SCHEMA) == explanation


@given(st.lists(st.lists(described, max_size=2), max_size=3))
def test_the_nodes_that_are_named_are_read_from_the_texts_each_once(told: list[list[Described]]) -> None:
    named = NamedNodes(Texts.of([[encode(each) for each in row] for row in told]), SCHEMA)
    assert len(named) == len(told)
    for row, of_user in enumerate(told):
        for (ids, labels), each in zip(named[row], of_user, strict=True):
            nodes = {(str(reason.node.key), reason.node.type): None for reason in each.reasons if reason.node}
            assert list(zip(ids, labels, strict=True)) == list(nodes)


def test_named_nodes_are_told_by_their_labels() -> None:
    schema = GraphSchema.parse(
        'recommend_to = "User"\nrecommend = "Item"\n[nodes.User]\nlabel = "Client"\n[nodes.Item]\nlabel = "SKU"\n'
    )
    words = Words(NAME, NAME)
    parts = tuple(Reason(1.0, "taste", 1, Node(kind, "k", "K"), words) for kind in ("Item", "User", "Item"))
    assert NamedNodes(Texts.of([[encode(Described(3.0, True, 0.0, parts))]]), schema)[0] == [
        (["k", "k"], ["SKU", "Client"])
    ]


@given(troublesome, troublesome, st.integers(0))
def test_words_are_filled_in_whatever_the_names_hold(title: str, name: str, count: int) -> None:
    words = Words(f"{NAME} → {TITLE}", f"{TITLE} {NAME} {COUNT}")
    reason = Reason(1.0, "taste", count, Node("Customer", 1, name), words)
    assert (reason.path(title), reason.text(title)) == (f"{name} → {title}", f"{title} {name} {count}")


def test_the_text_is_as_documented() -> None:
    words = Words(f"you → {NAME} → {TITLE}", "because")
    parts = (
        Reason(1.0, "taste", 41, Node("Film\t\\;", "a\nb", "A"), words),
        Reason(0.5, "popularity", 3, None, Words(TITLE, "popular")),
        Reason(0.25, "taste", 1, Node("Customer", 7, "7"), words),
    )
    assert encode(Described(2.0, True, 0.25, parts)).split("\n") == [
        "2.0\t1\t0.25",
        "1.0\ttaste\t41\tFilm\\t\\b;\ta\\nb\tA\t4",
        "0.5\tpopularity\t3\t\t\t\t5",
        "0.25\ttaste\t1\tCustomer\t7\t7\t4",
        "you → \\1 → \\0\tbecause",
        "\\0\tpopular",
    ]


def test_the_share_of_a_score_that_is_not_positive_is_nothing() -> None:
    reason = Reason(1.0, "taste", 1, None, Words("", ""))
    assert Described(4.0, True, 3.0, (reason,)).share(reason) == 1 / 4
    assert Described(0.0, True, -1.0, (reason,)).share(reason) == 0
    assert Described(-2.0, True, -3.0, (reason,)).share(reason) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.0",
        "1.0\t1\tx",
        "1.0\t1\t0.0\n1\t1\t1",
        "1\t1\t1\n1\tt\t1\tNo\t1\tn\t2\np\tt",
        "1\t1\t1\n1\tt\t1\t\t\t\t9",
    ],
)
def test_a_text_of_another_hand_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(PublishError, match="run graphrec-neo4j sync again"):
        decode(text, SCHEMA)
