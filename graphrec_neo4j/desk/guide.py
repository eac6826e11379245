"""The guide: slides that lead from who a user is to why she gets an item, on real users and items of one graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from graphrec_neo4j.browser_link import one_file
from graphrec_neo4j.cypher_names import text_literal
from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.schema import GraphSchema


@dataclass(frozen=True)
class Example:
    """Whom and what the guide speaks about; ``other`` is near to the user in taste, ``unlisted`` not in her list."""

    user: Key
    item: Key
    name: str
    title: str
    other: Key | None = None
    unlisted: Key | None = None


class Question(NamedTuple):
    """One step to click: what is said beside it, and what it runs."""

    label: str
    runs: str


class Slide(NamedTuple):
    """A page of the guide."""

    title: str
    text: str
    questions: list[Question]


def guide(schema: GraphSchema, example: Example, address: str) -> str:
    """Return the page for ``:play``; ``address`` is where the helper serves it, with the style beside it."""
    slides = "\n".join(_slide(slide) for slide in _slides(schema, example, address) if slide.questions)
    return f'<article class="guide">\n<carousel class="deck container-fluid">\n{slides}\n</carousel>\n</article>\n'


def _slide(slide: Slide) -> str:
    asked = "\n".join(f"<p>{escape(question.label)}</p>\n{_step(question.runs)}" for question in slide.questions)
    return (
        f'<slide class="row-fluid">\n<div class="col-sm-12">\n<h3>{escape(slide.title)}</h3>\n'
        f"<p>{escape(slide.text)}</p>\n{asked}\n</div>\n</slide>"
    )


def _step(runs: str) -> str:
    """What is clicked: a command of Browser runs at once, a query goes into the editor."""
    if runs.startswith(":"):
        return f'<p><a data-exec="{escape(runs[1:])}"><code>{escape(runs)}</code></a></p>'
    look = "max-height: 7.5em; overflow: auto"
    return f'<pre class="pre-scrollable code runnable" style="{look}">{escape(runs)}</pre>'


def _slides(schema: GraphSchema, example: Example, address: str) -> Iterator[Slide]:
    user, item, name, title = example.user, example.item, example.name, example.title
    ask = _Asking(schema)
    yield Slide(
        "Recommendations, and why",
        f"Eight pages that lead from who a user is to why she gets what she gets, on your own data: {name} and "
        f"{title}. Click a box: the query goes into the editor; run it with Ctrl+Enter. The links on this page run at "
        "once: they colour recommendations red, and set what the saved queries ask about. Drop favourites.zip on this "
        "window to have these under the star at the left.",
        [
            Question("Colours and captions:", f":style {address}/style.grass"),
            Question("Draw only what is asked for:", ":config autoComplete: false"),
            *_parameters(example),
        ],
    )
    yield Slide(
        f"Who is {name}?",
        "What she chose, newest first; then people who choose as she does, and what they have in common.",
        [
            *ask("Her choices", "explain/history", user_id=user, k=20),
            *ask("Her neighbourhood of taste", "explain/taste", user_id=user, k=8),
            *ask("The same as a table", "explain/taste_table", user_id=user, k=12),
        ],
    )
    yield Slide(
        f"What does {name} get?",
        "Her list as published. Click a red relationship: the panel at the right shows its reason and score.",
        [
            *ask("Her list", "explain/user_list", user_id=user),
            *ask("The same as a table", "recommend/top_items", user_id=user, k=20),
        ],
    )
    yield Slide(
        f"Why {title}?",
        "All kinds of paths from her to it, 60 nodes at most. The table has the model's own arithmetic: each part of "
        "the score with its share, which add up.",
        [
            *ask("The paths", "explain/why", user_id=user, item_id=item),
            *ask("The contributions", "explain/why_table", user_id=user, item_id=item),
        ],
    )
    yield Slide(
        "Why not that one?",
        "An item that she has not got in her list: what it lacks, in words, and the paths that do exist.",
        [
            *ask("In words", "explain/why_not_table", user_id=user, item_id=example.unlisted),
            *ask("The paths", "explain/why_not", user_id=user, item_id=example.unlisted),
        ],
    )
    yield Slide(
        "What has changed, and what do two share?",
        "The list before and after the last run, and what she shares with the one who is nearest to her.",
        [
            *ask("The last run's changes", "explain/changes_table", user_id=user),
            *ask("What both share", "explain/shared", user_id=user, other_id=example.other),
        ],
    )
    yield Slide(
        f"Who else gets {title}?",
        "The other way round: to whom an item is recommended, and through what it came to them.",
        [
            *ask("Its audience", "explain/item_audience", item_id=item, k=25),
            *ask("What led it there", "explain/item_reach_table", item_id=item, k=200),
        ],
    )
    yield Slide(
        "Is the whole of it sound?",
        "Where recommendations concentrate, what newcomers get, and the run under scrutiny.",
        [
            *ask("Items in most lists", "explain/concentration_table", k=20),
            *ask("By category", "explain/concentration_by_category_table", k=20),
            *ask("Users who have chosen little", "explain/cold_users", k=8, fewer_than=5),
            *ask("Audit of the run", "explain/run_audit_table", run=None, lists=300),
        ],
    )


def _parameters(example: Example) -> Iterator[Question]:
    named = {"user_id": example.user, "item_id": example.item, "other_id": example.other}
    for name, value in named.items():
        if value is not None:
            literal = text_literal(value) if isinstance(value, str) else str(value)
            yield Question(f"The {name} of the saved queries:", f":param {name} => {literal}")


class _Asking:
    """Makes the step that asks one question; none where the graph or the example has nothing to ask about."""

    def __init__(self, schema: GraphSchema) -> None:
        self.schema = schema

    def __call__(self, label: str, query: str, **values: Key | None) -> list[Question]:
        if any(value is None for name, value in values.items() if name.endswith("_id")):
            return []
        try:
            return [Question(f"{label}:", one_file(query, self.schema, **values))]
        except QueryFileError:
            return []
