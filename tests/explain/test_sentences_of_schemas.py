"""Sentences as a schema makes them: its own types, a team's wording, who may be named."""

import numpy as np
import pytest
from listeners import MUSIC, category, edges, music_graph, named, of, taste, tie

from graphrec_neo4j.explain.sentences import Describer
from graphrec_neo4j.explain.stored import decode
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.results import Contribution, Explanation
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes


@pytest.fixture
def music() -> GraphSnapshot:
    return music_graph()


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


def test_other_users_are_never_named_but_ones_own_friends(music: GraphSnapshot) -> None:
    through = Contribution("taste", 38.0, (("Artist", 0), ("User", 1)), 41, ("LISTENED",) * 3)
    beyond = Contribution("tie", 12.0, (("User", 0), ("User", 1)), 3, ("FRIEND_OF", "FRIEND_OF", "LISTENED"))
    seen = Describer(music).described(of(through, beyond), 1, 1)
    assert [reason.node[:2] for reason in seen.reasons if reason.node] == [("Artist", "a"), ("User", 7)]
    assert "1203" not in "".join(reason.text("") + reason.path("") for reason in seen.reasons)
    assert seen.reasons[1].text("") == "because 3 people close to your friend 7 listen to it"


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
