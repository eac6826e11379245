"""The questions of cypher/explain about all lists of a run, against the lists as a plain driver reads them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from explain_rows import NODE_LIMIT, Ask, drawn_nodes, paths_between, walked
from published import PlainDriver
from readers import BOOKS, READERS, SCHEMA, SHELVES, World

from graphrec_neo4j.database import Database
from graphrec_neo4j.explain.stored import decode
from graphrec_neo4j.runs import rollback
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("item_reach", {"item_id": "b03", "k": 100}),
        ("concentration", {"k": 100}),
        ("concentration_by_category", {"k": 100}),
        ("cold_users", {"k": 100, "fewer_than": 100}),
        ("run_audit", {"k": 100}),
        ("overview", {}),
    ],
)
def test_a_picture_of_many_stays_readable(world: World, ask: Ask, name: str, given: dict[str, Any]) -> None:
    rows = ask(name, **given)
    assert rows
    assert drawn_nodes(rows) <= NODE_LIMIT


def test_the_audience_of_an_item_and_how_it_reached_them(world: World, ask: Ask, lists: dict) -> None:
    now = lists["now"]
    for book in ("b03", "b07"):
        audience = {no: listed["items"].index(book) for no, listed in now.items() if book in listed["items"][:10]}
        table = ask("item_audience_table", item_id=book, k=100)
        assert {row["user"]: row["rank"] - 1 for row in table} == audience
        assert [row["score"] for row in table] == sorted((row["score"] for row in table), reverse=True)
        assert all(row["reason"] == now[row["user"]]["reasons"][audience[row["user"]]] for row in table)
        parts: dict[tuple[str, str], float] = defaultdict(float)
        people: Counter[tuple[str, str]] = Counter()
        for no, place in audience.items():
            described = decode(now[no]["why"][place], SCHEMA)
            named = {(reason.kind, str(reason.node.key) if reason.node else "") for reason in described.reasons}
            people.update(named | {("other", "")})
            parts["other", ""] += described.other
            for reason in described.reasons:
                parts[reason.kind, str(reason.node.key) if reason.node else ""] += reason.score
        reach = ask("item_reach_table", item_id=book)
        assert {(row["kind"], row["id"]): row["contribution"] for row in reach} == pytest.approx(dict(parts))
        assert {(row["kind"], row["id"]): row["users"] for row in reach} == people
        assert sum(row["share"] for row in reach) == pytest.approx(1)
        for path in walked(ask("item_reach", item_id=book, k=100)):
            assert path[0] in audience
            assert path in paths_between(world, path[0], book)["taste"]


def test_what_the_last_run_changed(world: World, ask: Ask, lists: dict) -> None:
    changes = set()
    for reader in world.readers:
        now, former = lists["now"][reader]["items"], lists["former"][reader]["items"]
        table = {row["item"]: row for row in ask("changes_table", user_id=reader)}
        assert table.keys() == set(now) | set(former)
        for book, row in table.items():
            rank = now.index(book) + 1 if book in now else None
            before = former.index(book) + 1 if book in former else None
            assert (row["rank"], row["former_rank"]) == (rank, before)
            both = rank and before
            named = ("same" if rank == before else "up" if rank < before else "down") if both else None
            assert row["change"] == (named or ("new" if rank else "gone"))
            assert row["score"] == (lists["now"][reader]["scores"][rank - 1] if rank else None)
            changes.add(row["change"])
        drawn = {path[2] for path in walked(ask("changes", user_id=reader))}
        assert drawn <= set(now[:10]) | set(former[:10])
        assert set(now[:10]) ^ set(former[:10]) <= drawn
    assert {"up", "down"} <= changes


def test_where_recommendations_concentrate(world: World, ask: Ask, lists: dict) -> None:
    counts = Counter(book for listed in lists["now"].values() for book in listed["items"])
    everyone, entries = len(world.readers), sum(counts.values())
    expected = sorted(counts, key=lambda book: (-counts[book], book))
    table = ask("concentration_table", k=8)
    assert [(row["item"], row["lists"]) for row in table] == [(book, counts[book]) for book in expected[:8]]
    assert [row["share"] for row in table] == pytest.approx([counts[book] / everyone for book in expected[:8]])
    so_far = np.cumsum([counts[book] for book in expected[:8]]) / entries
    assert [row["so_far"] for row in table] == pytest.approx(list(so_far))
    assert {path[0] for path in walked(ask("concentration", k=3))} <= set(expected[:3])

    shelves = ask("concentration_by_category_table")
    assert len(shelves) == SHELVES
    for row in shelves:
        books = {book for book, shelf in world.shelved if shelf == row["category"]}
        recommended = sum(counts[book] for book in books)
        assert (row["items"], row["recommended"]) == (sum(book in counts for book in books), recommended)
        assert row["share"] == pytest.approx(recommended / entries)
        assert row["catalogue"] == pytest.approx(len(books) / BOOKS)
    assert [row["recommended"] for row in shelves] == sorted((row["recommended"] for row in shelves), reverse=True)
    for shelf, _, book in walked(ask("concentration_by_category")):
        assert (book, shelf) in world.shelved


def test_cold_users_and_what_they_get(world: World, ask: Ask, lists: dict) -> None:
    rated = {reader: sum(who == reader for who, _ in world.rated) for reader in world.readers}
    cold = [reader for reader in world.readers if rated[reader] < 3]
    table = ask("cold_users_table", fewer_than=3, k=100)
    assert "r00" in cold
    assert [row["user"] for row in table if row["rank"] == 1] == cold
    for row in table:
        listed = lists["now"][row["user"]]
        place = row["rank"] - 1
        assert row["chosen"] == rated[row["user"]]
        assert (row["item"], row["score"], row["reason"]) == (
            listed["items"][place],
            listed["scores"][place],
            listed["reasons"][place],
        )
    drawn = walked(ask("cold_users", fewer_than=3, k=100))
    assert {path[0] for path in drawn} == set(cold)
    assert {path for path in drawn if path[1] == "RECOMMENDED"} == {
        (reader, "RECOMMENDED", book) for reader in cold for book in lists["now"][reader]["items"][:3]
    }


def test_an_audit_counts_what_is_wrong_with_the_lists(world: World, ask: Ask, lists: dict, plain: PlainDriver) -> None:
    now = lists["now"]
    clean = {row["asked"]: row["answer"] for row in ask("run_audit_table", lists=100)}
    assert clean["model"] == "p3"
    assert clean["users looked at"] == str(READERS)
    assert clean["entries of their lists"] == str(sum(len(listed["items"]) for listed in now.values()))
    longest = max(len(listed["items"]) for listed in now.values())
    short = sum(0 < len(listed["items"]) < longest for listed in now.values())
    assert clean["lists shorter than the longest"] == str(short)
    for asked in (
        "lists whose scores are out of order",
        "entries whose item is gone",
        "entries that the user has already",
    ):
        assert clean[asked] == "0"

    best = {"one": now["r05"]["items"][0], "other": now["r09"]["items"][3]}
    taken = "MATCH (u:Reader {no: $who}) MATCH (b:Book {isbn: $book}) CREATE (u)-[:RATED {stars: 5, new: true}]->(b)"
    plain.rows(taken, who="r05", book=best["one"])
    plain.rows(taken, who="r09", book=best["other"])
    after = {row["asked"]: row["answer"] for row in ask("run_audit_table", lists=100)}
    drawn = walked(ask("run_audit"))
    plain.rows("MATCH ()-[r:RATED {new: true}]->() DELETE r")
    assert after["entries that the user has already"] == "2"
    assert {path for path in drawn if path[1] == "RATED"} == {
        ("r05", "RATED", best["one"]),
        ("r09", "RATED", best["other"]),
    }
    former = {row["asked"]: row["answer"] for row in ask("run_audit_table", run=1)}
    assert (former["model"], former["users looked at"]) == ("popularity", str(READERS))


def test_z_after_a_rollback_there_is_nothing_to_compare(world: World, ask: Ask, neo4j_connection: Connection) -> None:
    with Database(neo4j_connection) as database:
        rollback(database)
    assert ask("changes_table", user_id="r05") == []
    assert ask("changes", user_id="r05") == []
