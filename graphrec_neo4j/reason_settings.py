"""``ReasonSettings``: what the sentences of reasons say, and whom they may name; ``[reasons]`` in ``graphrec.toml``."""

from __future__ import annotations

from string import Formatter
from typing import Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from graphrec_neo4j.errors import nearest
from graphrec_neo4j.schema_part import Part

People = Literal["nobody", "tied", "everybody"]

BLANKS = {
    "taste": ("name", "title", "count", "people", "you", "also", "auxiliary"),
    "taste_alone": ("name", "title", "you"),
    "tie": ("name", "title", "friend", "does"),
    "beyond_tie": ("name", "title", "count", "people", "friend", "does"),
    "interest": ("name", "title", "you"),
    "shared": ("name", "title"),
    "category": ("name", "title", "count", "things", "are"),
    "category_alone": ("name", "title"),
    "start": ("title", "count", "people", "do"),
    "popularity": ("title", "count", "people", "do"),
    "unpopular": ("title",),
}
"""The blanks of every sentence: what may stand in its braces."""


class Sentences(Part):
    """One sentence for each way in which an item comes to a user, with blanks in braces.

    ``{name}`` is what the reason goes through and ``{title}`` the item; ``{count}`` a number and ``{people}`` or
    ``{things}`` the same in words. ``{you}`` ("listened to"), ``{also}`` and ``{do}`` ("listen to"), ``{does}``
    ("listens to") are the verb of the relationship type, ``{auxiliary}`` is "did" or "do", ``{are}`` "is" or "are",
    and ``{friend}`` "your friend Ann" or "Ann, whom you follow,".
    """

    taste: str = "because you {you} {name}, as {auxiliary} {people} who also {also} {title}"
    taste_alone: str = "because you {you} {name}, which is like {title}"
    tie: str = "because {friend} {does} it"
    beyond_tie: str = "because {people} close to {friend} {does} it"
    interest: str = "because you {you} {name}, and {title} goes with it"
    shared: str = "because you and it share {name}"
    category: str = "because {things} you like {are} in {name}"
    category_alone: str = "because you like things in {name}"
    start: str = "because {people} {do} it among their first"
    popularity: str = "popular: {people} {do} it"
    unpopular: str = "not chosen by anyone yet"

    @field_validator("*")
    @classmethod
    def _known_blanks(cls, text: str, info: ValidationInfo) -> str:
        """Plain text with plain blanks; a format string could reach into objects, and a tab ends a stored field."""
        if "\\" in text or not text.isprintable() or not text.strip():
            raise ValueError("a sentence is one line of text without backslashes")
        known = BLANKS[str(info.field_name)]
        try:
            blanks = [parts for parts in Formatter().parse(text) if parts[1] is not None]
        except ValueError as error:
            raise ValueError(f"{error}; braces themselves are written {{{{ and }}}}") from None
        for _, blank, form, conversion in blanks:
            if blank not in known or form or conversion:
                there = ", ".join(f"{{{name}}}" for name in known)
                written = "".join((str(blank), f"!{conversion}" if conversion else "", f":{form}" if form else ""))
                raise ValueError(f"{{{written}}} is no blank of it{nearest(str(blank), known)}; there are {there}")
        return text


class ReasonSettings(Part):
    """``people``: which other users reasons and pictures name to a user, all others being counted.

    ``"tied"`` are those whom she has a tie to herself; ``"everybody"`` also names two of those who share a taste.
    """

    people: People = "tied"
    sentences: Sentences = Field(default_factory=Sentences)
