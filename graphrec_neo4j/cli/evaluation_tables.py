"""An evaluation in tables that fit a terminal of 100 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from graphrec_neo4j.cli.choice_table import show_choice

Found = Mapping[str, Any]

SHORT = ("recall", "ndcg", "mrr", "hit_rate", "coverage")
ACCURACY = ("ndcg", "recall", "mrr", "map", "precision", "hit_rate")
BEYOND = ("coverage", "novelty", "diversity", "popularity_lift")
_TITLES = {"ndcg": "NDCG", "mrr": "MRR", "map": "MAP", "peak_mib": "peak MiB"}
_WIDTH = 100
SETTINGS_AS_GIVEN = "nothing: settings as given"
"""What the ``chosen_on`` of a model says that has nothing to tell."""


def show_evaluation(found: Found) -> None:
    """Print the models in the order asked, with the metrics that are looked at first; intervals where there are any."""
    _print(_title(found), found["models"], found, SHORT, ("baseline",), ("seconds",))
    _print_notes(found, ("baseline",))


def show_comparison(found: Found) -> None:
    """Print every metric in two tables, the model of the highest NDCG first."""
    ranked = sorted(found["models"], key=lambda row: -row[f"ndcg@{found['k']}"])
    _print(_title(found), ranked, found, ACCURACY, ("baseline", "best"), ())
    _print("Beyond accuracy, and what it costs", ranked, found, BEYOND, (), ("seconds", "peak_mib"))
    _print_notes(found, ("baseline", "best"))


def mark(row: Mapping[str, Any], role: str, k: int) -> str:
    """Say in one sign whether a model's NDCG differs from a reference beyond noise: ▲ above, ▼ below, ≈ neither."""
    if role not in row["difference"]:
        return ""
    told = row["difference"][role][f"ndcg@{k}"]
    sign = "▲" if told["low"] > 0 else "▼" if told["high"] < 0 else "≈"
    return f"{told['mean']:+.4f} {sign}"


def _title(found: Found) -> str:
    return f"{found['split']}; k = {found['k']}, {found['users']:,} users, seed {found['seed']}"


def _print(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    found: Found,
    metrics: Sequence[str],
    roles: Sequence[str],
    costs: Sequence[str],
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    roles = [role for role in roles if found.get(role)]
    table = Table(title=escape(title), title_justify="left", header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    for name in (*metrics, *(f"vs {role}" for role in roles), *costs):
        table.add_column(_TITLES.get(name, name.replace("_", " ")), justify="right")
    for row in rows:
        values = [_cell(row[f"{name}@{found['k']}"]) for name in metrics]
        marks = [mark(row, role, found["k"]) for role in roles]
        table.add_row(escape(row["model"]), *values, *marks, *(_cell(row[name], 1) for name in costs))
    console = Console()
    console.width = max(console.width, 0 if console.is_terminal else _WIDTH)
    console.print(table)


def _cell(value: float | None, places: int = 4) -> str:
    return "" if value is None else f"{value:,.{places}f}"


def _print_notes(found: Found, roles: Sequence[str]) -> None:
    who = {"baseline": "the best baseline", "best": "the best model"}
    told = [f"{found[role]} is {who[role]}" for role in roles if found.get(role)]
    if told:
        click.echo(f"{', '.join(told)}; differences are of NDCG, paired by user:")
        click.echo("▲ above, ▼ below, ≈ neither, by a 95 % bootstrap interval of 1,000 rounds.")
    for row in found["models"]:
        if not row["chosen_on"].startswith("nothing"):
            click.echo(f"{row['model']} was chosen on {row['chosen_on']}")
        elif row["chosen_on"] != SETTINGS_AS_GIVEN:
            click.echo(f"{row['model']} chose {row['chosen_on']}")
        show_choice(row.get("chosen", {}))
