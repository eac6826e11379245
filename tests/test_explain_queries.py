"""The questions of cypher/explain on a small published graph, against brute force over its edges and stored lists."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from published import PlainDriver
from readers import BOOKS, READERS, SCHEMA, SHELVES, World, publish_readers

from graphrec_neo4j.asking import find_query, run_query
from graphrec_neo4j.database import Database
from graphrec_neo4j.explain.stored import decode
from graphrec_neo4j.runs import rollback
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live
Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]

NODE_LIMIT = 60


@pytest.fixture(scope="module")
def world(
    neo4j_connection: Connection, wipe_database: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> World:
    """The graph, loaded, with two runs published: popularity, then the walk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        wipe_database()
        return publish_readers(neo4j_connection)


@pytest.fixture
def ask(world: World, neo4j_connection: Connection) -> Iterator[Ask]:
    with Database(neo4j_connection) as database:

        def run(name: str, **given: Any) -> Rows:
            texts = {parameter: str(value) for parameter, value in given.items()}
            return run_query(database, SCHEMA, find_query(f"explain/{name}"), texts)

        yield run


@pytest.fixture(scope="module")
def plain(neo4j_connection: Connection) -> Iterator[PlainDriver]:
    with PlainDriver(neo4j_connection) as driver:
        yield driver


@pytest.fixture
def lists(world: World, plain: PlainDriver) -> dict[str, dict[str, dict[str, Any]]]:
    """By 'now' and 'former', then by reader: the list as published, with scores, reasons and stored explanations."""
    rows = plain.rows(
        """MATCH (p:GraphRecPointer)
           UNWIND [['now', p.run], ['former', p.previous]] AS one
           MATCH (r:GraphRecRun {number: one[1]}) MATCH (u:Reader)
           RETURN one[0] AS run, u.no AS no, u[r.items_in] AS items, u[r.scores_in] AS scores,
                  u[r.reasons_in] AS reasons, u[r.why_in] AS why"""
    )
    made: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        made[row.pop("run")][row.pop("no")] = row
    return made


def walked(rows: Rows) -> list[tuple[str, ...]]:
    """Each path as its ids and relationship types in turns."""
    told = []
    for row in rows:
        nodes, steps = row["path"]["nodes"], row["path"]["relationships"]
        ids = [node["id"] for node in nodes]
        told.append(tuple(part for pair in zip(ids, [step["type"] for step in steps], strict=False) for part in pair))
        told[-1] += (ids[-1],)
    return told


def drawn_nodes(rows: Rows) -> int:
    return len({(tuple(node["labels"]), node["id"]) for row in rows for node in row["path"]["nodes"]})


def paths_between(world: World, reader: str, book: str) -> dict[str, set[tuple[str, ...]]]:
    """Every path of each kind, without bounds."""
    mine = world.books_of(reader) - {book}
    return {
        "taste": {
            (reader, "RATED", a, "RATED", v, "RATED", book)
            for v in world.fans_of(book) - {reader}
            for a in mine & world.books_of(v)
        },
        "friends": {
            (reader, "KNOWS", v, "RATED", book) for v in world.friends_of(reader) & world.fans_of(book) - {reader}
        },
        "shelves": {
            (reader, "RATED", a, "ON", s, "ON", book)
            for a in mine
            for s in world.shelves_of(a) & world.shelves_of(book)
        },
        "interest": {
            (reader, "BROWSES", s, "ON", book) for s in world.shelves_of(book) if (reader, s) in world.browsed
        },
    }


def test_why_draws_paths_of_every_kind_and_leaves_none_out_but_by_its_bounds(
    world: World, ask: Ask, lists: dict
) -> None:
    whole = 0
    for reader in world.readers[::3]:
        for book in world.books[::2]:
            rows = ask("why", user_id=reader, item_id=book)
            found, expected = set(walked(rows)), paths_between(world, reader, book)
            listed = {(reader, "RECOMMENDED", book)} & found
            assert bool(listed) == (book in lists["now"][reader]["items"][:10])
            assert found - listed <= set().union(*expected.values())
            assert drawn_nodes(rows) <= NODE_LIMIT
            assert len(found) == len(rows)
            for kind, paths in expected.items():
                assert bool(paths & found) == bool(paths), (kind, reader, book)
            within = _fan(expected["taste"], 2) <= (5, 3) and _fan(expected["shelves"], 4, 2) <= (5, 3)
            if within:
                whole += 1
                assert found - listed == set().union(*expected.values())
    assert whole > 5


def _fan(paths: set[tuple[str, ...]], hub: int, spoke: int = 4) -> tuple[int, int]:
    """How many hubs there are and the most spokes that one of them has, the larger of both bounds decisive."""
    spokes = defaultdict(set)
    for path in paths:
        spokes[path[hub]].add(path[spoke])
    most = max(map(len, spokes.values()), default=0)
    return (len(spokes), most) if most <= 3 else (6, most)


def test_the_history_is_what_she_liked_newest_first(world: World, ask: Ask) -> None:
    order = {pair: place for place, pair in enumerate(sorted(world.rated))}
    expected = sorted(world.books_of("r05"), key=lambda book: -order["r05", book])
    assert [row["item"] for row in ask("history_table", user_id="r05", k=3)] == expected[:3]
    assert [path[2] for path in walked(ask("history", user_id="r05", k=3))] == expected[:3]


@pytest.mark.parametrize("name", ["history", "why_not", "taste", "user_list", "changes", "shared"])
def test_a_picture_of_a_user_stays_readable(world: World, ask: Ask, name: str) -> None:
    more = {"why_not": {"item_id": "b07"}, "taste": {"k": 100}, "shared": {"other_id": "r09"}}.get(name, {})
    rows = ask(name, user_id="r08", **more)
    assert rows
    assert drawn_nodes(rows) <= NODE_LIMIT


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


