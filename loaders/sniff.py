"""Telling the form of an interaction file from its first lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from graphrec_neo4j.errors import BadInputError
from loaders.node_rows import inferred_key_type
from loaders.rows import Layout, check_width, records

Format = Literal["edges", "adjacency"]

SOURCE, TARGET, WEIGHT, TIME = "from", "to", "weight", "time"
"""What the columns of an edge list are called here, whatever the file calls them."""

_SAMPLE_LINES = 1000
_SAMPLE_CHARACTERS = 4 * 2**20
_DELIMITERS = ("::", "\t", ";", ",")
_RATINGS = {"rating", "ratings", "stars", "score"}
_KNOWN = {
    SOURCE: {"user", "userid", "user_id", "uid", "from", "source", "src", "truster", "follower", "customer", "member"},
    TARGET: {"item", "itemid", "item_id", "iid", "to", "target", "dst", "friend", "friendid", "friend_id", "trustee"}
    | {"movie", "movieid", "movie_id", "artist", "artistid", "artist_id", "product", "product_id", "book", "followee"},
    WEIGHT: {"weight", "count", "counts", "plays", "quantity", "value", "strength"} | _RATINGS,
    TIME: {"time", "timestamp", "unix_time", "date", "datetime", "created_at", "ts"},
}


@dataclass(frozen=True)
class EdgeList:
    """How to read one edge list: its layout, with columns called as above, and what was found out about them.

    ``ignored`` are header names that play no part, ``ratings`` says that the weight is one, ``times`` are
    some values of the time column.
    """

    layout: Layout
    ignored: tuple[str, ...]
    ratings: bool
    times: tuple[str, ...]


def sniff_format(path: Path) -> Format:
    """Return ``"edges"`` for a file with a header, commas or lines of one length, else ``"adjacency"``."""
    delimiter = sniff_delimiter(path)
    rows = _sample(path, delimiter)
    if delimiter in (",", ";", "::") or _is_header(rows):
        return "edges"
    widths = {len(row) for row in rows}
    return "edges" if len(widths) == 1 and widths <= {2, 3, 4} else "adjacency"


def sniff_delimiter(path: Path) -> str | None:
    """Return the separator that most lines have ("::", tab, semicolon, comma), or None for white space."""
    lines = [fields[0] for fields in _first(records(path, Layout("\n", quoted=False)))]
    if not lines:
        raise BadInputError(f"{path} is empty.")
    found = {delimiter: sum(delimiter in line for line in lines) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: found[delimiter])
    return best if found[best] * 2 > len(lines) else None


def sniff_edges(path: Path) -> EdgeList:
    """Find out how an edge list ``user item [weight [time]]`` is written.

    With a header, columns are found by their usual names, else by position. Raises BadInputError for a file
    that has another number of columns.
    """
    delimiter = sniff_delimiter(path)
    rows = _sample(path, delimiter)
    has_header = _is_header(rows)
    header = rows[0] if has_header else []
    check_width(path, header)
    columns = _by_name(header) if has_header else _by_position(rows, path)
    if TARGET not in columns:
        raise BadInputError(f"{path.name} has one column; an edge list has user item [weight [time]].")
    layout = Layout(delimiter, delimiter in (",", ";"), has_header, columns, strip=delimiter is not None)
    at = columns.index(TIME) if TIME in columns else None
    times = () if at is None else tuple(row[at] for row in rows[has_header:] if len(row) == len(columns))
    ratings = WEIGHT in columns and has_header and header[columns.index(WEIGHT)].casefold() in _RATINGS
    ignored = tuple(name for name, column in zip(header, columns, strict=False) if column not in _KNOWN)
    return EdgeList(layout, ignored, ratings, times)


def _sample(path: Path, delimiter: str | None) -> list[list[str]]:
    layout = Layout(delimiter, delimiter in (",", ";"), strip=delimiter is not None)
    return list(_first(records(path, layout)))


def _first(rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[str]]:
    """The first rows, as many as tell the form: up to 1,000, or what fits into 4 MiB."""
    characters = 0
    for _, fields in islice(rows, _SAMPLE_LINES):
        yield fields
        characters += sum(map(len, fields))
        if characters > _SAMPLE_CHARACTERS:
            return


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: by known words, or by having words where the next row has numbers."""
    first = rows[0]
    if any(cell.casefold() in words for cell in first for words in _KNOWN.values()):
        return True
    numbers_below = len(rows) > 1 and inferred_key_type(rows[1][:2]) == "integer"
    return numbers_below and all(inferred_key_type([cell]) == "string" for cell in first)


def _by_name(header: Sequence[str]) -> tuple[str, ...]:
    """Call each column of a header by its part; the ends take the first free columns where no name fits."""
    columns = [f"ignored {number}" for number in range(len(header))]
    free = list(range(len(header)))
    for part in (WEIGHT, TIME, SOURCE, TARGET):
        named = [number for number in free if header[number].casefold() in _KNOWN[part]]
        if named:
            columns[named[0]] = part
            free.remove(named[0])
    for part in (SOURCE, TARGET):
        if part not in columns and free:
            columns[free.pop(0)] = part
    return tuple(columns)


def _by_position(rows: Sequence[Sequence[str]], path: Path) -> tuple[str, ...]:
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if not 2 <= width <= 4:
        raise BadInputError(
            f"{path.name} has {width} columns; an edge list has user item [weight [time]]. Give it a header that "
            "names them, or load it as adjacency (user item item ...)."
        )
    return (SOURCE, TARGET, WEIGHT, TIME)[:width]
