"""Sentences against what the graph says, read by a person."""

import numpy as np
import pytest

from graphrec_neo4j.explain.sentences import Describer
from graphrec_neo4j.explain.stored import decode
from graphrec_neo4j.explain.words import paragraph, sentence, told
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

MUSIC = """
    recommend_to = "User"
    recommend = "Artist"
    [nodes.User]
    key_type = "integer"
    [nodes.Artist]
    name = "name"
    [nodes.Tag]
    name = "name"
    [edges.LISTENED]
    from = "User"
    to = "Artist"
    [edges.FRIEND_OF]
    from = "User"
    to = "User"
    directed = false
    [edges.TAGGED]
    from = "Artist"
    to = "Tag"
"""


def edges(*pairs: tuple[int, int]) -> Edges:
    table = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    return Edges(table[:, 0].copy(), table[:, 1].copy())


def named(kind: str, names: list[str | None], keys: list[str | int], key_type: str = "string") -> Nodes:
    return Nodes(IdMap(kind, keys, key_type), np.array(names, dtype=object))  # type: ignore[arg-type]


@pytest.fixture
def music() -> GraphSnapshot:
    return GraphSnapshot(
        GraphSchema.parse(MUSIC),
        {
            "User": Nodes(IdMap("User", [7, 1203], "integer")),
            "Artist": named("Artist", ["Massive Attack", "Portishead", None], ["a", "b", "c"]),
            "Tag": named("Tag", ["trip hop"], ["t"]),
        },
        {"LISTENED": edges((0, 0), (1, 0), (1, 1)), "FRIEND_OF": edges((0, 1)), "TAGGED": edges((0, 0), (1, 0))},
    )


def taste(score: float, count: int = 41, row: int = 0) -> Contribution:
    return Contribution("taste", score, (("Artist", row),), count, ("LISTENED", "LISTENED", "LISTENED"))


def tie(score: float) -> Contribution:
    return Contribution("tie", score, (("User", 1),), 1, ("FRIEND_OF", "LISTENED"))


def category(score: float, count: int = 5) -> Contribution:
    return Contribution("category", score, (("Tag", 0),), count, ("LISTENED", "TAGGED", "TAGGED"))


def of(*parts: Contribution, score: float = 100.0, exact: bool = True) -> Explanation:
    return Explanation(score, parts, score - sum(part.score for part in parts), exact)


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


def test_other_users_are_never_named_but_ones_own_friends(music: GraphSnapshot) -> None:
    through = Contribution("taste", 38.0, (("Artist", 0), ("User", 1)), 41, ("LISTENED",) * 3)
    beyond = Contribution("tie", 12.0, (("User", 0), ("User", 1)), 3, ("FRIEND_OF", "FRIEND_OF", "LISTENED"))
    seen = Describer(music).described(of(through, beyond), 1, 1)
    assert [reason.node[:2] for reason in seen.reasons if reason.node] == [("Artist", "a"), ("User", 7)]
    assert "1203" not in "".join(reason.text("") + reason.path("") for reason in seen.reasons)
    assert seen.reasons[1].text("") == "because 3 people close to your friend 7 listen to it"


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


def test_of_several_interaction_types_the_users_own_is_told() -> None:
    shop = GraphSchema.parse(
        """
        recommend_to = "User"
        recommend = "Item"
        [nodes.User]
        key_type = "integer"
        [nodes.Item]
        key_type = "integer"
        [edges.VIEWED]
        from = "User"
        to = "Item"
        [edges.BOUGHT]
        from = "User"
        to = "Item"
        importance = 5.0
        """
    )
    two = {"User": Nodes(IdMap("User", [1, 2], "integer")), "Item": Nodes(IdMap("Item", [10, 20, 30], "integer"))}
    graph = GraphSnapshot(shop, two, {"VIEWED": edges((0, 0), (0, 1)), "BOUGHT": edges((0, 0), (1, 2))})
    through = [Contribution("taste", 1.0, (("Item", row),), 2, ("*", "*", "*")) for row in (0, 1)]
    texts = [Describer(graph).described(of(part, score=1.0), 0, 2).reasons[0].text("30") for part in through]
    assert texts == [
        "because you bought 10, as did 2 people who also chose 30",
        "because you viewed 20, as did 2 people who also chose 30",
    ]


def test_people_who_are_recommended_people_follow_in_the_present_tense() -> None:
    people = GraphSchema.parse(
        """
        recommend_to = "Person"
        recommend = "Person"
        [nodes.Person]
        [edges.FOLLOWS]
        from = "Person"
        to = "Person"
        """
    )
    graph = GraphSnapshot(
        people, {"Person": Nodes(IdMap("Person", ["ann", "bob", "cy"], "string"))}, {"FOLLOWS": edges((0, 1), (2, 1))}
    )
    part = Contribution("taste", 1.0, (("Person", 1),), 3, ("FOLLOWS", "FOLLOWS", "FOLLOWS"))
    assert Describer(graph).reason(of(part, score=2.0), 0, 2) == (
        "because you follow bob, as do 3 people who also follow cy (50 %)"
    )


def test_a_shared_skill() -> None:
    jobs = GraphSchema.parse(
        """
        recommend_to = "Member"
        recommend = "Job"
        [nodes.Member]
        [nodes.Job]
        [nodes.Skill]
        [edges.HAS_SKILL]
        from = "Member"
        to = "Skill"
        [edges.REQUIRES]
        from = "Job"
        to = "Skill"
        """
    )
    nodes = {name: Nodes(IdMap(name, [f"{name} 1"], "string")) for name in ("Member", "Job", "Skill")}
    graph = GraphSnapshot(jobs, nodes, {"HAS_SKILL": edges((0, 0)), "REQUIRES": edges((0, 0))})
    part = Contribution("category", 1.0, (("Skill", 0),), 0, ("HAS_SKILL", "REQUIRES"))
    assert Describer(graph).reason(of(part, score=1.0), 0, 0) == (
        "because you have Skill 1, and Job 1 goes with it (100 %)"
    )


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


