"""How the explanation of one published pair is kept in the database: a text that pure Cypher can take apart.

The first line is ``score TAB exact TAB other`` with exact 1 or 0; every further line is one contribution,
``share TAB score TAB kind TAB count TAB types TAB ids TAB path TAB text``, largest first. In a field a backslash
is written ``\\b``, a tab ``\\t`` and a line feed ``\\n``, so that a backslash always begins one of these; the
elements of ``types`` and ``ids`` are joined by ``\\;``. Undo the escapes in the order tab, line feed, backslash.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.ids import Key, parse_key
from graphrec_neo4j.schema import GraphSchema

_BETWEEN = "\\;"


class Reason(NamedTuple):
    """One contribution in words: its share of the score, the nodes it goes through, a path and a sentence.

    ``counted`` is how many people, or things, the contribution gathers.
    """

    share: float
    score: float
    kind: str
    counted: int
    nodes: tuple[tuple[str, Key], ...]
    path: str
    text: str


class Described(NamedTuple):
    """The explanation of one pair in words; ``score == other + sum of the reasons' scores``."""

    score: float
    exact: bool
    other: float
    reasons: tuple[Reason, ...]


def encode(described: Described) -> str:
    """Return the text to be stored."""
    lines = [f"{described.score!r}\t{int(described.exact)}\t{described.other!r}"]
    for reason in described.reasons:
        types = _joined(kind for kind, _ in reason.nodes)
        ids = _joined(str(key) for _, key in reason.nodes)
        lines.append(
            f"{reason.share!r}\t{reason.score!r}\t{_escape(reason.kind)}\t{reason.counted}\t{types}\t{ids}\t"
            f"{_escape(reason.path)}\t{_escape(reason.text)}"
        )
    return "\n".join(lines)


def decode(text: str, schema: GraphSchema) -> Described:
    """The inverse of :func:`encode`; raises PublishError for a text that it did not write."""
    first, *rest = text.split("\n")
    try:
        score, exact, other = first.split("\t")
        reasons = tuple(_reason(line, schema) for line in rest)
        return Described(float(score), exact == "1", float(other), reasons)
    except (ValueError, KeyError) as error:
        raise PublishError(f"a stored explanation cannot be read ({error}): run graphrec-neo4j sync again.") from None


def _reason(line: str, schema: GraphSchema) -> Reason:
    share, score, kind, count, types, ids, path, words = line.split("\t")
    named = [_plain(name) for name in types.split(_BETWEEN)] if types else []
    keys = [_plain(key) for key in ids.split(_BETWEEN)] if types else []
    nodes = tuple(
        (name, parse_key(key, schema.nodes[name].key_type, name)) for name, key in zip(named, keys, strict=True)
    )
    return Reason(float(share), float(score), _plain(kind), int(count), nodes, _plain(path), _plain(words))


def _joined(parts: Iterable[str]) -> str:
    return _BETWEEN.join(map(_escape, parts))


def _escape(text: str) -> str:
    return text.replace("\\", "\\b").replace("\t", "\\t").replace("\n", "\\n")


def _plain(text: str) -> str:
    return text.replace("\\t", "\t").replace("\\n", "\n").replace("\\b", "\\")
