"""Where recommendations concentrate by community, against the same choice of landmarks made in NumPy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from published import PlainDriver
from readers import SCHEMA, publish_readers

from graphrec_neo4j.asking import find_query, run_query
from graphrec_neo4j.database import Database
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ask(
    neo4j_connection: Connection, wipe_database: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ask]:
    with pytest.MonkeyPatch.context() as patch, Database(neo4j_connection) as database:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        wipe_database()
        publish_readers(neo4j_connection)
        yield lambda name, k: run_query(database, SCHEMA, find_query(f"explain/{name}"), {"k": str(k)})


@pytest.fixture(scope="module")
def published(ask: Ask, neo4j_connection: Connection) -> tuple[Counter[str], dict[str, np.ndarray]]:
    """In how many lists each book is, and the vector of each that has one."""
    with PlainDriver(neo4j_connection) as driver:
        found = "MATCH (q:GraphRecPointer) MATCH (p:GraphRecRun {number: q.run}) "
        lists = driver.rows(found + "MATCH (u:Reader) UNWIND u[p.items_in] AS book RETURN book")
        vectors = driver.rows(found + "MATCH (b:Book) RETURN b.isbn AS book, b[p.item_vector_in] AS vector")
    counted = Counter(row["book"] for row in lists)
    return counted, {row["book"]: np.array(row["vector"]) for row in vectors if row["vector"] is not None}


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float((1 + one @ other / np.linalg.norm(one) / np.linalg.norm(other)) / 2)


def expected(lists: Counter[str], vectors: dict[str, np.ndarray], k: int) -> dict[str, list[str]]:
    """The books of each landmark, those in most lists first, by the same greedy choice."""
    books = sorted((book for book in lists if book in vectors), key=lambda book: (-lists[book], book))
    chosen: list[str] = []
    for _ in range(k):
        apart = {
            book: min([1 - cosine(vectors[book], vectors[other]) for other in chosen], default=1.0) for book in books
        }
        merits = {book: lists[book] * apart[book] for book in books if book not in chosen}
        if merits and max(merits.values()) > 0:
            chosen.append(max(merits, key=lambda book: merits[book]))
    nearest = {book: max(chosen, key=lambda other: cosine(vectors[book], vectors[other])) for book in books}
    return {other: [book for book in books if nearest[book] == other] for other in chosen}


@pytest.mark.parametrize("k", [1, 2, 4])
def test_communities_are_the_items_nearest_to_landmarks(ask: Ask, published: tuple, k: int) -> None:
    lists, vectors = published
    rows, made = ask("concentration_by_community_table", k), expected(lists, vectors, k)
    assert {row["landmark"]: row["items"] for row in rows} == {other: len(books) for other, books in made.items()}
    for row in rows:
        entries = sum(lists[book] for book in made[row["landmark"]])
        assert (row["recommended"], row["share"]) == (entries, pytest.approx(entries / lists.total()))
    assert [row["rank"] for row in rows] == list(range(1, len(made) + 1))
    assert [row["recommended"] for row in rows] == sorted((row["recommended"] for row in rows), reverse=True)


def test_the_picture_joins_items_to_their_landmark_by_a_list_that_has_both(ask: Ask, published: tuple) -> None:
    made = expected(*published, 4)
    paths = [row["path"] for row in ask("concentration_by_community", 4)]
    assert paths
    for path in paths:
        landmark, _, book = (node["id"] for node in path["nodes"])
        assert book in made[landmark]
        assert [step["type"] for step in path["relationships"]] == ["RECOMMENDED"] * 2
    assert len({(*node["labels"], node["id"]) for path in paths for node in path["nodes"]}) <= 60
