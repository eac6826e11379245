"""How the explanation of one published pair is kept in the database: a text that pure Cypher can take apart.

The first line is ``score TAB exact TAB other`` with exact 1 or 0. Then comes one line a contribution, largest
first, ``score TAB kind TAB count TAB type TAB id TAB name TAB line``, whose last field is the number (from 0) of
the line with its words, ``path TAB text``; these lines come last, each once. In the words ``\\0`` stands for the
item's title, ``\\1`` for the name and ``\\2`` for the count. In type, id and name a backslash is written ``\\b``, a
tab ``\\t`` and a line feed ``\\n``; undo them after filling the words in, in the order tab, line feed, backslash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, overload

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.ids import Key, parse_key
from graphrec_neo4j.results import Texts
from graphrec_neo4j.schema import GraphSchema

TITLE, NAME, COUNT = "\\0", "\\1", "\\2"
_FIELDS = 6
"""Tabs in a line that tells a contribution."""

Named = tuple[list[str], list[str]]
"""Ids, as text, and the labels of their nodes."""


class Words(NamedTuple):
    """A path and a sentence in which TITLE, NAME and COUNT stand for what they name; no other backslash, no tab."""

    path: str
    text: str


class Node(NamedTuple):
    """A node that an explanation names: its type, its business id and the name that people know it by."""

    type: str
    key: Key
    name: str


class Reason(NamedTuple):
    """One contribution: its score, the node that it goes through, if any, and how many people or things."""

    score: float
    kind: str
    counted: int
    node: Node | None
    words: Words

    def text(self, title: str) -> str:
        """Return the sentence about the item called ``title``."""
        return self._filled(self.words.text, title)

    def path(self, title: str) -> str:
        """Return the path to the item called ``title``, in words."""
        return self._filled(self.words.path, title)

    def _filled(self, words: str, title: str) -> str:
        name = self.node.name if self.node else ""
        words = words.replace(TITLE, escaped(title)).replace(NAME, escaped(name))
        return _plain(words.replace(COUNT, str(self.counted)))


class Described(NamedTuple):
    """The explanation of one pair in words; ``score == other + sum of the reasons' scores``."""

    score: float
    exact: bool
    other: float
    reasons: tuple[Reason, ...]

    def share(self, reason: Reason) -> float:
        """Return the part of the score that a reason makes, to four digits; 0 of a score that is not positive."""
        return round(reason.score / self.score, 4) if self.score > 0 else 0.0


def encode(described: Described) -> str:
    """Return the text to be stored."""
    lines = [f"{described.score!r}\t{described.exact:d}\t{described.other!r}"]
    places: dict[Words, int] = {}
    for score, kind, counted, node, words in described.reasons:
        place = places.setdefault(words, 1 + len(described.reasons) + len(places))
        named = f"{escaped(node.type)}\t{escaped(str(node.key))}\t{escaped(node.name)}" if node else "\t\t"
        lines.append(f"{score!r}\t{kind}\t{counted}\t{named}\t{place}")
    lines += [f"{words.path}\t{words.text}" for words in places]
    return "\n".join(lines)


def decode(text: str, schema: GraphSchema) -> Described:
    """The inverse of :func:`encode`; raises PublishError for a text that it did not write."""
    first, *rest = lines = text.split("\n")
    try:
        score, exact, other = first.split("\t")
        reasons = tuple(_reason(line, lines, schema) for line in rest if line.count("\t") > 1)
        return Described(float(score), exact == "1", float(other), reasons)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise PublishError(f"a stored explanation cannot be read ({error}): run graphrec-neo4j sync again.") from None


class NamedNodes(Sequence[list[Named]]):
    """The nodes that stored explanations name, ``[row][rank]``: ids, as text, and labels, the largest part's first.

    Read from the texts when asked for, so that no second copy of millions of ids is kept.
    """

    def __init__(self, texts: Texts, schema: GraphSchema) -> None:
        self._texts, self.lengths = texts, texts.lengths
        self._labels = {name: node.label for name, node in schema.nodes.items()}

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, row: int) -> list[Named]: ...
    @overload
    def __getitem__(self, row: slice) -> list[list[Named]]: ...
    def __getitem__(self, row: int | slice) -> list[Named] | list[list[Named]]:
        if isinstance(row, slice):
            return [self[each] for each in range(len(self))[row]]
        return [self._named(text) for text in self._texts[row]]

    def _named(self, text: str) -> Named:
        parts = [line.split("\t") for line in text.split("\n") if line.count("\t") == _FIELDS]
        named = dict.fromkeys((_plain(key), self._labels[_plain(kind)]) for _, _, _, kind, key, _, _ in parts if kind)
        return [key for key, _ in named], [label for _, label in named]


def _reason(line: str, lines: list[str], schema: GraphSchema) -> Reason:
    score, kind, counted, type_name, key, name, place = line.split("\t")
    node = None
    if type_name:
        plain = _plain(type_name)
        node = Node(plain, parse_key(_plain(key), schema.nodes[plain].key_type, plain), _plain(name))
    return Reason(float(score), kind, int(counted), node, Words(*lines[int(place)].split("\t")))


def escaped(text: str) -> str:
    """Return ``text`` without the characters that mean something here; what reads a stored text undoes it."""
    return text.replace("\\", "\\b").replace("\t", "\\t").replace("\n", "\\n")


def _plain(text: str) -> str:
    return text.replace("\\t", "\t").replace("\\n", "\n").replace("\\b", "\\") if "\\" in text else text
