"""The vector indexes of one slot: made to fit, awaited, dropped where that is cheaper than keeping them up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.slots import INDEXES, slot_names

# With quantization, recall@20 of 64 dimensions falls from 0.995 to 0.94 at the same speed; it saves memory only.
_EXACT_BELOW = 1_000_000
# Twice the defaults: recall@20 of trained vectors, 100 asked for, rises from 0.984 to 0.994, for twice the build time.
_GRAPH = {"vector.hnsw.m": 32, "vector.hnsw.ef_construction": 200}
_AWAIT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class SlotIndexes:
    """The indexes of slot ``slot`` over vectors of ``dimensions``; ``counts`` says how many nodes each covers."""

    database: Database
    lease: Lease
    schema: GraphSchema
    slot: str
    dimensions: int
    counts: Mapping[str, int]

    def prepare(self, changed: Mapping[str, int]) -> None:
        """Drop each index that does not fit, or of which more than half is about to change.

        Writing under an index that is online costs three times as much, and leaves it full of deleted entries.
        """
        for index, row in self._there().items():
            if not self._fits(index, row) or 2 * changed[index] > self.counts[index]:
                self._drop(row["name"])

    def ensure(self) -> None:
        """Create what is not there and wait until all is online; drop all where there are no vectors."""
        there = self._there()
        for index in INDEXES:
            if self.dimensions and index not in there:
                self._create(index)
            elif index in there and not self.dimensions:
                self._drop(there[index]["name"])
        if self.dimensions:
            for name in self.names.values():
                self.database.read(statement("read/results_await_index"), name=name, seconds=_AWAIT_SECONDS)

    def are_online(self) -> bool:
        """Say whether every index that should be there is, fits, and is online."""
        there = self._there()
        wanted = INDEXES if self.dimensions else ()
        return set(there) == set(wanted) and all(
            row["state"] == "ONLINE" and self._fits(index, row) for index, row in there.items()
        )

    @property
    def names(self) -> dict[str, str]:
        """The index names by what they index."""
        return {index: slot_names(self.slot)[index] for index in INDEXES}

    def _there(self) -> dict[str, dict[str, Any]]:
        rows = {row["name"]: row for row in self.database.read(statement("read/results_indexes"))}
        return {index: rows[name] for index, name in self.names.items() if name in rows}

    def _label(self, index: str) -> str:
        kind = self.schema.recommend_to if index == "user_vector" else self.schema.recommend
        return self.schema.nodes[kind].label

    def _settings(self, index: str) -> dict[str, Any]:
        return {
            "vector.dimensions": self.dimensions,
            "vector.similarity_function": "cosine",
            "vector.quantization.enabled": self.counts[index] >= _EXACT_BELOW,
            **_GRAPH,
        }

    def _fits(self, index: str, row: Mapping[str, Any]) -> bool:
        there = {name: str(value).lower() for name, value in row["options"]["indexConfig"].items()}
        # The 2026 line takes the setting and tells it by another name.
        if kind := there.get("vector.quantization.type"):
            there["vector.quantization.enabled"] = str(kind != "none").lower()
        wanted = {name: str(value).lower() for name, value in self._settings(index).items()}
        return row["labels"] == [self._label(index)] and wanted.items() <= there.items()

    def _create(self, index: str) -> None:
        create = statement(f"schema/results_{index}_{self.slot}", Naming.of(self.schema))
        self.lease.schema(create, options={"indexConfig": self._settings(index)})

    def _drop(self, name: str) -> None:
        self.lease.schema(statement("schema/results_drop_index"), name=name)
