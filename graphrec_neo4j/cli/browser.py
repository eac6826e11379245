"""``graphrec-neo4j browser``: Neo4j Browser, at the right query or with a guide."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import answer_json, connection_options, json_option, note, published_schema

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.desk import Desk


@click.command()
@click.argument("user", required=False)
@click.argument("item", required=False)
@click.option("--desk", is_flag=True, help="Serve a guide and a style for Browser until Ctrl-C, and open the guide.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of --desk; default: any free one.")
@click.option(
    "--save",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write guide.html, style.grass and favourites.zip into a folder.",
)
@json_option
@connection_options
def browser(
    user: str | None,
    item: str | None,
    desk: bool,
    port: int,
    save: Path | None,
    as_json: bool,
    connect: Callable[[], Database],
) -> None:
    """Open Neo4j Browser on some recommendations, on USER's list, or on the paths from USER to ITEM.

    The link is printed too; with --json, or where there is no desktop, nothing is opened. With --desk the link opens a
    guide about USER and ITEM, and this command goes on until Ctrl-C, as Browser fetches the guide from it.

    Example: graphrec-neo4j browser 42 17
    """
    from graphrec_neo4j import asking
    from graphrec_neo4j.desk import desk_files

    with connect() as database:
        schema = published_schema(database)
        made = desk_files(database, schema, user, item) if desk or save else None
        saved = _save(made, save) if made and save else []
        if made and desk:
            _serve(database, made, port, saved, as_json)
            return
        url = asking.browser_page(database, schema, user, item)
    _show(url, saved, as_json)


def _save(desk: Desk, folder: Path) -> list[str]:
    """Write the files and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files = desk.files("http://localhost:8000")
    for name, body in files.items():
        (folder / name).write_bytes(body)
        note(f"wrote {folder / name}")
    return [str(folder / name) for name in files]


def _serve(database: Database, desk: Desk, port: int, saved: list[str], as_json: bool) -> None:
    from graphrec_neo4j import asking
    from graphrec_neo4j.browser_link import browser_origins
    from graphrec_neo4j.desk import Helper
    from graphrec_neo4j.errors import BadInputError

    try:
        helper = Helper(desk.files, browser_origins(database), port)
    except OSError:
        raise BadInputError(f"port {port} is taken; leave --port out for a free one.") from None
    with helper:
        _show(asking.guide_page(database, f"{helper.address}/guide.html"), saved, as_json)
        note(f"serving {helper.address}/guide.html, style.grass and favourites.zip; Ctrl-C ends it.")
        helper.wait()


def _show(url: str, saved: list[str], as_json: bool) -> None:
    if as_json:
        answer_json({"url": url} | ({"saved": saved} if saved else {}))
        return
    click.echo(url)
    note("log in as neo4j; graphrec-neo4j server status names the file with the local server's password.")
    if _has_desktop():
        click.launch(url)


def _has_desktop() -> bool:
    """Whether there is a desktop to open a link on; where there is none, xdg-open only complains."""
    names = ("DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32", "cygwin") or any(os.environ.get(name) for name in names)
