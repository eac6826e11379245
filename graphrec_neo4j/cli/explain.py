"""``graphrec-neo4j explain``: why one user is recommended one item."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.common import (
    answer_json,
    connection_options,
    json_option,
    note,
    page_option,
    published_schema,
    write_page,
)

if TYPE_CHECKING:
    from graphrec_neo4j.answers import WhatIf
    from graphrec_neo4j.asking import Explained
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.ids import Key
    from graphrec_neo4j.picture.subgraph import NamedReasons
    from graphrec_neo4j.schema import GraphSchema


@click.command()
@click.argument("user")
@click.argument("item")
@page_option("Write the explanation as one self-contained page, with its paths drawn.")
@click.option("--what-if", is_flag=True, help="Also what would take ITEM out of USER's list, or bring it in.")
@click.option("--subgraph", is_flag=True, help="Also the edges that carry the score in a trained graph network.")
@json_option
@connection_options
def explain(
    user: str,
    item: str,
    html: Path | None,
    what_if: bool,
    subgraph: bool,
    as_json: bool,
    connect: Callable[[], Database],
) -> None:
    """Say why ITEM has its score for USER, in sentences, with the way to draw it in Neo4j Browser.

    A published pair is explained as it was stored; for any other the fitted model is asked.

    Example: graphrec-neo4j explain 42 17

    Example: graphrec-neo4j explain 42 17 --html why.html

    Example: graphrec-neo4j explain 42 17 --what-if

    Example: graphrec-neo4j explain 42 17 --subgraph
    """
    from graphrec_neo4j import asking

    with connect() as database:
        schema = published_schema(database)
        user_key, item_key = asking.user_key(schema, user), asking.item_key(schema, item)
        if html:
            explained = _drawn(html, database, schema, user_key, item_key)
        else:
            explained = asking.explain(database, schema, user_key, item_key)
        change = _changes(database, user_key, item_key) if what_if else None
        carried = _subgraph(database, user_key, item_key) if subgraph else None
    if explained.note:
        note(explained.note)
    if as_json:
        changed: dict[str, Any] = {"what_if": change.to_json()} if change else {}
        changed |= {"subgraph": carried.to_json()} if carried else {}
        answer_json(explained.to_json() | changed | ({"html": str(html)} if html else {}))
    else:
        click.echo("\n".join(_lines(explained)))
        if change:
            click.echo(_change(change, explained.title))
        if carried:
            click.echo("\n".join(carried.lines()))


def _changes(database: Database, user: Key, item: Key) -> WhatIf:
    from graphrec_neo4j.answers import what_if

    change, fitted = what_if(database, user, item)
    if fitted:
        note("the graph has changed since the last sync, so the model was fitted again to say what would change.")
    return change


def _subgraph(database: Database, user: Key, item: Key) -> NamedReasons:
    from graphrec_neo4j.answers import subgraph

    carried, fitted = subgraph(database, user, item)
    if fitted:
        note("the graph has changed since the last sync, so the model was fitted again to find what carries the score.")
    return carried


def _change(change: WhatIf, title: str) -> str:
    """What would change the list, in one line."""
    from graphrec_neo4j.explain.words import enumerated

    if change.items is None:
        what = "leave" if change.listed else "come into"
        return f"What if: no change of her own interactions that was tried makes {title} {what} her best {change.k}."
    named = enumerated([name for _, name in change.items])
    if change.listed:
        return f"What if: without {named}, {title} would not be among her best {change.k}."
    return f"What if: with {named}, {title} would be among her best {change.k}."


def _drawn(path: Path, database: Database, schema: GraphSchema, user: Key, item: Key) -> Explained:
    """Explain the pair and write its page."""
    from datetime import date

    from graphrec_neo4j import __version__
    from graphrec_neo4j.picture import explain_with_paths, page

    why = explain_with_paths(database, schema, user, item)
    write_page(path, page(why, version=__version__, made_on=date.today()))
    return why.explained


def _lines(explained: Explained) -> list[str]:
    """The explanation for people: whether she has it, a line a reason, the rest of the score and the link."""
    from graphrec_neo4j.explain.words import APPROXIMATE, rest, short, told

    described, title = explained.described, short(explained.title)
    lines = [_already(explained)] if explained.seen else []
    lines += [f"{title} for {explained.user}: score {described.score:.4g}"]
    lines += [f"  {words}" for words, _ in told(described, title)]
    if rest(described):
        lines.append(f"  {rest(described)}")
    if not described.exact:
        lines.append(APPROXIMATE)
    return [*lines, f"Browser: {_way_to_browser(explained, explained.browser)}"] if explained.browser else lines


def _way_to_browser(explained: Explained, link: str) -> str:
    """The link, whose query would fill a terminal; there the command that opens it."""
    if not sys.stdout.isatty():
        return link
    return shlex.join(["graphrec-neo4j", "browser", str(explained.user), str(explained.item)])


def _already(explained: Explained) -> str:
    """One line for a user who has the item; midnight is left out, as it mostly stands for a whole day."""
    day, _, clock = (explained.seen_since or "").partition("T")
    since = f", since {day}" if day else ""
    since += f" {clock[:5]} UTC" if clock and clock != "00:00:00Z" else ""
    return f"{explained.user} already has {explained.title}{since}."
