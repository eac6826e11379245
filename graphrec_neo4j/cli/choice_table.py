"""What ``auto`` chose and why, as a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

Row = Mapping[str, Any]


def show_choice(chosen: Mapping[str, Any]) -> None:
    """Print what was weighed, the best alone first and the blend last, then settings, then what was left out."""
    *members, blend = chosen.get("weighed") or [None]
    if blend is None:
        return
    ranked = sorted(members, key=lambda row: -row["random"])
    weights = {member["member"]: member for member in chosen["members"]}
    _print_table([*ranked, blend], weights, [name for name in ("random", "newest") if name in blend])
    for row in ranked:
        if row["member"] in weights:
            click.echo(f"{row['member']}: {_settings(row['model'])}")
    click.echo(_summary(chosen["tried"]))


def _print_table(rows: Sequence[Row], weights: Mapping[str, Row], parts: Sequence[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    click.echo("What auto blends: NDCG@20 on parts of train that a member was not fitted on")
    table = Table(header_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("member", no_wrap=True)
    gated = any(member["short_history_weight"] for member in weights.values())
    for name in (*parts, "weight", *(["+ short history"] if gated else [])):
        table.add_column(name, justify="right")
    for row in rows:
        found = weights.get(row["member"], {})
        counts = [found.get(name) for name in ("weight", "short_history_weight")[: 2 if gated else 1]]
        cells = [*(f"{row[part]:.4f}" for part in parts), *(f"{count:g}" if count else "" for count in counts)]
        table.add_row(escape(row["member"]), *cells)
    Console().print(table)


def _settings(model: str) -> str:
    """A variant without its meta-path, which the member's name says already."""
    name, _, rest = model.partition(" along ")
    return f"{name} {rest[rest.index('(') :]}" if "(" in rest else name


def _summary(tried: Sequence[Row]) -> str:
    left_out: dict[str, list[str]] = {}
    for trial in tried:
        if "left_out" in trial:
            left_out.setdefault(trial["left_out"], []).append(trial["model"].split(" ")[0])
    fitted = sum("seconds" in trial for trial in tried)
    reasons = [f"{len(models)} of {', '.join(dict.fromkeys(models))}: {why}" for why, models in left_out.items()]
    return f"{fitted} variants were tried" + (f"; left out {'; '.join(reasons)}." if reasons else ".")
