"""The commands that explain and draw, on the same graph: contributions that add up, paths, links to Browser."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import neo4j
import numpy as np
import pytest
from world import AWKWARD_ITEM, AWKWARD_TITLE, AWKWARD_USER, SCHEMA, Ask, liked_by, walk_parts

from graphrec_neo4j.explain.stored import decode
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot

pytestmark = pytest.mark.live


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
