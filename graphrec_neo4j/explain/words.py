"""Verbs for relationship types, and sentences from described explanations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from graphrec_neo4j.explain.stored import NAME, Described

_WORTH_SAYING = 0.05
_WORTH_TELLING = 0.005
_LETTERS = 200
"""Of a name; a longer one would be repeated in the sentences of everybody who has its item in a list."""

APPROXIMATE = "The shares are an approximation: the model is not a sum of paths."


def short(name: str) -> str:
    """Return a name that is a novel cut to a line or two."""
    return name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"


class Verb(NamedTuple):
    """One verb in its places: "you listened to", "people who also listen to", "your friend listens to", "as did"."""

    you: str
    others: str
    one: str
    auxiliary: str = "did"


def _past(word: str) -> Verb:
    return Verb(word, word, word)


CHOSE = _past("chose")
LIKED = Verb("liked", "like", "likes")
RATED = _past("rated")
HAVE = Verb("have", "have", "has", "do")
INTERESTED = Verb("are interested in", "are interested in", "is interested in", "are")

_BY_WORD = {
    word: verb
    for words, verb in (
        ("listened listens listen listening scrobbled", Verb("listened to", "listen to", "listens to")),
        ("liked likes like loved loves love favorited favourited", LIKED),
        ("rated rates rate rating ratings", RATED),
        ("bought buys buy purchased purchases purchase ordered orders order placed", _past("bought")),
        ("watched watches watch saw seen", _past("watched")),
        ("read reads", _past("read")),
        ("viewed views view", _past("viewed")),
        ("clicked clicks click", _past("clicked on")),
        ("played plays play", Verb("played", "play", "plays")),
        ("visited visits visit checked checkin", _past("visited")),
        ("reviewed reviews review", _past("reviewed")),
        ("used uses use", Verb("used", "use", "uses")),
        ("enrolled enrols enrolls", _past("enrolled in")),
        ("applied applies", _past("applied for")),
        ("follows follow followed following", Verb("follow", "follow", "follows", "do")),
        ("knows know", Verb("know", "know", "knows", "do")),
        ("trusts trust trusted", Verb("trust", "trust", "trusts", "do")),
        ("wants want", Verb("want", "want", "wants", "do")),
        ("has have owns own", HAVE),
        ("interested", INTERESTED),
        ("interacted interacts interact interaction", CHOSE),
    )
    for word in words.split()
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def verb_for(relationship_type: str, *, liked: bool = False) -> Verb:
    """Return the verb of a relationship type, as ``RATED`` or ``hasVisited``; "chose" where none is known.

    ``liked`` says that only ratings from some threshold on count, so that "rated" means "liked".
    """
    words = [word.casefold() for word in _WORD.findall(relationship_type)]
    if len(words) > 1 and words[0] in ("has", "have") and _known(words[1]):
        words = words[1:]
    found = _known(words[0]) if words else None
    return LIKED if liked and found in (RATED, None) else found or CHOSE


def _known(word: str) -> Verb | None:
    is_regular_past = len(word) > 4 and word.endswith("ed") and not word.endswith("eed")
    return _BY_WORD.get(word) or (_past(word) if is_regular_past else None)


def friend(relationship_type: str, *, directed: bool, named: bool = True, backward: bool = False) -> str:
    """Return how a sentence speaks of another user NAME: "your friend NAME", or "NAME, whom you follow,".

    One who is not to be ``named`` is "a friend of yours", or "someone whom you follow". ``backward`` says that the tie
    runs from her: "NAME, who follows you,".
    """
    words = [word.casefold() for word in _WORD.findall(relationship_type)]
    for stem in ("follow", "trust"):
        if directed and words and words[0].startswith(stem):
            who = f"who {stem}s you" if backward else f"whom you {stem}"
            return f"{NAME}, {who}," if named else f"someone {who}"
    return f"your friend {NAME}" if named else "a friend of yours"


def enumerated(names: Sequence[str]) -> str:
    """Return at least one name as a list in words: "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def percent(share: float, *, exact: bool) -> str:
    """Return a share in words, " (38 %)", or nothing where it is no part of a whole."""
    if not 0 < share <= 1:
        return ""
    number = f"{100 * share:.0f} %" if share >= 0.005 else "under 1 %"
    return f" ({number})" if exact else f" (about {number})"


def sentence(described: Described, title: str, most: int = 2) -> str:
    """Return the largest ``most`` reasons in one sentence, the first whatever its share, others from 5 % on."""
    first, *others = told(described, title)[:most]
    return "; ".join([first[0], *(words for words, share in others if share >= _WORTH_SAYING)])


def told(described: Described, title: str) -> list[tuple[str, float]]:
    """Return every reason as its sentence with the share in words, and the share."""
    shares = [described.share(reason) for reason in described.reasons]
    return [
        (reason.text(title) + percent(share, exact=described.exact), share)
        for reason, share in zip(described.reasons, shares, strict=True)
    ]


def rest(described: Described) -> str:
    """Return what the reasons leave of a positive score, or nothing where that is too little to be told."""
    worth = described.score > 0 and abs(described.other) >= _WORTH_TELLING * described.score
    return f"and {100 * described.other / described.score:.0f} % from all else" if worth else ""


def paragraph(described: Described, title: str) -> str:
    """Return every reason, what they leave of the score, and whether the shares are exact, as one paragraph."""
    reasons = "; ".join([words for words, _ in told(described, title)] + [rest(described)] * bool(rest(described)))
    return f"{title}: {reasons}." + ("" if described.exact else f" {APPROXIMATE}")
