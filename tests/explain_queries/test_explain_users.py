"""The questions of cypher/explain about a user, against brute force over the edges of a small published graph."""

from __future__ import annotations

from collections import defaultdict

import pytest
from explain_rows import NODE_LIMIT, Ask, drawn_nodes, paths_between, walked
from published import PlainDriver
from readers import World

pytestmark = pytest.mark.live


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
