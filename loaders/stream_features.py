"""Node features out of Neo4j through a cache of a stated size that forgets what was used longest ago."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import NodeType
from graphrec_neo4j.snapshot import IntArray
from loaders.stored_numbers import from_stored
from loaders.stream_numbers import NodeNumbers

Rows = npt.NDArray[np.float32]

BOOKKEEPING_BYTES = 256
"""What a cached row takes beside its values: its number, its slot and its place in the order of use."""


class FeatureCache:
    """The rows of the nodes that were used last, as many as fit into ``size`` bytes. Safe to share between threads."""

    def __init__(self, width: int, size: int) -> None:
        self.capacity = size // (4 * width + BOOKKEEPING_BYTES)
        self.hits = self.misses = 0
        self._rows: Rows = np.empty((self.capacity, width), dtype=np.float32)
        self._slots: OrderedDict[int, int] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._slots)

    def take(self, numbers: IntArray) -> tuple[Rows, IntArray]:
        """Return the rows (n, d), NaN where one is not there, and the places (k,) of those."""
        made = np.full((len(numbers), self._rows.shape[1]), np.nan, dtype=np.float32)
        slots = np.full(len(numbers), -1, dtype=np.int64)
        with self._lock:
            for place, number in enumerate(numbers.tolist()):
                slot = self._slots.get(number)
                if slot is not None:
                    slots[place] = slot
                    self._slots.move_to_end(number)
            there = slots >= 0
            made[there] = self._rows[slots[there]]
            self.hits += int(there.sum())
            self.misses += int((~there).sum())
        return made, np.flatnonzero(~there)

    def put(self, numbers: IntArray, rows: Rows) -> None:
        """Keep rows (n, d), and as many others as still fit."""
        with self._lock:
            for number, row in zip(numbers[: self.capacity].tolist(), rows, strict=False):
                slot = self._slots.pop(number, None)
                if slot is None:
                    full = len(self._slots) == self.capacity
                    slot = self._slots.popitem(last=False)[1] if full else len(self._slots)
                self._slots[number] = slot
                self._rows[slot] = row


class NodeFeatures:
    """The features (n, d) of the nodes of one type, in the order of the schema, NaN where one is missing."""

    def __init__(self, database: Database, name: str, kind: NodeType, numbers: NodeNumbers, cache_bytes: int) -> None:
        self.database, self.name, self.kind, self.numbers = database, name, kind, numbers
        self.cache = FeatureCache(len(kind.features), cache_bytes)
        self._statement = statement("read/stream_features", Naming.for_node(kind))

    def rows(self, numbers: IntArray) -> Rows:
        """Return the rows (n, d) of node numbers (n,); a node that is gone has NaN in all places.

        Raises BadInputError where a feature is no number.
        """
        made, missing = self.cache.take(numbers)
        if len(missing):
            made[missing] = self._read(self.numbers.keys_of(numbers[missing]))
            self.cache.put(numbers[missing], made[missing])
        return made

    def _read(self, keys: list[Key]) -> Rows:
        made = np.full((len(keys), len(self.kind.features)), np.nan, dtype=np.float32)
        places, values = self.database.read_values(self._statement, keys=keys, names=list(self.kind.features))[0]
        for column, name in enumerate(self.kind.features):
            made[places, column], bad, _ = from_stored([of_node[column] for of_node in values])
            if bad:
                position, why = next(iter(bad.items()))
                raise BadInputError(
                    f"the feature {name!r} of the {self.name} {keys[places[position]]!r} cannot be read: {why}. "
                    "Mend it in the database or take the feature out of graphrec.toml."
                )
        return made
