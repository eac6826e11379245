"""``graphrec-neo4j doctor``: everything a bug ticket needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graphrec_neo4j.cli.common import (
    answer_json,
    answer_table,
    connection_options,
    json_option,
    schema_in_force,
    schema_option,
)
from graphrec_neo4j.errors import GraphRecError

if TYPE_CHECKING:
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.doctor import Finding


@click.command()
@schema_option
@json_option
@connection_options
def doctor(connect: Callable[[], Database], schema_file: Path | None, as_json: bool) -> None:
    """Look at this machine, the server and what it holds, and say what to do; exit code 1 where something is wrong.

    There is no password in the report, so it fits into a bug ticket as it is.

    Example: graphrec-neo4j doctor
    """
    from graphrec_neo4j.doctor import here

    findings = [*here(), *_there(connect, schema_file)]
    well = all(finding.ok for finding in findings)
    if as_json:
        answer_json({"ok": well, "findings": [asdict(finding) for finding in findings]})
    else:
        answer_table([_row(finding) for finding in findings])
    if not well:
        raise SystemExit(1)


def _there(connect: Callable[[], Database], schema_file: Path | None) -> list[Finding]:
    """What the server and its graph are like; that it does not answer is a finding, too."""
    from graphrec_neo4j.doctor import Finding, content, server

    found: list[Finding] = []
    try:
        with connect() as database:
            found += server(database)
            found += content(database, schema_in_force(database, schema_file))
    except GraphRecError as error:
        found.append(Finding("database", False, str(error), "see what is said there"))
    return found


def _row(finding: Finding) -> dict[str, str]:
    advice = f"\n→ {finding.advice}" if finding.advice else ""
    return {"": "ok" if finding.ok else "NO", "what": finding.name, "found": finding.found + advice}
