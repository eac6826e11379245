"""The two slots that results live in: how the properties of each are called, on users and on items.

Users and items may be the same nodes, so no name serves both.
"""

from __future__ import annotations

SLOTS = ("a", "b")
INDEXES = ("user_vector", "item_vector")

_OF_USERS = {
    "items": "graphrec_items",
    "scores": "graphrec_scores",
    "reasons": "graphrec_reasons",
    "why": "graphrec_why",
    "walk_items": "graphrec_walk_items",
    "walk_scores": "graphrec_walk_scores",
    "user_vector": "graphrec_user_vector",
    "user_digest": "graphrec_user_digest",
}
_OF_ITEMS = {
    "item_vector": "graphrec_item_vector",
    "item_score": "graphrec_score",
    "item_digest": "graphrec_item_digest",
    "similar_digest": "graphrec_similar_digest",
}


def user_properties(slot: str) -> dict[str, str]:
    """Return the user properties of ``slot``, by what they hold."""
    return {what: f"{name}_{slot}" for what, name in _OF_USERS.items()}


def item_properties(slot: str) -> dict[str, str]:
    """Return the item properties of ``slot``, by what they hold."""
    return {what: f"{name}_{slot}" for what, name in _OF_ITEMS.items()}


def slot_names(slot: str) -> dict[str, str]:
    """Return all names of ``slot``: of its properties by what they hold, of its vector indexes."""
    names = user_properties(slot) | item_properties(slot)
    indexes = {"user_index": names["user_vector"], "item_index": names["item_vector"]}
    return {what: name for what, name in names.items() if not what.endswith("_digest")} | indexes


def run_names(slot: str, *, indexed: bool) -> dict[str, str]:
    """Return the names that a run in ``slot`` gives to readers, who use them as ``u[p.items_in]``.

    They never change while the run can be seen, so a reader who asks the pointer once, for the run, sees one whole
    generation. The names of vector indexes are there if they are ``indexed``.
    """
    names = slot_names(slot)
    indexes = {f"{kind}_index" for kind in ("user", "item")}
    return {
        what if what in indexes else f"{what}_in": name
        for what, name in names.items()
        if indexed or what not in indexes
    }


def all_properties() -> list[str]:
    """Return every property that results are ever written to."""
    return [name for slot in SLOTS for name in (user_properties(slot) | item_properties(slot)).values()]


def index_names() -> list[str]:
    """Return every vector index that results ever have; each is called as the property that it indexes."""
    return [slot_names(slot)[index] for slot in SLOTS for index in INDEXES]
