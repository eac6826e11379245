"""What ``auto`` chose and why, as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


def show_choice(chosen: Mapping[str, Any]) -> None:
    """Print the members that were weighed, the best alone first, then the blend, then what was left out and why."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    *members, blend = chosen.get("weighed") or [None]
    if blend is None:
        return
    parts = [name for name in ("random", "newest") if name in blend]
    weights = {member["member"]: member for member in chosen["members"]}
    table = Table(
        title="What auto blends: NDCG@20 on parts of train that a member was not fitted on", box=box.SIMPLE_HEAD
    )
    table.title_justify, table.header_style = "left", "bold"
    table.add_column("member")
    for name in (*parts, "weight", "+ short history"):
        table.add_column(name, justify="right")
    table.add_column("settings", overflow="fold")
    for row in [*sorted(members, key=lambda row: -row["random"]), blend]:
        found = weights.get(row["member"])
        counts = [_weight(found["weight"]), _weight(found["short_history_weight"])] if found else ["", ""]
        worth = [f"{row[part]:.4f}" for part in parts]
        table.add_row(escape(row["member"]), *worth, *counts, escape(_settings(row["model"])))
    Console().print(table)
    click.echo(_summary(chosen["tried"]))


def _weight(weight: float) -> str:
    return f"{weight:g}" if weight else ""


def _settings(model: str) -> str:
    """A variant without its meta-path, which the member's name says already."""
    name, _, rest = model.partition(" along ")
    return f"{name} {rest[rest.index('(') :]}" if "(" in rest else name


def _summary(tried: list[dict[str, Any]]) -> str:
    left_out: dict[str, list[str]] = {}
    for trial in tried:
        if "left_out" in trial:
            left_out.setdefault(trial["left_out"], []).append(trial["model"].split(" ")[0])
    fitted = sum("seconds" in trial for trial in tried)
    reasons = [f"{len(models)} of {', '.join(dict.fromkeys(models))}: {why}" for why, models in left_out.items()]
    return f"{fitted} variants were tried" + (f"; left out {'; '.join(reasons)}." if reasons else ".")
