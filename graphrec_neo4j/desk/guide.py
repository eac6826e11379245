"""The guide: slides that lead from who a user is to why she gets an item, on real users and items of one graph."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from graphrec_neo4j.browser_link import literal, one_file
from graphrec_neo4j.desk.favourites import defaults
from graphrec_neo4j.desk.pages import FIRST, PAGES, SAVED, Page
from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.queries import load_query
from graphrec_neo4j.schema import GraphSchema


@dataclass(frozen=True)
class Example:
    """Whom and what the guide speaks about, by id and by display name.

    ``other`` is near to the user in taste, ``unlisted`` is not in her list, ``category`` is one of her item's.
    """

    user: Key
    item: Key
    name: str
    title: str
    other: Key | None = None
    other_name: str = ""
    unlisted: Key | None = None
    unlisted_title: str = ""
    category: Key | None = None

    def told(self, text: str) -> str:
        """Return a text of a page with the names of this example."""
        return text.format(name=self.name, title=self.title, unlisted=self.unlisted_title, other=self.other_name)

    def typed(self, command: str) -> str:
        """Return a command of a page with the ids of this example, as a shell takes them."""
        return command.format(user=shlex.quote(str(self.user)), item=shlex.quote(str(self.item)))


def guide(schema: GraphSchema, example: Example, address: str) -> str:
    """Return the page for ``:guide``; ``address`` is where the helper serves it, with the other files beside it."""
    first = [f"<p>{escape(label)}:</p>\n{_command(runs)}" for label, runs in _commands(example, address).items()]
    slides = [_slide(FIRST, example, [*first, _saved(address)])]
    for page in PAGES:
        asked = _asked(page, schema, example)
        slides += [_slide(page, example, _steps(page, example, asked))] if asked else []
    deck = "\n".join(slides)
    return f'<article class="guide">\n<carousel class="deck container-fluid">\n{deck}\n</carousel>\n</article>\n'


def _slide(page: Page, example: Example, steps: Iterable[str]) -> str:
    title, text = (escape(example.told(said)) for said in (page.title, page.text))
    inside = "\n".join([f"<h3>{title}</h3>\n<p>{text}</p>", *steps])
    return f'<slide class="row-fluid">\n<div class="col-sm-12">\n{inside}\n</div>\n</slide>'


def _steps(page: Page, example: Example, asked: Mapping[str, str]) -> Iterator[str]:
    """What is clicked, which goes into the editor, and what is typed elsewhere."""
    look = "max-height: 7.5em; overflow: auto"
    for label, query in asked.items():
        box = f'<pre class="pre-scrollable code runnable" style="{look}">{escape(query)}</pre>'
        yield f"<p>{escape(label)}:</p>\n{box}"
    for label, command in page.terminal.items():
        yield f"<p>{escape(label)}, in a terminal:<br><code>{escape(example.typed(command))}</code></p>"


def _command(runs: str) -> str:
    """A command of Browser, which runs when it is clicked."""
    return f'<p><a data-exec="{escape(runs[1:])}"><code>{escape(runs)}</code></a></p>'


def _saved(address: str) -> str:
    file = escape(f"{address}/favourites.zip")
    return f'<p>{escape(SAVED)}:</p>\n<p><a href="{file}"><code>favourites.zip</code></a></p>'


def _commands(example: Example, address: str) -> dict[str, str]:
    asked = {"user": example.user, "item": example.item, "other": example.other, "category": example.category}
    return {
        "Colours and captions": f":style {address}/style.grass",
        "Draw only what is asked for": ":config autoComplete: false",
        **{
            f"The {name}_id of the saved queries": f":param {name}_id => {literal(value)}"
            for name, value in asked.items()
            if value is not None
        },
    }


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
