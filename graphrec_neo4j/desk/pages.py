"""What the guide says and asks, page by page.

In titles and texts ``{name}`` and ``{title}`` stand for its user and item, ``{unlisted}`` for an item that is not in
the list and ``{other}`` for the one who is nearest in taste; in commands of a terminal ``{user}`` and ``{item}`` are
the ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Page(NamedTuple):
    """A page of the guide: its questions by label, and commands of a terminal by label.

    ``unlisted`` asks about the item that is not in the list.
    """

    title: str
    text: str
    questions: Mapping[str, str]
    unlisted: bool = False
    terminal: Mapping[str, str] = MappingProxyType({})


FIRST = Page(
    "Recommendations, and why",
    "These pages lead from who a user is to why she gets what she gets, on your own data: {name} and {title}. "
    "Log in first, in the form beside this. Then click each line that begins with a colon; it runs at once. On the "
    "pages that follow click a box: its query goes into the editor; run it with Ctrl+Enter or the blue arrow.",
    {},
)

SAVED = "Saved queries: get this file and drop it on this window; they are then under the star at the left"

PAGES = (
    Page(
        "Who is {name}?",
        "What she chose, newest first, or what she chose most where no times are known; then people who choose as she "
        "does, and what they have in common.",
        {
            "Her choices": "explain/history",
            "Her neighbourhood of taste": "explain/taste",
            "The same as a table": "explain/taste_table",
        },
    ),
    Page(
        "What does {name} get?",
        "Her list as published; the number on a red relationship is the rank. Click one: the panel at the right shows "
        "its reason and score.",
        {"Her list": "explain/user_list", "The same as a table": "recommend/top_items"},
    ),
    Page(
        "Why {title}?",
        "The table has the parts of the score, the largest first, as a share and in words; the last row, of kind "
        "other, is what these leave out, and all shares add up to 1. Where exact is true they are the model's own "
        "arithmetic, else an approximation. The picture has paths from her to it, 60 nodes at most.",
        {"The parts of the score": "explain/why_table", "The paths": "explain/why"},
        terminal={
            "What would take it out of her list": "graphrec-neo4j explain {user} {item} --what-if",
            "A page of this to hand on": "graphrec-neo4j explain {user} {item} --html why.html",
        },
    ),
    Page(
        "Why not {unlisted}?",
        "Many choose it, and it is not in her list: what it lacks, in words; then the paths that do lead to it, beside "
        "the end of her list, which it would have to pass.",
        {"In words": "explain/why_not_table", "The paths": "explain/why_not"},
        unlisted=True,
    ),
    Page(
        "What has changed for {name}?",
        "Her list before and after the last run: what is new, gone, up and down. Nothing, if there was but one run.",
        {"The last run's changes": "explain/changes_table", "What it began and ended": "explain/changes"},
    ),
    Page(
        "What do {name} and {other} share?",
        "Choices, people and recommendations that she has in common with the one who is nearest to her in taste.",
        {"What both share": "explain/shared", "The same as a table": "explain/shared_table"},
    ),
    Page(
        "Who else gets {title}?",
        "The other way round: to whom it is recommended, and through what it came to them.",
        {"Its audience": "explain/item_audience", "What led it there": "explain/item_reach_table"},
    ),
    Page(
        "Is the whole of it sound?",
        "Where recommendations concentrate, what those get who have chosen little, and the run under scrutiny.",
        {
            "Items in most lists": "explain/concentration_table",
            "By category": "explain/concentration_by_category_table",
            "By community of taste": "explain/concentration_by_community_table",
            "Users who have chosen little": "explain/cold_users",
            "Audit of the run": "explain/run_audit_table",
        },
        terminal={"Whether the reasons are true to the model": "graphrec-neo4j evaluate --explanations"},
    ),
)
