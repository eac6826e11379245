"""``graphrec-neo4j similar``: what is like one item."""

from __future__ import annotations

from collections.abc import Callable
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


@click.command()
@click.argument("item")
@click.option("--k", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@json_option
@connection_options
def similar(item: str, k: int, as_json: bool, connect: Callable[[], Database]) -> None:
    """Show the items nearest to ITEM: in the published item graph, else by the cosine of their published vectors.

    Runs cypher/recommend/similar_in_graph.cypher, and similar_items.cypher where the last sync published no item graph.

    Example: graphrec-neo4j similar 17 --k 5
    """
    from graphrec_neo4j import asking

    with connect() as database:
        schema = published_schema(database)
        answer = asking.similar(database, schema, asking.item_key(schema, item), k)
    if answer.note:
        note(answer.note)
    if as_json:
        answer_json(answer.rows)
    else:
        counted = answer.rows and "count" in answer.rows[0]
        answer_table(answer.rows, ("rank", "item", "title", "score", *(("count",) if counted else ())))