@pytest.mark.parametrize("book", ["b00", "b04", "b07", "b12"])
@pytest.mark.parametrize("reader", ["r00", "r01", "r05", "r09"])
def test_why_not_says_what_there_is_and_what_lacks(world: World, ask: Ask, lists: dict, reader: str, book: str) -> None:
    told = {row["asked"]: (row["answer"], row["told"]) for row in ask("why_not_table", user_id=reader, item_id=book)}
    mine, listed = world.books_of(reader) - {book}, lists["now"][reader]
    near = {v for v in world.fans_of(book) - {reader} if world.books_of(v) & mine}
    alike = {a for a in mine if world.shelves_of(a) & world.shelves_of(book)}
    answers = {
        "is it in her list?": str(book in listed["items"]).lower(),
        "has she got it already?": str((reader, book) in world.rated).lower(),
        "has she chosen other things?": str(len(mine)),
        "how many choices led to it?": str(world.popularity(book)),
        "how many who chose it share her taste?": str(len(near)),
        "how many of her friends like it?": str(len(world.friends_of(reader) & world.fans_of(book))),
        "how many of her choices are in its categories?": str(len(alike)),
    }
    assert {asked: told[asked][0] for asked in answers} == answers
    if book in listed["items"]:
        assert told["is it in her list?"][1].startswith(f"number {listed['items'].index(book) + 1} of ")
    else:
        assert f"down to {round(listed['scores'][-1], 6)}, which" in told["is it in her list?"][1]
    if not near:
        assert "out of her reach" in told["how many who chose it share her taste?"][1]


def test_why_not_draws_only_what_is_there(world: World, ask: Ask) -> None:
    for reader, book in (("r05", "b04"), ("r09", "b12"), ("r00", "b07")):
        found = set(walked(ask("why_not", user_id=reader, item_id=book)))
        taste = paths_between(world, reader, book)["taste"]
        others = {path for path in found if path[1] != "RECOMMENDED" and len(path) > 3}
        assert others <= taste
        assert bool(others) == bool(taste)
        assert ((reader, "RATED", book) in found) == ((reader, book) in world.liked)


def test_the_neighbourhood_of_taste_is_who_shares_most_of_what_is_rare(world: World, ask: Ask) -> None:
    for reader in ("r01", "r05", "r09"):
        nearness: dict[str, float] = {}
        for other in world.readers:
            common = world.books_of(reader) & world.books_of(other)
            if other != reader and common:
                nearness[other] = sum(1 / world.popularity(book) for book in common)
        expected = sorted(nearness, key=lambda other: (-nearness[other], other))[:6]
        table = ask("taste_table", user_id=reader, k=6)
        assert [row["nearness"] for row in table] == pytest.approx([nearness[other] for other in expected])
        assert [row["shared"] for row in table] == [
            len(world.books_of(reader) & world.books_of(row["user"])) for row in table
        ]
        for row in table:
            common = world.books_of(reader) & world.books_of(row["user"])
            rarest = sorted(world.popularity(book) for book in common)[:3]
            assert [world.popularity(book) for book in row["rarest"]] == rarest
        drawn = walked(ask("taste", user_id=reader, k=6))
        assert {path[4] for path in drawn} == {row["user"] for row in table}
        assert all({(reader, path[2]), (path[4], path[2])} <= world.liked for path in drawn)


def test_what_two_users_share(world: World, ask: Ask, lists: dict) -> None:
    for one, other in (("r05", "r09"), ("r02", "r03"), ("r00", "r01")):
        table = ask("shared_table", user_id=one, other_id=other, k=100)
        kinds = defaultdict(dict)
        for row in table:
            kinds[row["kind"]][row["id"]] = row["count"]
        books = world.books_of(one) & world.books_of(other)
        friends = world.friends_of(one) & world.friends_of(other)
        places = [{book: rank + 1 for rank, book in enumerate(lists["now"][who]["items"])} for who in (one, other)]
        assert kinds["both chose"] == {book: world.popularity(book) for book in books}
        assert kinds["both have as a friend"] == {
            friend: sum(target == friend for _, target in world.ties) for friend in friends
        }
        assert kinds["recommended to both"] == {
            book: places[0][book] + places[1][book] for book in places[0].keys() & places[1].keys()
        }
        drawn = walked(ask("shared", user_id=one, other_id=other))
        assert {path[2] for path in drawn if path[1] == "RATED"} == books
        assert {path[2] for path in drawn if path[1] == "KNOWS"} == friends


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


def test_many_orders_between_two_do_not_crowd_the_picture(world: World, ask: Ask, plain: PlainDriver) -> None:
    made = (
        "MATCH (u:Reader) WHERE u.no IN ['r05', 'r06', 'r07'] MATCH (b:Book) UNWIND range(1, 30) AS n "
        "CREATE (u)-[:RATED {stars: 5, new: true}]->(b)"
    )
    plain.rows(made)
    rows = ask("why", user_id="r05", item_id="b02")
    plain.rows("MATCH ()-[r:RATED {new: true}]->() DELETE r")
    assert drawn_nodes(rows) <= NODE_LIMIT
    assert {path[1] for path in walked(rows)} >= {"RATED"}


def test_z_after_a_rollback_there_is_nothing_to_compare(world: World, ask: Ask, neo4j_connection: Connection) -> None:
    with Database(neo4j_connection) as database:
        rollback(database)
    assert ask("changes_table", user_id="r05") == []
    assert ask("changes", user_id="r05") == []
