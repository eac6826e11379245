"""Asking the questions of cypher/explain, their rows as paths, and every path between a reader and a book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from published import PlainDriver
from readers import SCHEMA, World

from graphrec_neo4j.asking import find_query, run_query
from graphrec_neo4j.database import Database
from graphrec_neo4j.settings import Connection

Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]
Lists = dict[str, dict[str, dict[str, Any]]]

NODE_LIMIT = 60


@contextmanager
def asking(connection: Connection) -> Iterator[Ask]:
    """Ask the questions of cypher/explain by name."""
    with Database(connection) as database:

        def run(name: str, **given: Any) -> Rows:
            texts = {parameter: str(value) for parameter, value in given.items()}
            return run_query(database, SCHEMA, find_query(f"explain/{name}"), texts)

        yield run


def published_lists(plain: PlainDriver) -> Lists:
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
