"""``graphrec-neo4j recommend``: what one user should see."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import (
    answer_json,
    answer_reasons,
    connection_options,
    json_option,
    note,
    published_schema,
)

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database


@click.command()
@click.argument("user")
@click.option("--k", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@json_option
@connection_options
def recommend(user: str, k: int, as_json: bool, connect: Callable[[], Database]) -> None:
    """Show the best items for USER, with reasons, as the last sync published them.

    Runs cypher/recommend/top_items.cypher, or newcomer_items.cypher for who arrived after the last sync.

    Example: graphrec-neo4j recommend 42 --k 5
    """
    from graphrec_neo4j import asking

    with connect() as database:
        schema = published_schema(database)
        answer = asking.recommend(database, schema, asking.user_key(schema, user), k)
    if answer.note:
        note(answer.note)
    if as_json:
        answer_json(answer.rows)
    else:
        answer_reasons(answer.rows)
