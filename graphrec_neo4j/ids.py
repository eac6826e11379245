"""Business ids and row numbers: the only place where one becomes the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import SnapshotError, UnknownIdError, nearest

Key = str | int
KeyType = Literal["string", "integer"]
Rows = npt.NDArray[np.int64]

_INTEGER = re.compile(r"[+-]?0*[0-9]{1,19}")

_INT64 = np.iinfo(np.int64)


class IdMap:
    """A frozen two-way map between the business ids of one node type and the rows 0..n-1.

    Ids are all strings or all integers and are kept sorted (strings by code point), so that the same
    set of ids always gives the same rows. Both kinds come back exactly as they were.
    """

    __slots__ = ("_keys", "_lookup", "key_type", "type_name")

    def __init__(self, type_name: str, keys: Iterable[Key], key_type: KeyType) -> None:
        """Check and sort ``keys``; raises SnapshotError for a wrong type or an id that comes twice."""
        self.type_name = type_name
        self.key_type = key_type
        expected = int if key_type == "integer" else str
        listed = list(keys)
        for key in listed:
            if type(key) is not expected:
                raise SnapshotError(
                    f"{type_name} id {key!r} is {type(key).__name__}, but the schema says key_type = "
                    f"{key_type!r}; set key_type for {type_name} in graphrec.toml or mend the id."
                )
        listed.sort()
        self._keys: list[Key] = listed
        self._lookup: dict[Key, int] = {key: row for row, key in enumerate(listed)}
        if len(self._lookup) != len(listed):
            twice = next(a for a, b in pairwise(listed) if a == b)
            raise SnapshotError(f"{type_name} id {twice!r} comes twice; business ids must be unique.")
        if key_type == "integer" and listed and not _INT64.min <= int(listed[0]) <= int(listed[-1]) <= _INT64.max:
            raise SnapshotError(
                f"{type_name} has an integer id outside 64 bits, which Neo4j cannot hold; "
                "use string ids for such numbers."
            )

    def __len__(self) -> int:
        return len(self._keys)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IdMap):
            return NotImplemented
        return self.key_type == other.key_type and self._keys == other._keys

    __hash__ = None  # type: ignore[assignment]

    def __contains__(self, key: object) -> bool:
        return key in self._lookup

    def __repr__(self) -> str:
        return f"IdMap({self.type_name}, {len(self)} {self.key_type} ids)"

    @property
    def lookup(self) -> Mapping[Key, int]:
        """The row of every id, for code that looks up millions."""
        return self._lookup

    @property
    def keys(self) -> Sequence[Key]:
        """All ids in row order."""
        return self._keys

    def key(self, row: int) -> Key:
        """Return the id of one row."""
        return self._keys[row]

    def keys_of(self, rows: Iterable[int] | npt.NDArray[np.integer]) -> list[Key]:
        """Return the ids of many rows, as plain Python values."""
        if isinstance(rows, np.ndarray):
            rows = rows.tolist()
        keys = self._keys
        return [keys[row] for row in rows]

    def row(self, key: Key) -> int:
        """Return the row of one id; raises UnknownIdError with the nearest id."""
        try:
            return self._lookup[key]
        except KeyError:
            near = nearest(key, self._keys[:20_000]) if isinstance(key, str) else ""  # type: ignore[arg-type]
            raise UnknownIdError(f"there is no {self.type_name} with id {key!r}{near}.") from None

    def rows_of(self, keys: Sequence[Key]) -> Rows:
        """Return the rows (n,) of many ids; raises UnknownIdError for the first one that is not there."""
        lookup = self._lookup
        try:
            return np.fromiter(map(lookup.__getitem__, keys), dtype=np.int64, count=len(keys))
        except KeyError as unknown:
            raise UnknownIdError(f"there is no {self.type_name} with id {unknown.args[0]!r}.") from None

    def parse(self, text: str) -> Key:
        """Turn a command-line argument into an id of this map's type, known or not."""
        return parse_key(text, self.key_type, self.type_name)


def parse_key(text: str, key_type: KeyType, type_name: str) -> Key:
    """Turn ``text`` into a key of ``key_type``; raises UnknownIdError if an integer is wanted and it is none."""
    if key_type == "string":
        return text
    if not _INTEGER.fullmatch(text):
        raise UnknownIdError(f"{type_name} ids are integers here, and {text!r} is none.")
    key = int(text)
    if not -(2**63) <= key < 2**63:
        raise UnknownIdError(f"{type_name} ids are integers of 64 bits, and {text} is out of them.")
    return key
