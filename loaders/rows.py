"""Delimited files, plain or gzipped, in chunks of text columns that know their line numbers."""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from graphrec_neo4j.errors import BadInputError, nearest
from loaders.bounded import bounded
from loaders.loaded import BadRow

CHUNK_ROWS = 20_000
MOST_COLUMNS = 4096
_LONGEST_SHOWN = 10_000
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Layout:
    """How a file is cut into fields.

    ``delimiter`` is any text, or None for white space; ``quoted`` is CSV quoting. ``header`` says whether the
    first row is one; ``columns`` names the columns where the header does not or shall not. ``latin1`` allows
    Latin-1 for a file that is not UTF-8; ``strip`` takes white space off each field.
    """

    delimiter: str | None = ","
    quoted: bool = True
    header: bool = True
    columns: tuple[str, ...] | None = None
    latin1: bool = False
    strip: bool = False


@dataclass(frozen=True)
class Chunk:
    """Some rows of one file: ``columns`` of text by name, the ``lines`` where the rows begin, and the ``rows`` as read.

    Columns may be added or renamed; ``rows`` stays what a person would look for in the file.
    """

    file: str
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    rows: Sequence[Sequence[str]]

    def __len__(self) -> int:
        return len(self.lines)

    def bad_row(self, row: int, reason: str) -> BadRow:
        """Return row number ``row`` of this chunk as one that cannot be loaded."""
        return BadRow(self.file, self.lines[row], reason, _as_text(self.rows[row]))

    def with_columns(self, columns: Mapping[str, Sequence[str]]) -> Chunk:
        """Return the same rows with more columns."""
        return replace(self, columns={**self.columns, **columns})

    def unfolded(self, column: str, values: Sequence[Sequence[str]]) -> Chunk:
        """Return a chunk with one row for each of the ``values`` of each row, in a new column."""
        origin = [row for row, several in enumerate(values) for _ in several]
        columns = {name: [there[row] for row in origin] for name, there in self.columns.items()}
        columns[column] = [value for several in values for value in several]
        lines, rows = [self.lines[row] for row in origin], [self.rows[row] for row in origin]
        return Chunk(self.file, columns, lines, rows)

    def without(self, bad: Collection[int]) -> Chunk:
        """Return the chunk without some rows."""
        good = [row for row in range(len(self)) if row not in bad]
        columns = {name: [there[row] for row in good] for name, there in self.columns.items()}
        return Chunk(self.file, columns, [self.lines[row] for row in good], [self.rows[row] for row in good])


def find_file(folder: Path, name: str) -> Path | None:
    """Return ``folder/name`` or its gzipped form ``folder/name.gz``, if one is there."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def need_file(folder: Path, name: str) -> Path:
    """Return ``folder/name`` or its gzipped form; raises BadInputError with the nearest file if neither is there."""
    found = find_file(folder, name)
    if found is None:
        there = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        raise BadInputError(f"{folder} holds no {name}{nearest(name, there)}.")
    return found


def read_header(path: Path, layout: Layout) -> list[str]:
    """Return the column names in the first row; raises BadInputError if there is none or one comes twice."""
    for _, names in records(path, layout):
        check_width(path, names)
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            raise BadInputError(f"{path.name} has two columns called {twice!r}; rename one.")
        return names
    raise BadInputError(f"{path.name} is empty; its first row must name the columns.")


def check_width(path: Path, names: Sequence[str]) -> None:
    """Raise BadInputError for a header with so many columns that it is none."""
    if len(names) > MOST_COLUMNS:
        raise BadInputError(
            f"{path.name} has {len(names):,} columns, and {MOST_COLUMNS:,} are the most that can be read; "
            "is the first row its header?"
        )


def need_columns(path: Path, layout: Layout, needed: Sequence[str]) -> None:
    """Raise BadInputError with the nearest column unless the header has every column of ``needed``."""
    header = read_header(path, layout)
    for name in needed:
        if name not in header:
            raise BadInputError(f"{path.name} has no column {name!r}{nearest(name, header)}.")


def read_rows(path: Path, layout: Layout, bad_rows: list[BadRow]) -> Iterator[Chunk]:
    """Yield the rows of a file in chunks; rows with a wrong number of columns go to ``bad_rows``.

    Raises BadInputError for a file that cannot be read at all: missing, not UTF-8, broken quotes or gzip, or one that
    is made to fill the memory (:mod:`loaders.bounded`). Of a row that is over 10,000 characters its begin is kept.
    """
    names = layout.columns or tuple(read_header(path, layout))
    rows: list[list[str]] = []
    lines: list[int] = []
    found = records(path, layout)
    if layout.header:
        next(found, None)
    for line, fields in found:
        if len(fields) != len(names):
            reason = f"has {len(fields)} column{'s' * (len(fields) != 1)} where {len(names)} are expected"
            bad_rows.append(BadRow(path.name, line, reason, _as_text(fields)[:_LONGEST_SHOWN]))
            continue
        rows.append(fields)
        lines.append(line)
        if len(rows) == CHUNK_ROWS:
            yield _chunk(path, names, rows, lines)
            rows, lines = [], []
    if rows:
        yield _chunk(path, names, rows, lines)


def records(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where it begins, fields) of every row that is not blank, header included."""
    encoding = "latin-1" if layout.latin1 and not _is_utf8(path) else "utf-8-sig"
    try:
        with io.TextIOWrapper(bounded(path), encoding=encoding, newline="") as stream:
            cut = _quoted if layout.quoted else _plain
            for line, fields in cut(stream, layout, path.name):
                yield line, list(map(str.strip, fields)) if layout.strip else fields
    except UnicodeDecodeError:
        raise BadInputError(_not_utf8(path)) from None
    except (OSError, EOFError, zlib.error) as error:
        raise BadInputError(f"{path} cannot be read: {error}.") from None


def _quoted(stream: io.TextIOWrapper, layout: Layout, file: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(stream, delimiter=cast(str, layout.delimiter), strict=True)
    before = 0
    try:
        for fields in reader:
            if fields:
                yield before + 1, fields
            before = reader.line_num
    except csv.Error as error:
        raise BadInputError(
            f"{file}:{before + 1}: this row cannot be read ({error}); mend its quotes or shorten the field."
        ) from None


def _plain(stream: io.TextIOWrapper, layout: Layout, file: str) -> Iterator[tuple[int, list[str]]]:
    delimiter = layout.delimiter
    for line, text in enumerate(stream, start=1):
        bare = text.rstrip("\r\n")
        if bare and not bare.isspace():
            yield line, bare.split(delimiter)


def _chunk(path: Path, names: Sequence[str], rows: list[list[str]], lines: list[int]) -> Chunk:
    return Chunk(path.name, dict(zip(names, zip(*rows, strict=True), strict=True)), lines, rows)


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with bounded(path) as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _not_utf8(path: Path) -> str:
    with bounded(path) as stream:
        for line, raw in enumerate(stream, start=1):
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = raw[error.start]
                return f"{path.name}:{line}: byte 0x{byte:02x} is not UTF-8; save the file in UTF-8 and load it again."
    return f"{path.name} is not UTF-8; save the file in UTF-8 and load it again."


def _as_text(fields: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()
