"""``graphrec-neo4j browser``: Neo4j Browser, at the right query."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import answer_json, connection_options, json_option, note, published_schema

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database


@click.command()
@click.argument("user", required=False)
@click.argument("item", required=False)
@json_option
@connection_options
def browser(user: str | None, item: str | None, as_json: bool, connect: Callable[[], Database]) -> None:
    """Open Neo4j Browser on some recommendations, on USER's list, or on the paths from USER to ITEM.

    The link is printed too; with --json, or where there is no desktop, nothing is opened.

    Example: graphrec-neo4j browser 42 17
    """
    from graphrec_neo4j import asking

    with connect() as database:
        url = asking.browser_page(database, published_schema(database), user, item)
    if as_json:
        answer_json({"url": url})
        return
    click.echo(url)
    note("log in as neo4j; graphrec-neo4j server status names the file with the local server's password.")
    if _has_desktop():
        click.launch(url)


def _has_desktop() -> bool:
    """Whether there is a desktop to open a link on; where there is none, xdg-open only complains."""
    names = ("DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32", "cygwin") or any(os.environ.get(name) for name in names)
