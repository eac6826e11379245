"""Every error a user can meet, in one tree.

    GraphRecError                 exit code 1: the user's input
    +-- SchemaError               graphrec.toml does not parse, or does not fit the database
    +-- MetaPathError             a meta-path cannot be walked
    +-- SnapshotError             arrays that do not make a graph
    +-- UnknownIdError            a business id that is not there
    +-- BadInputError             rows of a file that cannot be loaded
    +-- QueryFileError            a .cypher file breaks its own header
    +-- ModelError                a model cannot be fitted, saved or asked
    +-- PublishError              results that must not be published, or nothing to ask
    |   +-- StaleRunError         the database lacks what an update relies on it to have
    +-- StreamError               a streamed graph is asked for what it does not hold
    +-- MissingExtraError         an optional dependency is not installed
    +-- DatabaseError             exit code 3: the database or the network
        +-- ServerError           the local server cannot be fetched, started or stopped
    +-- Interrupted               exit code 130: Ctrl-C; 143: SIGTERM

A message is one sentence that says what is wrong, where, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_LINE = 2_000


class GraphRecError(Exception):
    """Root of all errors of this package; ``exit_code`` is what the command line ends with.

    A line of a message that would be over 2,000 characters, as it quotes a value that is, is shortened in its middle.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__("\n".join(map(_short, message.split("\n"))))


class SchemaError(GraphRecError):
    """``graphrec.toml`` does not parse, contradicts itself, or does not fit the database."""


class MetaPathError(GraphRecError):
    """A meta-path does not parse or cannot be walked in the schema."""


class SnapshotError(GraphRecError):
    """Arrays that do not make a graph: sizes, ranges or ids are wrong."""


class UnknownIdError(GraphRecError):
    """A business id that is not there."""


class BadInputError(GraphRecError):
    """Rows of a file that cannot be loaded."""


class QueryFileError(GraphRecError):
    """A ``.cypher`` file breaks its own header, or needs something that the schema lacks."""


class ModelError(GraphRecError):
    """A model cannot be fitted, saved, loaded or asked."""


class PublishError(GraphRecError):
    """Results that must not be published, or nothing published where something is asked for."""


class StaleRunError(PublishError):
    """What an update relies on the current run to hold is not there; everything must be learnt and written."""


class StreamError(GraphRecError):
    """A streamed graph is asked for what it does not hold, or for a sample that it cannot draw."""


class MissingExtraError(GraphRecError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the [{extra}] extra: pip install 'graphrec-neo4j[{extra}]'.")


class DatabaseError(GraphRecError):
    """The database or the network failed."""

    exit_code = 3


class ServerError(DatabaseError):
    """The local server cannot be fetched, started or stopped."""


def _short(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{line[: _LONGEST_LINE // 2]} … {line[-_LONGEST_LINE // 2 :]}"


class Interrupted(GraphRecError):
    """Somebody pressed Ctrl-C (exit code 130, as shells give it) or asked for an end by SIGTERM (143)."""

    def __init__(self, message: str, exit_code: int = 130) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``", the nearest is 'X'"`` for the known name most like ``name``, or an empty string."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    match = get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.4)
    return f", the nearest is {by_folded[match[0]]!r}" if match else ""
