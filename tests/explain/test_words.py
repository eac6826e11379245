import pytest

from graphrec_neo4j.explain.stored import NAME
from graphrec_neo4j.explain.words import CHOSE, friend, percent, verb_for


@pytest.mark.parametrize(
    ("relationship_type", "you", "others", "one"),
    [
        ("LISTENED", "listened to", "listen to", "listens to"),
        ("LISTENED_TO", "listened to", "listen to", "listens to"),
        ("listensTo", "listened to", "listen to", "listens to"),
        ("RATED", "rated", "rated", "rated"),
        ("BOUGHT", "bought", "bought", "bought"),
        ("HAS_PURCHASED", "bought", "bought", "bought"),
        ("hasVisited", "visited", "visited", "visited"),
        ("HAS_SKILL", "have", "have", "has"),
        ("BORROWED", "borrowed", "borrowed", "borrowed"),
        ("FOLLOWS", "follow", "follow", "follows"),
        ("INTERACTED", "chose", "chose", "chose"),
        ("NEED", "chose", "chose", "chose"),
        ("КУПИЛ", "chose", "chose", "chose"),
        ("", "chose", "chose", "chose"),
    ],
)
def test_the_verb_of_a_relationship_type(relationship_type: str, you: str, others: str, one: str) -> None:
    verb = verb_for(relationship_type)
    assert (verb.you, verb.others, verb.one) == (you, others, one)


def test_a_rating_above_the_threshold_is_a_liking() -> None:
    assert verb_for("RATED", liked=True).you == "liked"
    assert verb_for("SCORE", liked=True).you == "liked"
    assert verb_for("WATCHED", liked=True).you == "watched"


def test_present_tense_takes_do_and_past_takes_did() -> None:
    assert (verb_for("FOLLOWS").auxiliary, CHOSE.auxiliary) == ("do", "did")


def test_a_one_sided_tie_is_not_called_a_friend() -> None:
    assert friend("FOLLOWS", directed=True) == f"{NAME}, whom you follow,"
    assert friend("FOLLOWS", directed=False) == f"your friend {NAME}"
    assert friend("FRIEND_OF", directed=True) == f"your friend {NAME}"


def test_a_tie_that_runs_to_the_user_is_told_by_its_direction() -> None:
    assert friend("FOLLOWS", directed=True, backward=True) == f"{NAME}, who follows you,"
    assert friend("TRUSTED", directed=True, backward=True, named=False) == "someone who trusts you"
    assert friend("KNOWS", directed=True, backward=True) == f"your friend {NAME}"


@pytest.mark.parametrize(
    ("share", "exact", "words"),
    [
        (0.38, True, " (38 %)"),
        (0.38, False, " (about 38 %)"),
        (1.0, True, " (100 %)"),
        (0.001, True, " (under 1 %)"),
        (0.0, True, ""),
        (-0.2, True, ""),
        (1.2, False, ""),
    ],
)
def test_a_share_in_words(share: float, exact: bool, words: str) -> None:
    assert percent(share, exact=exact) == words
