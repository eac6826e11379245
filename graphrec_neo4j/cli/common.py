"""What the commands share: connection options, the schema in force, answers for people and machines, progress."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphrec_neo4j.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

    from graphrec_neo4j.database import Database
    from graphrec_neo4j.schema import GraphSchema
    from graphrec_neo4j.settings import Connection

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout, all else on stderr.")
wait_option = click.option(
    "--wait", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Seconds to wait for another sync."
)
schema_option = click.option(
    "--schema",
    "schema_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The graphrec.toml to use instead of the one in the current folder.",
)

_NARROWEST_TEXT = 24


def _limited(context: click.Context, parameter: click.Parameter, size: str | None) -> None:
    from graphrec_neo4j.foresee import bytes_of, limit_memory

    try:
        limit_memory(None if size is None else bytes_of(size))
    except ValueError:
        raise click.BadParameter("write it like 4GiB, 512MiB or 4GB.", context, parameter) from None


memory_option = click.option(
    "--memory",
    metavar="SIZE",
    callback=_limited,
    expose_value=False,
    help="Refuse, before it begins, what would take more than SIZE (4GiB) in all; default: what the machine has free.",
)


def page_option(told: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --html, a file to write in a folder that exists, and pass it on as ``html``."""
    kind = click.Path(path_type=Path, dir_okay=False, writable=True)
    return click.option("--html", type=kind, callback=in_a_folder, help=told)


def in_a_folder(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Say that a folder is missing before the work is done, not after."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent} to write {path.name} into.", context, parameter)
    return path


def write_page(path: Path, page: str) -> None:
    """Write an HTML page and say where it is; raises BadInputError where that cannot be done."""
    from graphrec_neo4j.errors import BadInputError

    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"{path} cannot be written: {error.strerror}.") from None
    note(f"the page is {path}")


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --uri, --username, --password, --password-file, --database and --home, and pass a function ``connect`` on.

    ``connect()`` gives a :class:`Database`: the one that is named, or that of the local server, started if needed.
    """

    @click.option("--uri", help="Bolt address, as neo4j://host:7687; default: NEO4J_URI, else the local server.")
    @click.option("--username", help="Default: NEO4J_USERNAME, else neo4j.")
    @click.option(
        "--password",
        help="Shows in the list of processes; better is --password-file, or NEO4J_PASSWORD, which is the default.",
    )
    @click.option(
        "--password-file",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="A file that holds the password alone.",
    )
    @click.option("--database", help="Default: NEO4J_DATABASE, else neo4j.")
    @click.option("--home", type=click.Path(path_type=Path), help="Folder of the local server.")
    @wraps(command)
    def wrapped(
        *arguments: Any,
        uri: str | None,
        username: str | None,
        password: str | None,
        password_file: Path | None,
        database: str | None,
        home: Path | None,
        **options: Any,
    ) -> Any:
        if password is not None and password_file is not None:
            raise click.UsageError("give --password or --password-file, not both.")

        def connect() -> Database:
            from graphrec_neo4j.database import Database
            from graphrec_neo4j.settings import given_connection, password_in

            secret = password if password_file is None else password_in(password_file)
            return Database(given_connection(uri, username, secret, database) or local_connection(home))

        return command(*arguments, connect=connect, **options)

    return wrapped


def local_connection(home: Path | None) -> Connection:
    """The connection to the local server, which is started if it does not run."""
    from graphrec_neo4j.server import LocalServer
    from graphrec_neo4j.settings import Connection

    server = LocalServer(home=home)
    info = server.status()
    if not info.running:
        note("starting the local Neo4j server (graphrec-neo4j server stop ends it)")
        with progress_on_stderr() as progress:
            info = server.start(progress)
    return Connection(str(info.uri), info.username, server.password())


def schema_in_force(database: Database, schema_file: Path | None = None) -> GraphSchema:
    """The schema for commands that work on the graph: the file, else that of the current run, else the default."""
    from graphrec_neo4j.runs import current_run
    from graphrec_neo4j.schema import GraphSchema, default_schema
    from graphrec_neo4j.settings import schema_path

    path = schema_path(schema_file)
    if path is not None:
        return GraphSchema.load(path)
    run = current_run(database)
    return run.schema if run else default_schema()


def published_schema(database: Database) -> GraphSchema:
    """The schema that the current run was made with; raises PublishError where nothing is published."""
    from graphrec_neo4j.errors import PublishError
    from graphrec_neo4j.runs import current_run

    run = current_run(database)
    if run is None:
        raise PublishError("nothing is published in this database yet: run graphrec-neo4j sync first.")
    return run.schema


def note(text: str) -> None:
    """Say something to the person, on stderr."""
    click.echo(text, err=True)


def answer_json(value: Any) -> None:
    """Print exactly one JSON value on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def answer_table(rows: Sequence[Mapping[str, Any]], columns: Iterable[str] | None = None) -> None:
    """Print rows for people, on stdout: as a table, or below each other where a table would be too narrow to read."""
    from rich.console import Console

    console = Console()
    names = list(columns or (rows[0] if rows else ()))
    cells = [[_cell(row[name]) for name in names] for row in rows]
    if _table_width(names, cells) > console.width:
        _print_blocks(console, names, cells)
    else:
        numeric = [all(isinstance(row[name], int | float) for row in rows) for name in names]
        _print_table(console, names, cells, numeric)


def _table_width(names: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """The columns of a terminal that a table needs, its long texts wrapped."""
    from rich.cells import cell_len

    lines = [[line for row in (names, *cells) for line in row[place].splitlines()] for place in range(len(names))]
    widest = [max(map(cell_len, column)) for column in lines]
    return 1 + sum(min(width, _NARROWEST_TEXT) + len("│  ") for width in widest)


def _print_table(
    console: Console, names: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold")
    for name, is_number in zip(names, numeric, strict=True):
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_blocks(console: Console, names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    for number, row in enumerate(cells):
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_column(style="bold", no_wrap=True)
        block.add_column(overflow="fold")
        for name, cell in zip(names, row, strict=True):
            block.add_row(name, Text(cell))
        console.print(*([""] if number else []), block, sep="\n")


def answer_reasons(rows: Sequence[Mapping[str, Any]], heading: str = "") -> None:
    """Print recommendations for people, on stdout: one line an item, its reason below it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.padding import Padding

    from graphrec_neo4j.explain.words import short

    console = Console(highlight=False)
    if heading:
        console.print(escape(heading), style="bold")
    for row in rows:
        named = f" ({escape(str(row['item']))})" if str(row["item"]) != str(row["title"]) else ""
        title = escape(short(str(row["title"])))
        console.print(f"{row['rank']:>3}  [bold]{title}[/bold]{named}  {escape(_cell(row['score']))}")
        console.print(Padding(escape(row["reason"] or ""), (0, 0, 0, 5)), style="dim")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def progress_on_stderr() -> Iterator[Progress]:
    """Show a bar for each stage on stderr while the block runs; silent where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        stages: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total or None)
            bars.update(stages[stage], completed=done, total=total or None)

        yield tell
