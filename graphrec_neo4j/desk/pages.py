"""What the guide says and asks, page by page; ``{name}`` and ``{title}`` stand for its user and item."""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """A page of the guide: its questions by label; ``unlisted`` asks about the item that is not in the list."""

    title: str
    text: str
    questions: dict[str, str]
    unlisted: bool = False


FIRST = Page(
    "Recommendations, and why",
    "Eight pages that lead from who a user is to why she gets what she gets, on your own data: {name} and {title}. "
    "Click a box: the query goes into the editor; run it with Ctrl+Enter. The links on this page run at once: they "
    "colour recommendations red, and set what the saved queries ask about. Drop favourites.zip on this window to have "
    "these under the star at the left.",
    {},
)

PAGES = (
    Page(
        "Who is {name}?",
        "What she chose, newest first; then people who choose as she does, and what they have in common.",
        {
            "Her choices": "explain/history",
            "Her neighbourhood of taste": "explain/taste",
            "The same as a table": "explain/taste_table",
        },
    ),
    Page(
        "What does {name} get?",
        "Her list as published. Click a red relationship: the panel at the right shows its reason and score.",
        {"Her list": "explain/user_list", "The same as a table": "recommend/top_items"},
    ),
    Page(
        "Why {title}?",
        "All kinds of paths from her to it, 60 nodes at most. The table has the model's own arithmetic: each part of "
        "the score with its share, which add up.",
        {"The paths": "explain/why", "The contributions": "explain/why_table"},
    ),
    Page(
        "Why not that one?",
        "An item that she has not got in her list: what it lacks, in words, and the paths that do exist.",
        {"In words": "explain/why_not_table", "The paths": "explain/why_not"},
        unlisted=True,
    ),
    Page(
        "What has changed, and what do two share?",
        "The list before and after the last run, and what she shares with the one who is nearest to her.",
        {"The last run's changes": "explain/changes_table", "What both share": "explain/shared"},
    ),
    Page(
        "Who else gets {title}?",
        "The other way round: to whom an item is recommended, and through what it came to them.",
        {"Its audience": "explain/item_audience", "What led it there": "explain/item_reach_table"},
    ),
    Page(
        "Is the whole of it sound?",
        "Where recommendations concentrate, what newcomers get, and the run under scrutiny.",
        {
            "Items in most lists": "explain/concentration_table",
            "By category": "explain/concentration_by_category_table",
            "Users who have chosen little": "explain/cold_users",
            "Audit of the run": "explain/run_audit_table",
        },
    ),
)
