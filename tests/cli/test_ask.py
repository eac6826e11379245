"""The commands that answer, on a graph that was loaded and published once, against brute force on its arrays."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import neo4j
import numpy as np
import pytest
from world import AWKWARD_ITEM, AWKWARD_TITLE, AWKWARD_USER, LONELY, PUBLISHED, SCHEMA, publish_music

from graphrec_neo4j.cli import main
from graphrec_neo4j.explain.stored import decode
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot

pytestmark = pytest.mark.live
Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def driver(neo4j_connection: Connection) -> Iterator[neo4j.Driver]:
    auth = (neo4j_connection.username, neo4j_connection.password)
    with neo4j.GraphDatabase.driver(neo4j_connection.uri, auth=auth, notifications_min_severity="OFF") as driver:
        yield driver


@pytest.fixture(scope="module")
def music(
    neo4j_connection: Connection,
    wipe_database: Callable[[], None],
    driver: neo4j.Driver,
    tmp_path_factory: pytest.TempPathFactory,
) -> GraphSnapshot:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        wipe_database()
        return publish_music(neo4j_connection)


@pytest.fixture
def ask(
    neo4j_connection: Connection,
    music: GraphSnapshot,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Ask:
    """Run a command from an empty folder; returns the exit code, stdout and stderr."""
    monkeypatch.setenv("NEO4J_URI", neo4j_connection.uri)
    monkeypatch.setenv("NEO4J_USERNAME", neo4j_connection.username)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_connection.password)
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["graphrec-neo4j", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return run


@pytest.fixture
def rows(ask: Ask) -> Callable[..., list[dict]]:
    """Run a command with --json that must succeed, and return the one value on stdout."""

    def run(*arguments: str) -> list[dict]:
        code, out, _ = ask(*arguments, "--json")
        assert code == 0
        return json.loads(out)

    return run


def walk_parts(music: GraphSnapshot, user: int) -> np.ndarray:
    """P3 by its definition, dense: row a is the part of every item's score that goes through item a."""
    liked = music.interactions.toarray()
    from_user = liked / np.maximum(1, liked.sum(axis=1, keepdims=True))
    from_item = (liked / np.maximum(1, liked.sum(axis=0, keepdims=True))).T
    return from_user[user][:, None] * (from_item @ from_user)


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


def test_an_explanation_adds_up_and_is_the_walks_own_arithmetic(music: GraphSnapshot, rows: Callable) -> None:
    user = music.users.ids.row("u01")
    for listed in rows("recommend", "u01", "--k", "8"):
        told = rows("explain", "u01", listed["item"])
        item = music.items.ids.row(listed["item"])
        parts = np.sort(walk_parts(music, user)[:, item])[::-1]
        scores = [part["score"] for part in told["contributions"]]
        assert told["exact"] is True
        assert told["score"] == pytest.approx(sum(scores) + told["other"], abs=1e-12)
        assert told["score"] == pytest.approx(listed["score"], rel=1e-6)
        assert scores == pytest.approx(parts[: len(scores)], rel=1e-5)
        assert [part["share"] for part in told["contributions"]] == pytest.approx(
            parts[: len(scores)] / parts.sum(), abs=1e-4
        )
    assert {"user", "item", "score", "exact", "contributions", "other", "browser"} <= set(told)
    assert told["short"] == listed["reason"]
    assert all(part["text"] in told["long"] for part in told["contributions"])


def test_an_explanation_for_people(ask: Ask, rows: Callable) -> None:
    best = rows("recommend", "u01", "--k", "1")[0]
    code, out, err = ask("explain", "u01", best["item"])
    first, *lines = out.splitlines()
    assert (code, err) == (0, "")
    assert first.startswith(f"{best['title']} for u01: score ")
    assert [line.strip() for line in lines[:2]] == best["reason"].split("; ")
    assert lines[-1].startswith("Browser: http://")


