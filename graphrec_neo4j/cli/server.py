"""``graphrec-neo4j server``: the local Neo4j."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.cli.common import answer_json, json_option, note, progress_on_stderr

if TYPE_CHECKING:
    from graphrec_neo4j.server import ServerInfo

home_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the server; default: GRAPHREC_HOME, else one in your data directory.",
)


def _size(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"\d+[kmgKMG]", value):
        raise click.BadParameter("write it like 512m or 2g.")
    return value


@click.group("server")
def server_command() -> None:
    """Start, stop and look after the local Neo4j.

    The package fetches it once (155 MB) and verifies every file; it listens on this machine only.

    Example: graphrec-neo4j server start
    """


@server_command.command()
@home_option
@click.option("--maven-repository", help="Mirror to fetch from; default: GRAPHREC_MAVEN_REPOSITORY, else Central.")
@click.option("--heap", callback=_size, help="Memory for the server's heap, as 2g; default: as last time, else 512m.")
@click.option("--page-cache", callback=_size, help="Memory for the graph's pages; default: as last time, else 256m.")
@json_option
def start(
    home: Path | None, maven_repository: str | None, heap: str | None, page_cache: str | None, as_json: bool
) -> None:
    """Start the server, unless it runs, and return when it answers.

    Example: graphrec-neo4j server start --heap 2g
    """
    from graphrec_neo4j.server import LocalServer

    server = LocalServer(home, maven_repository, heap, page_cache)
    with progress_on_stderr() as progress:
        info = server.start(progress)
    _answer(info, as_json)


@server_command.command()
@home_option
def stop(home: Path | None) -> None:
    """Stop the server, whoever started it; its data stay.

    Example: graphrec-neo4j server stop
    """
    from graphrec_neo4j.server import LocalServer

    server = LocalServer(home)
    note("stopped." if server.stop() else f"no server runs in {server.home}.")


@server_command.command()
@home_option
@json_option
def status(home: Path | None, as_json: bool) -> None:
    """Say whether the server runs, and where; ends with 0 either way.

    Example: graphrec-neo4j server status --json
    """
    from graphrec_neo4j.server import LocalServer

    _answer(LocalServer(home).status(), as_json)


@server_command.command()
@home_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(home: Path | None, yes: bool) -> None:
    """Stop the server and delete its folder with all data, logs and the password.

    Example: graphrec-neo4j server destroy --yes
    """
    from graphrec_neo4j.server import LocalServer

    server = LocalServer(home)
    if not yes:
        click.confirm(f"Delete {server.home} with all data in it?", abort=True, err=True)
    note(f"{server.home} is gone." if server.destroy() else f"there is nothing in {server.home}.")


def _answer(info: ServerInfo, as_json: bool) -> None:
    if as_json:
        answer_json(info.to_json())
    elif info.running:
        click.echo(f"Neo4j {info.version} runs at {info.uri} (process {info.pid})")
        click.echo(f"Browser   {info.http}/browser/")
        click.echo(f"user      {info.username}, password in {info.password_file}")
        click.echo(f"home      {info.home}")
    elif info.pid is not None:
        click.echo(f"Neo4j {info.version} in {info.home} runs (process {info.pid}) but does not answer yet")
    else:
        click.echo(f"no server runs in {info.home}")
