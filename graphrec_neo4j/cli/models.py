"""``graphrec-neo4j models``: what can be fitted."""

from __future__ import annotations

from typing import Any

import click

from graphrec_neo4j.cli.common import answer_json, answer_table, json_option


@click.command()
@json_option
def models(as_json: bool) -> None:
    """List the models, with their papers and what they use.

    Example: graphrec-neo4j models --json
    """
    from graphrec_neo4j.models import MODELS, model_class

    classes = [model_class(name) for name in MODELS]
    rows: list[dict[str, Any]] = [
        {
            "model": cls.name,
            "what": cls.line,
            "uses": list(cls.uses),
            "inductive": cls.inductive,
            "cost": cls.cost,
            "paper": cls.paper,
        }
        for cls in classes
    ]
    if as_json:
        answer_json(rows)
    else:
        answer_table([{**row, "uses": ", ".join(row["uses"])} for row in rows])
