"""The commands that list, on a graph that was loaded and published once, against brute force on its arrays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import neo4j
import numpy as np
import pytest
from world import AWKWARD_ITEM, AWKWARD_USER, LONELY, PUBLISHED, Ask, liked_by, walk_parts

from graphrec_neo4j.snapshot import GraphSnapshot

pytestmark = pytest.mark.live


def test_a_list_is_the_published_walk(music: GraphSnapshot, rows: Callable) -> None:
    user = music.users.ids.row(AWKWARD_USER)
    scores = walk_parts(music, user).sum(axis=0)
    scores[music.seen[user].indices] = -1
    listed = rows("recommend", AWKWARD_USER, "--k", "7")
    assert [row["rank"] for row in listed] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["score"] for row in listed] == pytest.approx(sorted(scores, reverse=True)[:7], rel=1e-5)
    assert [scores[music.items.ids.row(row["item"])] for row in listed] == pytest.approx(
        [row["score"] for row in listed], rel=1e-5
    )
    assert all(row["reason"].startswith("because you listened to ") and row["title"] for row in listed)
    assert list(listed[0]) == ["rank", "item", "title", "score", "reason"]


def test_more_than_was_published_is_what_there_is_and_one_line(ask: Ask) -> None:
    code, out, err = ask("recommend", "u01", "--k", "50", "--json")
    assert (code, len(json.loads(out))) == (0, PUBLISHED)
    assert err == "only 20 items are published for Listener 'u01', so 50 cannot be shown.\n"


def test_an_unknown_user_is_one_sentence(ask: Ask) -> None:
    assert ask("recommend", "nobody") == (1, "", "error: there is no Listener with id 'nobody' in the database.\n")
    assert ask("similar", "nothing") == (1, "", "error: there is no Artist with id 'nothing' in the database.\n")
    assert ask("explain", "nobody", "a00")[0] == ask("browser", "u01", "nothing", "--json")[0] == 1


def test_a_user_without_edges_has_a_list_of_what_is_popular(rows: Callable) -> None:
    assert {row["reason"].split(":")[0] for row in rows("recommend", LONELY)} == {"popular"}


def newcomer(driver: neo4j.Driver, key: str, items: list[str]) -> None:
    driver.execute_query(
        """CREATE (u:Listener {no: $key})
           WITH u UNWIND $items AS no MATCH (a:Artist {no: no}) CREATE (u)-[:LISTENED]->(a)""",
        key=key,
        items=items,
    )


def remove(driver: neo4j.Driver, key: str) -> None:
    driver.execute_query("MATCH (u:Listener {no: $key}) DETACH DELETE u", key=key)


def test_a_newcomer_is_answered_from_her_own_edges(music: GraphSnapshot, driver: neo4j.Driver, ask: Ask) -> None:
    mine = ["a01", "a02", AWKWARD_ITEM]
    newcomer(driver, "new", mine)
    code, out, err = ask("recommend", "new", "--k", "12", "--json")
    remove(driver, "new")
    listed = json.loads(out)
    liked = (music.interactions > 0).toarray()
    nearness = np.zeros(len(music.users))
    for key in mine:
        column = liked[:, music.items.ids.row(key)]
        nearness += column / (column.sum() + 1)
    expected = nearness @ liked
    expected[music.items.ids.rows_of(mine)] = 0
    assert code == 0
    assert [row["score"] for row in listed] == pytest.approx(sorted(expected, reverse=True)[:12])
    assert [expected[music.items.ids.row(row["item"])] for row in listed] == pytest.approx(
        [row["score"] for row in listed]
    )
    people = int((liked[:, music.items.ids.row(listed[0]["item"])] & (nearness > 0)).sum())
    assert listed[0]["reason"] == f"because {people} people with your taste chose it"
    assert err.count("\n") == 1
    assert "arrived after the last sync" in err


def test_a_newcomer_without_edges_gets_k_popular_items(driver: neo4j.Driver, ask: Ask, rows: Callable) -> None:
    newcomer(driver, "new", [])
    listed = json.loads(ask("recommend", "new", "--json")[1])
    remove(driver, "new")
    assert [row["item"] for row in listed] == [row["item"] for row in rows("query", "popular")]
    assert {row["reason"] for row in listed} == {"popular"}


def test_what_is_similar_is_nearest_by_cosine(music: GraphSnapshot, driver: neo4j.Driver, rows: Callable) -> None:
    found = driver.execute_query(
        """MATCH (p:GraphRecPointer) MATCH (a:Artist) WHERE a[p.item_vector] IS NOT NULL
           RETURN a.no AS no, a[p.item_vector] AS v"""
    ).records
    vectors = {row["no"]: np.array(row["v"]) / np.linalg.norm(row["v"]) for row in found}
    wanted = sorted(((vectors["a05"] @ v, no) for no, v in vectors.items() if no != "a05"), reverse=True)[:6]
    listed = rows("similar", "a05", "--k", "6")
    assert [row["score"] for row in listed] == pytest.approx([cosine for cosine, _ in wanted], abs=1e-5)
    assert [row["item"] for row in listed] == [no for _, no in wanted]
    assert list(listed[0]) == ["rank", "item", "title", "score"]


def test_an_item_without_a_vector_is_said_and_not_an_error(driver: neo4j.Driver, ask: Ask) -> None:
    driver.execute_query("CREATE (:Artist {no: 'new'})")
    code, out, err = ask("similar", "new", "--json")
    driver.execute_query("MATCH (a:Artist {no: 'new'}) DELETE a")
    assert (code, json.loads(out)) == (0, [])
    assert "has no published vector" in err


def test_what_friends_like(music: GraphSnapshot, rows: Callable) -> None:
    liked, ties = liked_by(music), music.edges["FRIEND_OF"]
    pairs = [(music.users.ids.key(a), music.users.ids.key(b)) for a, b in zip(ties.source, ties.target, strict=True)]
    friends = {b for a, b in pairs if a == "u05"} | {a for a, b in pairs if b == "u05"}
    counts = Counter(item for friend in friends for item in liked[friend] - liked["u05"])
    listed = rows("query", "friends_items", "user_id=u05", "k=100")
    assert {row["item"]: row["score"] for row in listed} == counts
    assert [row["score"] for row in listed] == sorted(counts.values(), reverse=True)
    assert listed[-1]["reason"].startswith("because your friend u")


@pytest.mark.parametrize("name", ["vector_items", "unseen_items", "popular", "top_items_in_category"])
def test_k_unseen_items_come_back_although_she_has_gone_on(
    music: GraphSnapshot, driver: neo4j.Driver, rows: Callable, name: str
) -> None:
    given = ["user_id=u06", "k=6", *(["category_id=2"] if name == "top_items_in_category" else [])]
    before = [row["item"] for row in rows("query", name, *given)]
    newly = "MATCH (u:Listener {no: 'u06'}) UNWIND $items AS no MATCH (a:Artist {no: no}) "
    driver.execute_query(newly + "CREATE (u)-[:LISTENED {new: true}]->(a)", items=before[:3])
    after = [row["item"] for row in rows("query", name, *given)]
    driver.execute_query("MATCH ()-[r:LISTENED {new: true}]->() DELETE r")
    seen = liked_by(music)["u06"] | set(before[:3])
    assert len(set(after)) == len(after) == len(before) == 6
    assert not set(after) & seen
    assert after[:3] == before[3:]


def test_items_of_one_category(music: GraphSnapshot, driver: neo4j.Driver, rows: Callable) -> None:
    tagged = music.edges["TAGGED"]
    of_two = {music.items.ids.key(i) for i, t in zip(tagged.source, tagged.target, strict=True) if t == 2}
    unseen = of_two - liked_by(music)["u06"]
    published = [row["item"] for row in rows("recommend", "u06", "--k", "20") if row["item"] in of_two]
    mine = rows("query", "top_items_in_category", "user_id=u06", "category_id=2", "k=50")
    assert {row["item"] for row in mine} == unseen
    assert [row["item"] for row in mine if row["source"] == "published"] == published
    scores = [row["score"] for row in mine if row["source"] == "vector"]
    assert scores == sorted(scores, reverse=True)
    popular = rows("query", "popular_in_category", "category_id=2", "k=50")
    assert {row["item"] for row in popular} == of_two
    assert [row["score"] for row in popular] == sorted((row["score"] for row in popular), reverse=True)
    assert {
        row["item"] for row in rows("query", "popular_in_category", "category_id=2", "user_id=u06", "k=50")
    } == unseen


@pytest.mark.parametrize("k", [5, 50])
def test_a_huge_category_gives_the_same_answer_by_its_short_cut(driver: neo4j.Driver, rows: Callable, k: int) -> None:
    asked = {
        "popular_in_category": ["category_id=2", "user_id=u06", f"k={k}"],
        "top_items_in_category": ["category_id=2", "user_id=u06", f"k={k}"],
    }
    before = {name: rows("query", name, *given) for name, given in asked.items()}
    driver.execute_query("MATCH (t:Tag {id: 2}) UNWIND range(1, 2001) AS n CREATE (:Artist:Filler)-[:TAGGED]->(t)")
    after = {name: rows("query", name, *given) for name, given in asked.items()}
    driver.execute_query("MATCH (a:Filler) DETACH DELETE a")
    for name in asked:
        known = len(before[name])
        assert after[name][:known] == before[name]
        assert len(after[name]) == k


def test_a_users_nearest_items_by_vector_without_those_seen(driver: neo4j.Driver, rows: Callable) -> None:
    found = driver.execute_query(
        """MATCH (p:GraphRecPointer) MATCH (u:Listener {no: 'u07'}) MATCH (a:Artist)
           WHERE a[p.item_vector] IS NOT NULL AND NOT EXISTS { (u)-[:LISTENED]->(a) }
           RETURN a.no AS no, a[p.item_vector] AS v, u[p.user_vector] AS mine"""
    ).records
    cosines = {
        row["no"]: np.dot(row["v"], row["mine"]) / np.linalg.norm(row["v"]) / np.linalg.norm(row["mine"])
        for row in found
    }
    listed = rows("query", "vector_items", "user_id=u07", "k=8")
    assert [row["score"] for row in listed] == pytest.approx(sorted(cosines.values(), reverse=True)[:8], abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["top_itms"], 1, "error: there is no query 'top_itms', the nearest is 'top_items'"),
        (["read/node_name", "key=1"], 1, "error: there is no query 'read/node_name'"),
        (["explain/top_items", "user_id=u01"], 1, "error: there is no query 'explain/top_items'"),
        (["top_items"], 1, "error: recommend/top_items needs user_id (key)."),
        (["top_items", "user=u01"], 1, "error: recommend/top_items has no parameter 'user', the nearest is 'user_id'."),
        (["top_items", "user_id=u01", "k=few"], 1, "error: recommend/top_items: k is a whole number"),
        (["popular_in_category", "category_id=jazz"], 1, "error: category ids are integers here, and 'jazz' is none."),
        (["top_items", "u01"], 2, "'u01' is not PARAM=VALUE."),
        (["top_items", "user_id=nobody"], 0, "no rows."),
    ],
)
def test_a_query_that_cannot_run_says_why(ask: Ask, arguments: list[str], code: int, said: str) -> None:
    ended, out, err = ask("query", *arguments)
    assert (ended, out) == (code, "")
    assert said in err
