"""Sentences against what the graph says, read by a person."""

import numpy as np
import pytest
from listeners import category, music_graph, named, of, taste, tie

from graphrec_neo4j.explain.sentences import Describer
from graphrec_neo4j.explain.stored import decode
from graphrec_neo4j.explain.words import paragraph, sentence, told
from graphrec_neo4j.results import NO_ITEM, Contribution
from graphrec_neo4j.snapshot import GraphSnapshot


@pytest.fixture
def music() -> GraphSnapshot:
    return music_graph()


def test_taste_and_a_friend_in_one_sentence(music: GraphSnapshot) -> None:
    assert Describer(music).reason(of(taste(38), tie(12)), 0, 1) == (
        "because you listened to Massive Attack, as did 41 people who also listen to Portishead (38 %); "
        "because your friend 1203 listens to it (12 %)"
    )


def test_a_category(music: GraphSnapshot) -> None:
    assert Describer(music).reason(of(category(9)), 0, 1) == "because 5 things you like are in trip hop (9 %)"
    assert Describer(music).reason(of(category(9, 1)), 0, 1) == "because one thing you like is in trip hop (9 %)"
    assert Describer(music).reason(of(category(9, 0)), 0, 1) == "because you like things in trip hop (9 %)"


def test_one_other_person_is_singular(music: GraphSnapshot) -> None:
    assert "as did one person who also listens to Portishead" in Describer(music).reason(of(taste(38, 1)), 0, 1)


def test_an_approximation_says_so(music: GraphSnapshot) -> None:
    near = Contribution("taste", 38.0, (("Artist", 0),))
    assert Describer(music).reason(of(near, exact=False), 0, 1) == (
        "because you listened to Massive Attack, which is like Portishead (about 38 %)"
    )


def test_a_second_reason_under_five_per_cent_is_left_out(music: GraphSnapshot) -> None:
    assert Describer(music).reason(of(taste(38), tie(4)), 0, 1).count("because") == 1


def test_an_item_without_a_name_is_called_by_its_id(music: GraphSnapshot) -> None:
    assert Describer(music).reason(of(taste(38)), 0, 2).endswith("who also listen to c (38 %)")


def test_a_score_without_contributions_is_popularity(music: GraphSnapshot) -> None:
    assert Describer(music).reason(of(score=0.0), 0, 0) == "popular: 2 people listened to it"
    assert Describer(music).reason(of(score=0.0), 0, 1) == "popular: one person listens to it"
    assert Describer(music).reason(of(score=0.0), 0, 2) == "not chosen by anyone yet"


def test_a_start_counts_those_who_began_so(music: GraphSnapshot) -> None:
    many, one = (Contribution("start", 0.25, (), count) for count in (12, 1))
    assert Describer(music).reason(of(many, score=0.25), 0, 1) == (
        "because 12 people listened to it among their first (100 %)"
    )
    assert Describer(music).reason(of(one, score=0.25), 0, 1).startswith("because one person listens to it among")


def test_popularity_counts_what_the_model_counted(music: GraphSnapshot) -> None:
    whole = Contribution("popularity", 512.0, (), 512)
    assert Describer(music).reason(of(whole, score=512.0), 0, 1) == "popular: 512 people listened to it (100 %)"


def test_contributions_and_the_rest_add_up_to_the_score(music: GraphSnapshot) -> None:
    parts = (taste(1 / 3), tie(1 / 7), category(1 / 9))
    seen = Describer(music).described(of(*parts, score=2 / 3), 0, 1)
    assert seen.other + sum(reason.score for reason in seen.reasons) == pytest.approx(2 / 3, abs=1e-15)
    assert seen.other == pytest.approx(2 / 3 - 1 / 3 - 1 / 7 - 1 / 9, abs=1e-6)
    assert [seen.share(reason) for reason in seen.reasons] == [1 / 2, round(3 / 14, 4), round(1 / 6, 4)]


def test_stored_and_read_again(music: GraphSnapshot) -> None:
    describer, why = Describer(music), of(taste(38), tie(12), category(9))
    assert decode(describer.stored(why, 0, 1), music.schema) == describer.described(why, 0, 1)


def test_a_block_is_its_pairs_without_the_empty_places(music: GraphSnapshot) -> None:
    describer, why = Describer(music), of(taste(38))
    reasons, texts = describer.block([[why], [why, why]], [0, 1], np.array([[1, NO_ITEM], [2, 1]]))
    assert reasons == [[describer.reason(why, 0, 1)], [describer.reason(why, 1, 2), describer.reason(why, 1, 1)]]
    assert texts == [[describer.stored(why, 0, 1)], [describer.stored(why, 1, 2), describer.stored(why, 1, 1)]]


def test_more_reasons_on_request(music: GraphSnapshot) -> None:
    described = Describer(music).described(of(taste(38), tie(12), category(9)), 0, 1)
    assert sentence(described, "Portishead", most=3).endswith("; because 5 things you like are in trip hop (9 %)")
    assert [share for _, share in told(described, "Portishead")] == [0.38, 0.12, 0.09]


def test_the_paths_in_words(music: GraphSnapshot) -> None:
    described = Describer(music).described(of(taste(38), tie(12), category(9)), 0, 1)
    assert [reason.path("Portishead") for reason in described.reasons] == [
        "you → Massive Attack → 41 people → Portishead",
        "you → 1203 → Portishead",
        "you → 5 things → trip hop → Portishead",
    ]


def test_names_that_look_like_our_own_marks_stay_what_they_are(music: GraphSnapshot) -> None:
    nodes = {**music.nodes, "Artist": named("Artist", ["\\2 \\0\t", "\\1\\b\n", None], ["a", "b", "c"])}
    graph = GraphSnapshot(music.schema, nodes, music.edges)
    assert Describer(graph).reason(of(taste(38)), 0, 1) == (
        "because you listened to \\2 \\0\t, as did 41 people who also listen to \\1\\b\n (38 %)"
    )


def test_a_paragraph_tells_all_reasons_and_the_rest(music: GraphSnapshot) -> None:
    described = Describer(music).described(of(taste(38), tie(12), category(9)), 0, 1)
    assert paragraph(described, "Portishead") == (
        "Portishead: because you listened to Massive Attack, as did 41 people who also listen to Portishead (38 %); "
        "because your friend 1203 listens to it (12 %); because 5 things you like are in trip hop (9 %); "
        "and 41 % from all else."
    )
    near = Contribution("taste", 100.0, (("Artist", 0),))
    assert paragraph(Describer(music).described(of(near, exact=False), 0, 1), "Portishead") == (
        "Portishead: because you listened to Massive Attack, which is like Portishead (about 100 %). "
        "The shares are an approximation: the model is not a sum of paths."
    )
