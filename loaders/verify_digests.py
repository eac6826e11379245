"""Whether what nodes and relationships hold is still what was written: every digest of one run, made anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.ids import Key, KeyType
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.slots import item_properties, user_properties
from loaders.result_lists import NOTHING, digests
from loaders.verify_results import Check

_PAGE = 1_000
_TOLD = ("reasons", "counts", "because", "because_labels")
_OF_RECOMMENDED = ("reasons", "because", "because_labels")
_OF_SIMILAR = ("counts",)


def verify_digests(
    database: Database, schema: GraphSchema, number: int, slot: str, *, progress: Progress = silent
) -> Iterator[Check]:
    """Read back all that run ``number`` wrote into ``slot`` and drew; takes as long as reading it does."""
    naming, names = Naming.of(schema), user_properties(slot) | item_properties(slot)
    user, item = schema.nodes[schema.recommend_to], schema.nodes[schema.recommend]

    def pages(query: str, key_type: KeyType) -> Iterator[list[list[Any]]]:
        return _pages(database, statement(f"read/{query}", naming), key_type, number=number, names=names)

    wrong = seen = 0
    for rows in pages("verify_user_content", user.key_type):
        wrong, seen = wrong + _wrong_users(rows, schema.results.recommended), seen + len(rows)
        progress("verifying users", seen, 0)
    yield _told(schema.recommend_to, wrong, seen)
    wrong = seen = 0
    for rows in pages("verify_item_content", item.key_type):
        wrong, seen = wrong + _wrong_items(rows, schema.results.similar), seen + len(rows)
        progress("verifying items", seen, 0)
    yield _told(schema.recommend, wrong, seen)


def _told(kind: str, wrong: int, seen: int) -> Check:
    told = f"{wrong:,} of {seen:,} hold or show something else" if wrong else f"so do all {seen:,}"
    return Check(f"each {kind} holds what was written", not wrong, told)


def _wrong_users(rows: list[list[Any]], kind: str) -> int:
    """How many users hold another list, vector or relationship than their digest says; who has none is new."""
    wrong = 0
    for key, digest, *held, drawn in rows:
        if digest is not None:
            shown = _digest_of_drawn(key, drawn, kind, _OF_RECOMMENDED)
            *own, walk_items, walk_scores, vector = held
            walked = _digest([key, walk_items, walk_scores])
            wrong += list(digest) != [_digest([key, *own, vector, shown]), shown, walked]
        else:
            wrong += bool(drawn)
    return wrong


def _wrong_items(rows: list[list[Any]], kind: str) -> int:
    wrong = 0
    for key, digest, similar, *held, drawn in rows:
        if digest is not None:
            shown = _digest_of_drawn(key, drawn, kind, _OF_SIMILAR)
            wrong += (digest, similar or NOTHING) != (_digest([key, *held, shown]), shown)
        else:
            wrong += bool(drawn)
    return wrong


def _digest(values: Sequence[Any]) -> int:
    return digests({str(place): [value] for place, value in enumerate(values)})[0]


def _digest_of_drawn(source: Key, drawn: Sequence[Sequence[Any]], kind: str, told: Sequence[str]) -> int:
    """The digest of relationships as :class:`Drawing` makes it; of what their type does not tell there is None."""
    if not drawn:
        return NOTHING
    targets, scores, *texts = (list(column) for column in zip(*drawn, strict=True))
    named: Mapping[str, list[Any]] = dict(zip(_TOLD, texts, strict=True))
    columns = {name: [named[name] if name in told else None] for name in _TOLD}
    return digests({"sources": [source], "targets": [targets], "scores": [scores], **columns}, kind)[0]


def _pages(database: Database, page: Statement, key_type: KeyType, **given: Any) -> Iterator[list[list[Any]]]:
    """All nodes of a type in the order of their ids, each once."""
    start: Key = "" if key_type == "string" else -(2**63)
    last: list[Key] = []
    while True:
        rows = database.read_values(page, **given, **{"from": start, "page": _PAGE})
        full = len(rows) == _PAGE
        yield [row for row in rows if row[0] not in last]
        if not full:
            return
        start = rows[-1][0]
        last = [start]
