"""What every loader from files gives, and the rule for rows that cannot be loaded."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    from loaders.watermarks import Watermark

_SHOWN = 10


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be loaded: its file, the line where it begins (from 1), why, and its text."""

    file: str
    line: int
    reason: str
    raw: str


@dataclass(frozen=True, eq=False)
class LoadedGraph:
    """A graph read from files: the good rows as a snapshot, and everything that a person should know of the rest.

    ``duplicates`` counts the rows of each edge type that were merged into another by the schema's rule;
    ``notes`` are sentences about what was assumed or left as it is. Of a graph out of Neo4j, ``marks`` say up to where
    its edges with a watermark were read, and ``read_again`` from how many sources they were.
    """

    snapshot: GraphSnapshot
    bad_rows: Sequence[BadRow] = ()
    duplicates: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    marks: Mapping[str, Watermark] = field(default_factory=dict)
    read_again: Mapping[str, int] = field(default_factory=dict)


def accept(loaded: LoadedGraph, skip_bad: Path | None = None) -> GraphSnapshot:
    """Return the snapshot if it may be written.

    Any bad row raises BadInputError with the first ten, unless ``skip_bad`` names a file: then that file
    gets all of them with their reasons (CSV: file, line, reason, row) and the good rows go on.
    """
    if skip_bad is not None:
        with skip_bad.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("file", "line", "reason", "row"))
            writer.writerows((bad.file, bad.line, bad.reason, bad.raw) for bad in loaded.bad_rows)
    elif loaded.bad_rows:
        raise BadInputError(_refusal(loaded.bad_rows))
    return loaded.snapshot


def _refusal(bad_rows: Sequence[BadRow]) -> str:
    total = len(bad_rows)
    lines = [f"{total:,} row{'s' * (total != 1)} cannot be loaded, so nothing was written:"]
    lines += [f"  {bad.file}:{bad.line}: {bad.reason}" for bad in bad_rows[:_SHOWN]]
    if total > _SHOWN:
        lines.append(f"  and {total - _SHOWN:,} more.")
    lines.append("Mend them, or pass --skip-bad FILE to load the good rows and keep the bad ones in FILE.")
    return "\n".join(lines)
