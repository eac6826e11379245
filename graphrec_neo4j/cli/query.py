"""``graphrec-neo4j query``: any file of cypher/recommend and cypher/explain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import (
    answer_json,
    answer_table,
    connection_options,
    json_option,
    note,
    published_schema,
)

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.queries import Parameter


@click.command()
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, metavar="[PARAM=VALUE]...")
@json_option
@connection_options
def query(name: str | None, arguments: tuple[str, ...], as_json: bool, connect: Callable[[], Database]) -> None:
    """Run a query file by NAME, or list them all.

    Example: graphrec-neo4j query top_items_in_category user_id=42 category_id=jazz k=5
    """
    from graphrec_neo4j import asking

    if name is None:
        rows = [
            {"name": one.name.split("/")[1], "parameters": _usage(one.parameters), "purpose": one.purpose}
            for one in asking.askable()
        ]
    else:
        found = asking.find_query(name)
        given = _given(arguments)
        with connect() as database:
            rows = asking.run_query(database, published_schema(database), found, given, in_words=not as_json)
        if not rows:
            note("no rows.")
    if as_json:
        answer_json(rows)
    elif rows:
        answer_table(rows)


def _given(arguments: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in arguments]
    for text, (_, equals, _) in zip(arguments, pairs, strict=True):
        if not equals:
            raise click.UsageError(f"{text!r} is not PARAM=VALUE.")
    return {name: value for name, _, value in pairs}


def _usage(parameters: Iterable[Parameter]) -> str:
    """The parameters of a query as they are typed, those with a default in brackets."""
    return " ".join(f"{one.name}=" if one.default is None else f"[{one.name}={one.default}]" for one in parameters)
