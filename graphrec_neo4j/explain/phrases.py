"""``Phrases``: the words of one kind of contribution, in the verbs of a schema's relationship types."""

from __future__ import annotations

from graphrec_neo4j.explain.stored import COUNT, NAME, TITLE, Words
from graphrec_neo4j.explain.words import CHOSE, Verb, friend, verb_for
from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.results import Contribution
from graphrec_neo4j.schema import EdgeType, GraphSchema

_NONE, _ONE, _MANY = 0, 1, 2


class Phrases:
    """Makes the words of each kind of contribution once, however many contributions there are."""

    def __init__(self, schema: GraphSchema) -> None:
        self.schema = schema
        self._verbs = {name: _verb(edge) for name, edge in schema.edges.items()}
        interactions = list(schema.by_role("interaction"))
        self._verbs[ALL_INTERACTIONS] = self._verbs[interactions[0]] if len(interactions) == 1 else CHOSE
        self._made: dict[tuple[object, ...], Words] = {}

    def of(self, part: Contribution, first: str, counted: int, *, named: bool) -> Words:
        """Return the words of a contribution that begins with the edge type ``first`` and gathers ``counted``.

        ``named`` says whether it goes through a node that may be named; what does not, and is no start, is told as
        popularity.
        """
        number = min(counted, _MANY)
        key = (part.kind, first, part.edges, len(part.path), number, named)
        if key not in self._made:
            self._made[key] = self._make(part, first, number, named)
        return self._made[key]

    def _make(self, part: Contribution, first: str, number: int, named: bool) -> Words:
        last = self._verb(part.edges[-1] if part.edges else ALL_INTERACTIONS)
        if part.kind == "start":
            return _start(self._verb(ALL_INTERACTIONS), number)
        if not named:
            return _popularity(self._verb(ALL_INTERACTIONS), number)
        if part.kind == "taste":
            return _taste(self._verb(first), last, number)
        if part.kind == "tie":
            edge = self.schema.edges.get(first)
            who = friend(_type_of(edge), directed=edge.directed) if edge else friend("", directed=False)
            return _tie(who, last) if len(part.path) == 1 else _beyond_tie(who, last, number)
        return _interest(self._verb(first)) if len(part.edges) == 2 else _category(number)

    def _verb(self, edge: str) -> Verb:
        return self._verbs.get(edge, CHOSE)


def _type_of(edge: EdgeType) -> str:
    """A path through an Order or a Purchase speaks by the label of its middle node."""
    return edge.type or (edge.via.label if edge.via else "")


def _verb(edge: EdgeType) -> Verb:
    return verb_for(_type_of(edge), liked=edge.positive_from is not None)


def _people(number: int) -> str:
    return "one person" if number == _ONE else f"{COUNT} people"


def _taste(mine: Verb, theirs: Verb, number: int) -> Words:
    if number == _NONE:
        return Words(f"you → {NAME} → {TITLE}", f"because you {mine.you} {NAME}, which is like {TITLE}")
    also = theirs.one if number == _ONE else theirs.others
    crowd = _people(number)
    return Words(
        f"you → {NAME} → {crowd} → {TITLE}",
        f"because you {mine.you} {NAME}, as {mine.auxiliary} {crowd} who also {also} {TITLE}",
    )


def _tie(who: str, verb: Verb) -> Words:
    return Words(f"you → {NAME} → {TITLE}", f"because {who} {verb.one} it")


def _beyond_tie(who: str, verb: Verb, number: int) -> Words:
    crowd = "someone" if number == _NONE else _people(number)
    does = verb.others if number == _MANY else verb.one
    return Words(f"you → {NAME} → {crowd} → {TITLE}", f"because {crowd} close to {who.rstrip(',')} {does} it")


def _category(number: int) -> Words:
    if number == _NONE:
        return Words(f"you → {NAME} → {TITLE}", f"because you like things in {NAME}")
    things, are = ("one thing", "is") if number == _ONE else (f"{COUNT} things", "are")
    return Words(f"you → {things} → {NAME} → {TITLE}", f"because {things} you like {are} in {NAME}")


def _interest(mine: Verb) -> Words:
    path = f"you → {NAME} → {TITLE}"
    if mine == CHOSE:
        return Words(path, f"because you and it share {NAME}")
    return Words(path, f"because you {mine.you} {NAME}, and {TITLE} goes with it")


def _start(verb: Verb, number: int) -> Words:
    crowd = _people(number)
    return Words(
        f"{crowd} → {TITLE}", f"because {crowd} {verb.one if number == _ONE else verb.you} it among their first"
    )


def _popularity(verb: Verb, number: int) -> Words:
    if number == _NONE:
        return Words(TITLE, "not chosen by anyone yet")
    crowd = _people(number)
    return Words(f"{crowd} → {TITLE}", f"popular: {crowd} {verb.one if number == _ONE else verb.you} it")
