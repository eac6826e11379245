"""Whether what one run published is whole, read back from the database: before the pointer moves, and ever after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.slots import INDEXES, slot_names


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is as it should be, and what was found, in words."""

    name: str
    ok: bool
    found: str


@dataclass(frozen=True)
class Expected:
    """What a run should show: users with a list, entries of all lists, items with a score, relationships drawn.

    None is not looked at. ``gone`` items were deleted from the graph while the run was computed: they may be listed,
    and lack among what is drawn.
    """

    users: int
    items: int
    entries: int | None = None
    drawn: int | None = None
    gone: int = 0


def verify_results(
    database: Database, schema: GraphSchema, number: int, slot: str, expected: Expected
) -> Iterator[Check]:
    """Look at run ``number`` in ``slot``, whether readers see it yet or not; the cost is a scan of what is served."""
    naming = Naming.of(schema)

    def ask(name: str) -> dict[str, Any]:
        return database.read(statement(f"read/{name}", naming), number=number)[0]

    yield from _lists(ask("verify_users"), expected)
    yield _items(ask("verify_listed_items"), expected.gone)
    vectors = ask("verify_vectors")
    yield from _vectors(vectors, expected)
    yield from _drawn(database, schema, number, expected)
    yield _indexes(database, slot, vectors["lengths"])


def _lists(found: Mapping[str, int], expected: Expected) -> Iterator[Check]:
    users, entries = found["users"], found["entries"]
    yield Check("every user has her list", users == expected.users, f"{users:,} of {expected.users:,} users have one")
    if expected.entries is not None:
        told = f"{entries:,} of {expected.entries:,} entries"
        yield Check("lists have all their entries", entries == expected.entries, told)
    yield _none("lists have a score, a reason and its parts for each entry", found["uneven"], "lists have not")
    yield _none("no list has an item twice", found["repeated"], "lists have")
    yield _none("scores descend", found["disordered"], "lists whose scores do not")
    yield _none("scores are finite", found["not_finite"], "lists with one that is not")


def _items(found: Mapping[str, Any], gone: int) -> Check:
    named = ", ".join(repr(key) for key in found["some"])
    told = f"{found['dangling']:,} of {found['listed']:,} are gone, such as {named}" if named else "none is gone"
    return Check("the items that lists name are there", found["dangling"] <= gone, told)


def _vectors(found: Mapping[str, Any], expected: Expected) -> Iterator[Check]:
    yield Check(
        "every item has its score",
        found["scores"] == expected.items,
        f"{found['scores']:,} of {expected.items:,} items have one",
    )
    lengths, count = found["lengths"], found["user_vectors"] + found["item_vectors"]
    told = f"{count:,} vectors of {' and '.join(map(str, lengths)) or 'no'} dimensions"
    yield Check("vectors have one length", len(lengths) <= 1, told)
    yield _none("vectors and item scores are finite", found["not_finite"], "nodes with one that is not")


def _drawn(database: Database, schema: GraphSchema, number: int, expected: Expected) -> Iterator[Check]:
    query = statement("read/verify_relationships", Naming.of(schema))
    found = database.read(query, number=number)[0]
    kind, drawn = schema.results.recommended, found["drawn"]
    if expected.drawn is not None:
        yield Check(f"{kind} is drawn in full", drawn == expected.drawn, f"{drawn:,} of {expected.drawn:,}")
    if not expected.gone:
        yield _none(f"ranks of {kind} run from 1 without a gap", found["gaps"], "users whose do not")
        yield _none(f"{kind} is what the lists say", found["unlike"], "users for whom it is not")
    yield _none("no relationship is of a later run", found["later"], "relationships are")


def _indexes(database: Database, slot: str, lengths: list[int]) -> Check:
    wanted = [slot_names(slot)[index] for index in INDEXES] if lengths else []
    rows = {row["name"]: row for row in database.read(statement("read/results_indexes"))}
    wrong = [name for name in wanted if not _serves(rows.get(name), lengths)]
    told = f"{', '.join(wrong)} is not" if wrong else f"{len(wanted)} of {len(wanted)} are"
    return Check("vector indexes are online and of that length", not wrong, told)


def _serves(row: Mapping[str, Any] | None, lengths: list[int]) -> bool:
    if row is None or row["state"] != "ONLINE":
        return False
    return lengths == [row["options"]["indexConfig"]["vector.dimensions"]]


def _none(name: str, count: int, what: str) -> Check:
    return Check(name, not count, f"{count:,} {what}" if count else "so it is")
