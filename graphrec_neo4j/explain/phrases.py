"""``Phrases``: the words of one kind of contribution, in the verbs of a schema's relationship types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphrec_neo4j.explain.stored import COUNT, NAME, TITLE, Words, escaped
from graphrec_neo4j.explain.words import CHOSE, Verb, enumerated, friend, verb_for
from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.results import Contribution
from graphrec_neo4j.schema import EdgeType, GraphSchema

_NONE, _ONE, _MANY = 0, 1, 2


class _Who(NamedTuple):
    """Another user: the way to her, her name, and who she is to the user."""

    way: str
    name: str
    friend: str


class Phrases:
    """Makes the words of each kind of contribution once, however many contributions there are.

    The sentences are those of ``schema.reasons``.
    """

    def __init__(self, schema: GraphSchema) -> None:
        self.schema, self._say = schema, schema.reasons.sentences
        self._verbs = {name: _verb(edge) for name, edge in schema.edges.items()}
        interactions = list(schema.by_role("interaction"))
        self._verbs[ALL_INTERACTIONS] = self._verbs[interactions[0]] if len(interactions) == 1 else CHOSE
        self._made: dict[tuple[object, ...], Words] = {}

    def of(
        self,
        part: Contribution,
        first: str,
        counted: int,
        *,
        shown: bool,
        people: Sequence[str] = (),
        backward: bool = False,
    ) -> Words:
        """Return the words of a contribution that begins with the edge type ``first`` and gathers ``counted``.

        ``shown`` says whether it goes through a node that may be named; what does not, and is neither a tie nor a
        start, is told as popularity. ``people`` are those of the counted who are named; ``backward`` says that the
        first edge runs to the user.
        """
        number = min(counted, _MANY)
        if people:
            return self._make(part, first, number, shown, _named(people, counted), backward)
        key = (part.kind, first, part.edges, len(part.path), number, shown, backward)
        if key not in self._made:
            self._made[key] = self._make(part, first, number, shown, _people(number), backward)
        return self._made[key]

    def _make(self, part: Contribution, first: str, number: int, shown: bool, people: str, backward: bool) -> Words:
        last = self._verb(part.edges[-1] if part.edges else ALL_INTERACTIONS)
        if part.kind == "start":
            return self._of_many(self._say.start, number)
        if part.kind == "tie" and part.path:
            return self._tie(len(part.path), self._who(first, shown, backward), last, number)
        if not shown:
            return self._popularity(number)
        if part.kind == "taste":
            return self._taste(self._verb(first), last, number, people)
        return self._interest(self._verb(first)) if len(part.edges) == 2 else self._category(number)

    def _verb(self, edge: str) -> Verb:
        return self._verbs.get(edge, CHOSE)

    def _taste(self, mine: Verb, theirs: Verb, number: int, people: str) -> Words:
        if number == _NONE:
            return _words(f"you → {NAME} → {TITLE}", self._say.taste_alone, you=mine.you)
        also = theirs.one if number == _ONE else theirs.others
        path = f"you → {NAME} → {people} → {TITLE}"
        return _words(path, self._say.taste, you=mine.you, auxiliary=mine.auxiliary, people=people, also=also)

    def _who(self, tie: str, shown: bool, backward: bool) -> _Who:
        edge = self.schema.edges.get(tie)
        directed = bool(edge and edge.directed)
        friend_of = friend(_type_of(edge) if edge else "", directed=directed, named=shown, backward=backward)
        name = NAME if shown else "someone"
        return _Who(f"you {'←' if backward else '→'} {name}", name, friend_of)

    def _tie(self, hops: int, who: _Who, verb: Verb, number: int) -> Words:
        if hops == 1:
            return _words(f"{who.way} → {TITLE}", self._say.tie, name=who.name, friend=who.friend, does=verb.one)
        crowd = "someone" if number == _NONE else _people(number)
        does = verb.others if number == _MANY else verb.one
        path, told = f"{who.way} → {crowd} → {TITLE}", who.friend.rstrip(",")
        return _words(path, self._say.beyond_tie, name=who.name, people=crowd, friend=told, does=does)

    def _category(self, number: int) -> Words:
        if number == _NONE:
            return _words(f"you → {NAME} → {TITLE}", self._say.category_alone)
        things, are = ("one thing", "is") if number == _ONE else (f"{COUNT} things", "are")
        return _words(f"you → {things} → {NAME} → {TITLE}", self._say.category, things=things, are=are)

    def _interest(self, mine: Verb) -> Words:
        path = f"you → {NAME} → {TITLE}"
        return _words(path, self._say.shared) if mine == CHOSE else _words(path, self._say.interest, you=mine.you)

    def _popularity(self, number: int) -> Words:
        return _words(TITLE, self._say.unpopular) if number == _NONE else self._of_many(self._say.popularity, number)

    def _of_many(self, sentence: str, number: int) -> Words:
        verb, people = self._verb(ALL_INTERACTIONS), _people(number)
        return _words(f"{people} → {TITLE}", sentence, people=people, do=verb.one if number == _ONE else verb.you)


def _words(path: str, sentence: str, name: str = NAME, **blanks: str) -> Words:
    return Words(path, sentence.format(name=name, title=TITLE, count=COUNT, **blanks))


def _type_of(edge: EdgeType) -> str:
    """A path through an Order or a Purchase speaks by the label of its middle node."""
    return edge.type or (edge.via.label if edge.via else "")


def _verb(edge: EdgeType) -> Verb:
    return verb_for(_type_of(edge), liked=edge.positive_from is not None)


def _people(number: int) -> str:
    return "one person" if number == _ONE else f"{COUNT} people"


def _named(people: Sequence[str], counted: int) -> str:
    """Some names, and how many more there are."""
    names, others = [escaped(name) for name in people], counted - len(people)
    if others:
        names.append("one other person" if others == 1 else f"{others} more people")
    return enumerated(names)
