"""One slot of node properties: what it holds, what must change, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import StaleRunError
from graphrec_neo4j.ids import IdMap, Key
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.slots import item_properties, user_properties
from loaders.result_lists import NOTHING, Digests, Rows
from loaders.result_rows import ResultRows

USERS_A_BATCH = 500
ITEMS_A_BATCH = 2_000
COPIES_A_BATCH = 1_000
_A_BATCH = {
    "write/results_users": USERS_A_BATCH,
    "write/results_copy_users": COPIES_A_BATCH,
    "write/results_items": ITEMS_A_BATCH,
}

_PAGE = 20_000
_NO_PROPERTY = ""


@dataclass(frozen=True)
class Held:
    """What the nodes of one type hold: digests of what is written and drawn, and ids that hold it and have no row."""

    digests: Digests
    leftovers: list[Key]


@dataclass(frozen=True)
class SlotState:
    """What a slot should hold, and what it and the ``current`` slot did hold when they were looked at.

    ``users`` and ``items`` are the rows whose nodes must be written, ``copied`` the rows of users whose part of the
    current slot is copied, ``recommended`` and ``similar`` the rows of the users and of the items whose relationships
    differ from those that the current run drew.
    """

    current: str | None
    users: Rows
    copied: Rows
    items: Rows
    recommended: Rows
    similar: Rows
    user_digests: Digests
    item_digests: Digests
    user_leftovers: list[Key]
    item_leftovers: list[Key]


class SlotWriter:
    """Writes results into one slot that no reader looks at; ``current`` is the slot that they do, or None."""

    def __init__(
        self, database: Database, lease: Lease, schema: GraphSchema, rows: ResultRows, slot: str, progress: Progress
    ) -> None:
        self._database, self._lease, self._schema, self._rows = database, lease, schema, rows
        self._progress = progress
        self._users, self._items = user_properties(slot), item_properties(slot)
        self._naming = Naming.of(schema)

    def look(self, current: str | None, *, everything: bool = False) -> SlotState:
        """Compare the slot with the results; ``everything`` takes nothing that is there for what it should be.

        Raises StaleRunError where the current slot lacks what the results rely on it to have.
        """
        wanted_users, wanted_items = self._rows.user_digests.copy(), self._rows.item_digests
        of_users, of_items = (user_properties(current), item_properties(current)) if current else ({}, {})
        users = self._held(
            "read/results_user_digests",
            self._rows.users,
            target=self._users["user_digest"],
            current=of_users.get("user_digest", _NO_PROPERTY),
        )
        items = self._held(
            "read/results_item_digests",
            self._rows.items,
            target=self._items["item_digest"],
            current=of_items.get("similar_digest", _NO_PROPERTY),
        )

        def differing(wanted: Digests, held: Digests) -> Rows:
            return np.flatnonzero((wanted != held) | everything)

        kept = self._rows.kept
        if kept.any() and (everything or not users.digests[kept, 2].all()):
            raise StaleRunError("somebody changed what the current run published.")
        wanted_users[kept, :2] = users.digests[kept][:, [2, 1]]
        rows = np.union1d(
            differing(wanted_users[:, 0], users.digests[:, 0]), differing(wanted_users[:, 2], users.digests[:, 3])
        )
        return SlotState(
            current,
            rows[~kept[rows]],
            rows[kept[rows]],
            differing(wanted_items[:, 0], items.digests[:, 0]),
            differing(wanted_users[:, 1], users.digests[:, 1]),
            differing(wanted_items[:, 1], items.digests[:, 1]),
            wanted_users,
            wanted_items,
            users.leftovers,
            items.leftovers,
        )

    def write(self, state: SlotState) -> tuple[int, int]:
        """Write what must be written and empty the leftovers; return how many users and items were gone meanwhile."""
        made, rows, names = state.user_digests, self._rows, {"names": self._users | self._items}
        if state.current:
            ends = {"from": user_properties(state.current), "to": self._users}
            self._send("users kept", "write/results_copy_users", state.copied, made, rows.walk_columns, ends)
        users = self._send("users", "write/results_users", state.users, made, rows.user_columns, names)
        items = self._send("items", "write/results_items", state.items, state.item_digests, rows.item_columns, names)
        self._clear(self._schema.recommend_to, state.user_leftovers, self._users)
        self._clear(self._schema.recommend, state.item_leftovers, self._items)
        return users, items

    def clear_labels_of(self, former: GraphSchema) -> None:
        """Empty the slot on nodes that ``former`` recommended to, or recommended, and this schema does not."""
        for old, new, names in (
            (former.recommend_to, self._schema.recommend_to, self._users),
            (former.recommend, self._schema.recommend, self._items),
        ):
            there, here = former.nodes[old], self._schema.nodes[new]
            if there.label != here.label:
                naming = Naming({"Item": (there,), "User": (here,)}, {}, ())
                digest = next(name for what, name in names.items() if what.endswith("_digest"))
                clear = statement("write/results_clear_nodes", naming)
                self._lease.sweep(clear, digest=digest, names=list(names.values()))

    def problem(self, missing_users: int, missing_items: int) -> str | None:
        """Count what the slot holds and say what is wrong with it; None if it is whole.

        Users and items that were deleted while the run was computed are no fault of the slot.
        """
        count = statement("read/results_count_nodes", self._naming)
        there = self._database.read(count, names=self._users | self._items)[0]
        vectors = self._rows.vector_counts
        for what, total, missing in (
            ("user", len(self._rows.users), missing_users),
            ("item", len(self._rows.items), missing_items),
        ):
            if there[f"{what}s"] != total - missing:
                return f"{there[f'{what}s']} of {total - missing} {what}s hold results"
            wanted = vectors[f"{what}_vector"]
            if not wanted - missing <= there[f"{what}_vectors"] <= wanted:
                return f"{there[f'{what}_vectors']} of {wanted} {what}s hold a vector"
        if set(there["lengths"]) - {self._rows.dimensions}:
            return f"vectors have lengths {there['lengths']} instead of {self._rows.dimensions}"
        return None

    def _held(self, query: str, ids: IdMap, **names: str) -> Held:
        digests, leftovers = np.full((len(ids), 4), NOTHING, dtype=np.int64), []
        for keys, *columns in _pages(self._database, statement(query, self._naming), ids, **names):
            for place, key in enumerate(keys):
                if key in ids:
                    digests[ids.row(key), : len(columns)] = [column[place] for column in columns]
                elif columns[0][place]:
                    leftovers.append(key)
        return Held(digests, leftovers)

    def _send(
        self,
        stage: str,
        query: str,
        rows: Rows,
        digests: Digests,
        columns: Callable[[Rows], Mapping[str, Any]],
        names: Mapping[str, Mapping[str, str]],
    ) -> int:
        written, sent, size = 0, 0, _A_BATCH[query]
        parts = (rows[start : start + size] for start in range(0, len(rows), size))
        batches = ({**names, "digests": digests[part].tolist(), **columns(part)} for part in parts)

        def done(row: Mapping[str, Any]) -> None:
            nonlocal written, sent
            written += row["written"]
            sent = min(sent + size, len(rows))
            self._progress(stage, sent, len(rows))

        self._lease.write_batches(statement(query, self._naming), batches, done)
        return len(rows) - written

    def _clear(self, kind: str, ids: list[Key], names: Mapping[str, str]) -> None:
        clear = statement("write/results_clear_ids", Naming.for_node(self._schema.nodes[kind]))
        for start in range(0, len(ids), ITEMS_A_BATCH):
            self._lease.write(clear, ids=ids[start : start + ITEMS_A_BATCH], names=list(names.values()))


def _pages(database: Database, page: Statement, ids: IdMap, **names: str) -> Iterator[list[list[Any]]]:
    """All nodes of a type in the order of their ids; each page begins with the last node of the one before."""
    start: Key = "" if ids.key_type == "string" else -(2**63)
    while True:
        columns = database.read_values(page, **names, **{"from": start, "page": _PAGE})[0]
        yield columns
        if len(columns[0]) < _PAGE:
            return
        start = columns[0][-1]