def with_reasons(music: GraphSnapshot, entries: str) -> GraphSnapshot:
    return GraphSnapshot(GraphSchema.parse(MUSIC + entries), music.nodes, music.edges)


def test_a_team_writes_its_own_sentences(music: GraphSnapshot) -> None:
    german = with_reasons(
        music,
        """
        [reasons.sentences]
        taste = "weil {count} Leute mit {name} auch {title} hören"
        tie = "weil {name} es hört"
        """,
    )
    assert Describer(german).reason(of(taste(38), tie(12)), 0, 1) == (
        "weil 41 Leute mit Massive Attack auch Portishead hören (38 %); weil 1203 es hört (12 %)"
    )
    assert Describer(german).reason(of(category(9)), 0, 1) == "because 5 things you like are in trip hop (9 %)"


def test_braces_of_a_sentence_are_braces(music: GraphSnapshot) -> None:
    braces = with_reasons(music, "[reasons.sentences]\ntie = 'because {{of}} {name}'")
    assert Describer(braces).reason(of(tie(12)), 0, 1) == "because {of} 1203 (12 %)"


def test_nobody_is_named_where_nobody_may_be(music: GraphSnapshot) -> None:
    private = with_reasons(music, "[reasons]\npeople = 'nobody'")
    beyond = Contribution("tie", 12.0, (("User", 1), ("User", 0)), 3, ("FRIEND_OF", "FRIEND_OF", "LISTENED"))
    seen = Describer(private).described(of(tie(12), beyond), 0, 1)
    assert [reason.node for reason in seen.reasons] == [None, None]
    assert [reason.text("Portishead") for reason in seen.reasons] == [
        "because a friend of yours listens to it",
        "because 3 people close to a friend of yours listen to it",
    ]
    assert seen.reasons[0].path("Portishead") == "you → someone → Portishead"
    assert "1203" not in Describer(private).stored(of(tie(12), beyond), 0, 1)


def test_people_are_named_where_everybody_may_be(music: GraphSnapshot) -> None:
    more = Nodes(IdMap("User", [7, 8, 9, 10], "integer"), np.array(["Ann", "Bo\\b", "Cy", "Di"], dtype=object))
    likes = edges((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
    schema = GraphSchema.parse(
        MUSIC.replace('"integer"', '"integer"\n    name = "name"') + "[reasons]\npeople = 'everybody'"
    )
    none = np.array([], dtype=np.int32)
    open_one = GraphSnapshot(
        schema,
        {**music.nodes, "User": more},
        {"LISTENED": likes, "FRIEND_OF": Edges(none, none), "TAGGED": Edges(none, none)},
    )
    describer = Describer(open_one)

    def told(count: int) -> str:
        return decode(describer.stored(of(taste(38, count)), 0, 1), schema).reasons[0].text("Portishead")

    assert told(2) == "because you listened to Massive Attack, as did Bo\\b and Cy who also listen to Portishead"
    assert told(3).startswith("because you listened to Massive Attack, as did Bo\\b, Cy and one other person who")
    assert told(41).startswith("because you listened to Massive Attack, as did Bo\\b, Cy and 39 more people who")


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


FOLLOWERS = """
    recommend_to = "User"
    recommend = "Item"
    [nodes.User]
    name = "name"
    [nodes.Item]
    name = "name"
    [edges.LIKES]
    from = "User"
    to = "Item"
    [edges.FOLLOWS]
    from = "User"
    to = "User"
    [edges.TRUSTS]
    from = "User"
    to = "User"
"""


@pytest.mark.parametrize(
    ("friend", "through", "said", "way"),
    [
        (1, ("FOLLOWS",), "because Bob, whom you follow, likes it", "you → Bob → Tea"),
        (2, ("FOLLOWS",), "because Cy, who follows you, likes it", "you ← Cy → Tea"),
        (3, ("FOLLOWS",), "because Di, whom you follow, likes it", "you → Di → Tea"),
        (2, ("TRUSTS", "FOLLOWS"), "because Cy, who follows you, likes it", "you ← Cy → Tea"),
        (4, ("FOLLOWS", "TRUSTS"), "because Ed, who trusts you, likes it", "you ← Ed → Tea"),
    ],
)
def test_a_tie_is_worded_by_the_way_it_runs(friend: int, through: tuple[str, ...], said: str, way: str) -> None:
    """Ann follows Bob, Cy follows Ann, Di and Ann follow each other, Ed trusts Ann; models may hear all four."""
    snapshot = GraphSnapshot(
        GraphSchema.parse(FOLLOWERS),
        {
            "User": named("User", ["Ann", "Bob", "Cy", "Di", "Ed"], list("abcde")),
            "Item": named("Item", ["Tea"], ["t"]),
        },
        {
            "LIKES": edges((1, 0), (2, 0), (3, 0), (4, 0)),
            "FOLLOWS": edges((0, 1), (2, 0), (3, 0), (0, 3)),
            "TRUSTS": edges((4, 0)),
        },
    )
    part = Contribution("tie", 1.0, (("User", friend),), 0, (*through, "LIKES"))
    described = Describer(snapshot).described(Explanation(2.0, (part,), 1.0, True), 0, 0)
    assert described.reasons[0].text("Tea") == said
    assert described.reasons[0].path("Tea") == way
