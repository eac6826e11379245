"""The guide: slides that lead from who a user is to why she gets an item, on real users and items of one graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from graphrec_neo4j.browser_link import one_file
from graphrec_neo4j.cypher_names import text_literal
from graphrec_neo4j.desk.favourites import defaults
from graphrec_neo4j.desk.pages import FIRST, PAGES, Page
from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.queries import load_query
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


def guide(schema: GraphSchema, example: Example, address: str) -> str:
    """Return the page for ``:play``; ``address`` is where the helper serves it, with the style beside it."""
    slides = [_slide(FIRST, example, dict(_commands(example, address)))]
    for page in PAGES:
        asked = _asked(page, schema, example)
        slides += [_slide(page, example, asked)] if asked else []
    deck = "\n".join(slides)
    return f'<article class="guide">\n<carousel class="deck container-fluid">\n{deck}\n</carousel>\n</article>\n'


def _slide(page: Page, example: Example, steps: Mapping[str, str]) -> str:
    title, text = (escape(said.format(name=example.name, title=example.title)) for said in page[:2])
    asked = "\n".join(f"<p>{escape(label)}:</p>\n{_step(runs)}" for label, runs in steps.items())
    inside = f"<h3>{title}</h3>\n<p>{text}</p>\n{asked}"
    return f'<slide class="row-fluid">\n<div class="col-sm-12">\n{inside}\n</div>\n</slide>'


def _step(runs: str) -> str:
    """What is clicked: a command of Browser runs at once, a query goes into the editor."""
    if runs.startswith(":"):
        return f'<p><a data-exec="{escape(runs[1:])}"><code>{escape(runs)}</code></a></p>'
    look = "max-height: 7.5em; overflow: auto"
    return f'<pre class="pre-scrollable code runnable" style="{look}">{escape(runs)}</pre>'


def _commands(example: Example, address: str) -> Iterator[tuple[str, str]]:
    yield "Colours and captions", f":style {address}/style.grass"
    yield "Draw only what is asked for", ":config autoComplete: false"
    for name, value in {"user_id": example.user, "item_id": example.item, "other_id": example.other}.items():
        if value is not None:
            literal = text_literal(value) if isinstance(value, str) else str(value)
            yield f"The {name} of the saved queries", f":param {name} => {literal}"


def _asked(page: Page, schema: GraphSchema, example: Example) -> dict[str, str]:
    """The queries of a page by label, but those that the graph or the example has nothing to ask about."""
    item = example.unlisted if page.unlisted else example.item
    known = {"user_id": example.user, "item_id": item, "other_id": example.other}
    made = {}
    for label, name in page.questions.items():
        query = load_query(name)
        keys = {parameter.name: known[parameter.name] for parameter in query.parameters if parameter.kind == "key"}
        if None in keys.values():
            continue
        try:
            made[label] = one_file(name, schema, **{**defaults(query), **keys})
        except QueryFileError:
            continue  # it asks for ties or categories, and this graph has none
    return made