def test_in_a_terminal_a_command_stands_for_the_long_link(
    ask: Ask, rows: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = rows("recommend", "u01", "--k", "1")[0]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert (
        ask("explain", "u01", best["item"])[1].splitlines()[-1] == f"Browser: graphrec-neo4j browser u01 {best['item']}"
    )


def test_a_pair_that_is_not_published_is_explained_by_the_model(music: GraphSnapshot, ask: Ask, rows: Callable) -> None:
    user = music.users.ids.row("u01")
    published = {row["item"] for row in rows("recommend", "u01", "--k", "20")}
    other = next(key for key in music.items.ids.keys if key not in published)
    code, out, err = ask("explain", "u01", other, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["score"] == pytest.approx(walk_parts(music, user)[:, music.items.ids.row(other)].sum(), rel=1e-5)
    assert "not in the published list" in err


@pytest.mark.parametrize(
    ("at", "since", "said"),
    [
        (978_310_800_000, "2001-01-01T01:00:00Z", "2001-01-01 01:00 UTC"),
        (978_307_200_000, "2001-01-01T00:00:00Z", "2001-01-01"),
    ],
)
def test_what_a_user_already_has_is_said_with_the_first_time(
    music: GraphSnapshot, driver: neo4j.Driver, ask: Ask, rows: Callable, at: int, since: str, said: str
) -> None:
    item = min(liked_by(music)["u03"])
    names = dict(zip(music.items.ids.keys, music.items.names, strict=True))
    driver.execute_query(
        """MATCH (u:Listener {no: 'u03'}) MATCH (a:Artist {no: $item})
           UNWIND [1800000000000, $at, null] AS at CREATE (u)-[:LISTENED {at: at, new: true}]->(a)""",
        item=item,
        at=at,
    )
    told, out = rows("explain", "u03", item), ask("explain", "u03", item)[1]
    driver.execute_query("MATCH ()-[r:LISTENED {new: true}]->() DELETE r")
    assert (told["seen"], told["seen_since"]) == (True, since)
    assert out.splitlines()[0] == f"u03 already has {names[item] or item}, since {said}."


def test_a_published_item_that_a_user_took_since_is_one_she_has(driver: neo4j.Driver, ask: Ask, rows: Callable) -> None:
    best = rows("recommend", "u01", "--k", "1")[0]
    before = rows("explain", "u01", best["item"])
    taken = "MATCH (u:Listener {no: 'u01'}) MATCH (a:Artist {no: $item}) CREATE (u)-[:LISTENED {new: true}]->(a)"
    driver.execute_query(taken, item=best["item"])
    after, out = rows("explain", "u01", best["item"]), ask("explain", "u01", best["item"])[1]
    driver.execute_query("MATCH ()-[r:LISTENED {new: true}]->() DELETE r")
    assert (before["seen"], before["seen_since"]) == (False, None)
    assert after == {**before, "seen": True}
    assert out.startswith(f"u01 already has {best['title']}.\n{best['title']} for u01: score ")


def test_the_table_in_pure_cypher_is_what_python_reads(driver: neo4j.Driver, rows: Callable) -> None:
    awkward = 0
    lists = driver.execute_query(
        """MATCH (p:GraphRecPointer) MATCH (u:Listener)
           RETURN u.no AS no, u[p.items] AS items, u[p.why] AS why LIMIT 12"""
    ).records
    titles = {
        row["no"]: row["title"]
        for row in driver.execute_query("MATCH (a:Artist) RETURN a.no AS no, coalesce(a.called, a.no) AS title").records
    }
    for user in lists:
        table = rows("query", "why_table", f"user_id={user['no']}")
        for item, why in zip(user["items"], user["why"], strict=True):
            told = decode(why, SCHEMA)
            mine = [row for row in table if row["item"] == item]
            shown = [(r["contribution"], r["kind"], r["path"], r["text"]) for r in mine]
            parts = [(r.score, r.kind, r.path(titles[item]), r.text(titles[item])) for r in told.reasons]
            assert shown == [*parts, (told.other, "other", None, None)]
            assert {(r["score"], r["exact"]) for r in mine} == {(told.score, told.exact)}
            awkward += AWKWARD_TITLE in str(parts[0][3])
    assert awkward, "no explanation speaks of the awkward name, so nothing was tested"


def liked_by(music: GraphSnapshot) -> dict[str, set[str]]:
    pairs = music.interactions.tocoo()
    made = defaultdict(set)
    for user, item in zip(pairs.row, pairs.col, strict=True):
        made[music.users.ids.key(user)].add(music.items.ids.key(item))
    return made


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


def ends(path: dict) -> tuple[str, str]:
    return path["nodes"][0]["id"], path["nodes"][-1]["id"]


def test_the_browser_link_runs_without_parameters_whatever_is_in_the_ids(
    driver: neo4j.Driver, rows: Callable, neo4j_connection: Connection
) -> None:
    best = rows("recommend", AWKWARD_USER, "--k", "1")[0]["item"]
    for user, item in ((AWKWARD_USER, best), ("u00", AWKWARD_ITEM)):
        link = urlsplit(rows("explain", user, item)["browser"])
        arguments = parse_qs(link.query)
        cypher = arguments["arg"][0]
        assert (link.path, arguments["cmd"]) == ("/browser/", ["edit"])
        assert arguments["dbms"] == [neo4j_connection.uri.replace("bolt://", "neo4j://neo4j@")]
        assert "$" not in cypher
        assert "//" not in cypher
        assert not set("?&#") & set(cypher)
        paths = [record["path"] for record in driver.execute_query(cypher).records]
        assert paths
        assert {(p.start_node["no"], p.end_node["no"]) for p in paths} == {(user, item)}


def test_every_kind_of_path_is_drawn_and_none_shows_our_properties(music: GraphSnapshot, rows: Callable) -> None:
    liked, item = liked_by(music), rows("recommend", "u01", "--k", "1")[0]["item"]
    taste, friends, tags = (
        [row["path"] for row in rows("query", f"paths_by_{kind}", "user_id=u01", f"item_id={item}")]
        for kind in ("taste", "friends", "category")
    )
    assert {ends(path) for path in taste + tags} == {("u01", item)}
    for path in taste:
        _, through, who, _ = (node["id"] for node in path["nodes"])
        assert through in liked["u01"] & liked[who]
        assert item in liked[who]
    assert all(item in liked[path["nodes"][1]["id"]] for path in friends)
    assert all(path["nodes"][1]["id"] in liked["u01"] for path in tags)
    assert "graphrec_" not in json.dumps([taste, friends, tags])


def test_a_list_as_a_picture_is_its_first_ten(rows: Callable) -> None:
    drawn = [row["path"] for row in rows("query", "user_list", "user_id=u01")]
    listed = rows("recommend", "u01", "--k", "10")
    assert [path["nodes"][1]["id"] for path in drawn] == [row["item"] for row in listed]
    assert [path["relationships"][0]["reason"] for path in drawn] == [row["reason"] for row in listed]
    audience = rows("query", "item_audience", f"item_id={listed[0]['item']}", "k=100")
    assert "u01" in {ends(row["path"])[1] for row in audience}


def test_the_picture_to_start_from_is_the_best_five_of_each_of_several_users(
    music: GraphSnapshot, rows: Callable
) -> None:
    first = sorted(music.users.ids.keys)
    drawn = [ends(row["path"]) for row in rows("query", "overview")]
    assert drawn == [(user, row["item"]) for user in first[:5] for row in rows("recommend", user, "--k", "5")]
    assert [ends(row["path"]) for row in rows("query", "overview", "k=7")] == drawn[:7]


def test_paths_for_people_are_lines_of_names(ask: Ask, rows: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    item = rows("recommend", "u01", "--k", "1")[0]["item"]
    out = ask("query", "paths_by_taste", "user_id=u01", f"item_id={item}")[1]
    assert " -[LISTENED]-> " in out
    assert " <-[LISTENED]- " in out


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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a desktop")
def test_a_link_is_opened_on_a_desktop_and_without_one_only_printed(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    for display, times in (("", 0), (":0", 1)):
        monkeypatch.setenv("DISPLAY", display)
        code, out, err = ask("browser", "u01")
        assert (code, opened) == (0, [out.strip()] * times)
        assert out.startswith("http://")
        assert err.startswith("log in as neo4j")


def test_the_browser_page_of_a_user(rows: Callable) -> None:
    assert "u01" in rows("browser", "u01")["url"]
    assert rows("browser")["url"].startswith("http://")
