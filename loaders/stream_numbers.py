"""Numbers for business ids that no table of all nodes is needed for: PyTorch Geometric wants integers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import numpy as np

from graphrec_neo4j.errors import StreamError
from graphrec_neo4j.ids import Key, KeyType
from graphrec_neo4j.snapshot import IntArray


class NodeNumbers:
    """The int64 numbers of the nodes of one type, the same in every batch, process and run.

    An integer id is its own number, and nothing is kept. A string id has the first 63 bits of its BLAKE2b digest as
    its number; the way back is kept for at least the last ``remembered`` ids, twice as many at most. Two ids of the
    same number, one chance in two million among three million nodes, raise StreamError where they meet.
    Safe to share between threads.
    """

    def __init__(self, type_name: str, key_type: KeyType, remembered: int) -> None:
        self.type_name, self.key_type, self.remembered = type_name, key_type, remembered
        self._recent: dict[int, str] = {}
        self._older: dict[int, str] = {}
        self._lock = threading.Lock()

    def of_keys(self, keys: Sequence[Key]) -> IntArray:
        """Return the numbers (n,) of business ids; raises StreamError for one of the other type."""
        expected = int if self.key_type == "integer" else str
        if not set(map(type, keys)) <= {expected}:
            wrong = next(key for key in keys if type(key) is not expected)
            raise StreamError(
                f"{self.type_name} id {wrong!r} is {type(wrong).__name__}, but the schema says key_type = "
                f"{self.key_type!r}; set key_type for {self.type_name} in graphrec.toml or mend the id."
            )
        if self.key_type == "integer":
            return np.array(keys, dtype=np.int64)
        numbers = [_digest(str(key)) for key in keys]
        self._remember(numbers, keys)
        return np.array(numbers, dtype=np.int64)

    def keys_of(self, numbers: IntArray) -> list[Key]:
        """Return the business ids of numbers (n,); raises StreamError for one that is not remembered any more."""
        listed = numbers.tolist()
        if self.key_type == "integer":
            return listed
        with self._lock:
            recent, older = self._recent, self._older
            try:
                return [recent[number] if number in recent else older[number] for number in listed]
            except KeyError as unknown:
                raise StreamError(
                    f"no {self.type_name} of the last {self.remembered} has the number {unknown.args[0]}; ask for ids "
                    "while the batch is new, or let the stream remember more."
                ) from None

    def _remember(self, numbers: list[int], keys: Sequence[Key]) -> None:
        with self._lock:
            for number, key in zip(numbers, keys, strict=True):
                known = self._recent.get(number, self._older.get(number))
                if known is not None and known != key:
                    raise StreamError(
                        f"the {self.type_name} ids {known!r} and {key!r} have the same number; rename one."
                    )
                if number not in self._recent:
                    self._recent[number] = str(key)
                if len(self._recent) >= self.remembered:
                    self._recent, self._older = {}, self._recent


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1
