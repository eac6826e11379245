"""The nodes of one type while files are read: keys in order of arrival, and their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from graphrec_neo4j.ids import IdMap, Key, KeyType
from graphrec_neo4j.schema import NodeType
from graphrec_neo4j.snapshot import IntArray, Nodes, ObjectArray
from loaders.columns import Problems, numbers, texts
from loaders.rows import Chunk

_PLAIN_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_Values = tuple[str | float | None, ...]


@dataclass(frozen=True)
class NodeColumns:
    """Which columns of a file hold the key and the display name, where not those with the schema's names."""

    key: str | None = None
    name: str | None = None


class NodeRows:
    """Collects nodes by the text of their key; keys become typed at the end.

    An ``open`` type takes keys that first show up at the end of an edge; another one calls them unknown.
    ``key_type`` None means: integer if every key is a plain integer, else string.
    """

    def __init__(self, name: str, kind: NodeType, key_type: KeyType | None, *, open_to_edges: bool) -> None:
        self.name, self.kind, self.key_type, self.open_to_edges = name, kind, key_type, open_to_edges
        self.codes: dict[str, int] = {}
        self.repeated = 0
        self._values: dict[int, _Values] = {}
        self._lines: dict[int, str] = {}

    def add(self, chunk: Chunk, columns: NodeColumns | None = None) -> Problems:
        """Take the nodes of a chunk and return what is wrong with a row.

        Where ``columns`` says nothing else, the columns have the schema's property names.
        """
        columns = columns or NodeColumns()
        keys = chunk.columns[columns.key or self.kind.key]
        rows, problems = self._columns(chunk, columns.name or self.kind.name)
        for row, (key, values) in enumerate(zip(keys, rows, strict=True)):
            reason = problems.get(row) or self._key_problem(key)
            reason = reason or self._take(key, values, f"{chunk.file}:{chunk.lines[row]}")
            if reason:
                problems[row] = reason
        return problems

    def add_keys(self, keys: Iterable[str]) -> None:
        """Take nodes that have nothing but a key, known or not."""
        for key in keys:
            self.codes.setdefault(key, len(self.codes))

    def find(self, keys: Sequence[str]) -> tuple[IntArray, Problems]:
        """Return the codes (n,) of the ends of some edges, and what is wrong with an end.

        A key that :meth:`take_new` may take is no problem and has the code -1.
        """
        codes = self._codes_of(keys)
        missing = np.flatnonzero(codes < 0).tolist()
        reasons = {key: self._end_problem(key) for key in {keys[row] for row in missing}}
        if not any(reasons.values()):
            return codes, {}
        return codes, {row: reason for row in missing if (reason := reasons[keys[row]])}

    def take_new(self, keys: Sequence[str], codes: IntArray, without: Problems) -> None:
        """Take the keys that have no code yet, but for bad rows, and write their codes into ``codes``."""
        rows = [row for row in np.flatnonzero(codes < 0).tolist() if row not in without]
        wanted = [keys[row] for row in rows]
        self.add_keys(dict.fromkeys(wanted))
        codes[rows] = self._codes_of(wanted)

    def finish(self) -> tuple[Nodes, IntArray]:
        """Return the nodes in the row order of a snapshot, and the row (n,) of every code."""
        keys, key_type = self._typed_keys()
        ids = IdMap(self.name, keys, key_type)
        rows = ids.rows_of(keys)
        width = 1 + len(self.kind.features) + len(self.kind.text)
        table = np.full((len(keys), width), None, dtype=object)
        for code, values in self._values.items():
            table[rows[code]] = values
        first_text = 1 + len(self.kind.features)
        features = table[:, 1:first_text].astype(np.float64) if self.kind.features else None
        by_name: dict[str, ObjectArray] = {name: table[:, first_text + i] for i, name in enumerate(self.kind.text)}
        return Nodes(ids, table[:, 0] if self.kind.name else None, features, by_name), rows

    def _columns(self, chunk: Chunk, name_column: str | None) -> tuple[Iterable[_Values], Problems]:
        missing: list[str | float | None] = [None] * len(chunk)
        problems: Problems = {}
        named = chunk.columns.get(name_column) if self.kind.name and name_column else None
        columns: list[Sequence[str | float | None]] = [missing if named is None else texts(named)]
        for name in self.kind.features:
            if name in chunk.columns:
                values, wrong = numbers(chunk.columns[name], name)
                problems = wrong | problems
                columns.append([None if value != value else value for value in values.tolist()])
            else:
                columns.append(missing)
        columns += [texts(chunk.columns[name]) if name in chunk.columns else missing for name in self.kind.text]
        return zip(*columns, strict=True), problems

    def _take(self, key: str, values: _Values, where: str) -> str | None:
        code = self.codes.setdefault(key, len(self.codes))
        known = self._values.setdefault(code, values)
        if known is values:
            self._lines[code] = where
        elif known != values:
            return f"{self.kind.key} {key!r} is that of {self._lines[code]}, with other values"
        else:
            self.repeated += 1
        return None

    def _codes_of(self, keys: Sequence[str]) -> IntArray:
        return np.fromiter(map(self.codes.get, keys, repeat(-1)), dtype=np.int64, count=len(keys))

    def _end_problem(self, key: str) -> str | None:
        unknown = None if self.open_to_edges else f"there is no {self.name} with {self.kind.key} {key!r}"
        return self._key_problem(key) or unknown

    def _key_problem(self, key: str) -> str | None:
        if not key or key.isspace():
            return f"the {self.name} key is missing"
        if self.key_type != "integer":
            return None
        if not _PLAIN_INTEGER.fullmatch(key):
            return f"the {self.name} key {key!r} is no plain integer, and the schema says key_type = 'integer'"
        return None if _fits(key) else f"the {self.name} key {key} is out of 64 bits; use string keys for such numbers"

    def _typed_keys(self) -> tuple[list[Key], KeyType]:
        keys = list(self.codes)
        key_type: KeyType = self.key_type or inferred_key_type(keys)
        return ([int(key) for key in keys] if key_type == "integer" else list(keys)), key_type


def inferred_key_type(keys: Iterable[str]) -> KeyType:
    """Return integer if there are keys and all are plain integers within 64 bits ("12", not "012"), else string."""
    listed = list(keys)
    plain = bool(listed) and all(_PLAIN_INTEGER.fullmatch(key) and _fits(key) for key in listed)
    return "integer" if plain else "string"


def _fits(key: str) -> bool:
    return len(key) < 19 or (len(key) <= 20 and -(2**63) <= int(key) < 2**63)
