"""How true the reasons of models are, as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

_COLUMNS = ("model", "reasons", "error", "fidelity +", "fidelity -", "over random", "over popular", "refitted: +")


def show_explanations(found: Mapping[str, Any]) -> None:
    """Print what ``evaluate --explanations`` found, a row a model."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    told = {row["model"]: row["explanations"] for row in found["models"]}
    pairs = max(one["pairs"] for one in told.values())
    table = Table(
        title=f"Reasons of {pairs} recommendations", title_justify="left", header_style="bold", box=SIMPLE_HEAD
    )
    for column in (*_COLUMNS, "over random", "over popular"):
        table.add_column(column, justify="left" if column in ("model", "reasons") else "right")
    for name, one in told.items():
        again = one["refitted"]
        table.add_row(
            escape(name),
            _kind(one),
            f"{one['largest_error']:.0e}",
            _share(one["fidelity_plus"]),
            _share(one["fidelity_minus"]),
            *(_wins(one, control) for control in ("random", "popular")),
            _share(again["fidelity_plus"]),
            *(_wins(again, control) for control in ("random", "popular")),
        )
    console = Console()
    console.width = max(console.width, 0 if console.is_terminal else 160)
    console.print(table)
    click.echo("error: of the sum of all parts. fidelity +: the share of a score that goes with the three edges that")
    click.echo("reasons name, -: the share that these alone do not bring. over: how often the score falls more without")
    click.echo(
        "them than without three random or the three most popular ones; in brackets, pairs where both fall alike."
    )
    click.echo("refitted: the same by new models on the graph without these edges.")


def _kind(one: Mapping[str, Any]) -> str:
    """Whether the contributions are the model's own arithmetic, and how many pairs they name no own edge for."""
    kind = "exact" if one["exact"] == one["pairs"] else "approximate" if not one["exact"] else "some exact"
    return f"{kind}, {one['without_edges']} without an edge" if one["without_edges"] else kind


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _wins(one: Mapping[str, Any], control: str) -> str:
    alike = one[f"same_as_{control}"]
    return _share(one[f"beats_{control}"]) + (f" ({alike})" if alike else "")
