"""The figures of the page: each a drawing, a sentence on how to read it, and its numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphrec_neo4j.report.charts import Line, Point, curves, scatter
from graphrec_neo4j.report.markup import Markup, element
from graphrec_neo4j.report.panels import Bar, Gain, bars, gains
from graphrec_neo4j.report.tables import plain_table
from graphrec_neo4j.report.view import View, number, signed, verdict

TITLES = {"ndcg": "NDCG", "recall": "Recall"}
_LEAST_SECONDS = 0.01


def figure(title: str, reading: str, drawing: Markup, table: Markup) -> Markup:
    """Return a drawing with its title, how to read it, and its numbers, folded away."""
    numbers = element("details", element("summary", "The numbers"), table)
    head = element("figcaption", element("h3", title), element("p", reading))
    return element("figure", head, drawing, numbers)


def difference_figures(view: View) -> list[Markup]:
    """Return the gains over the best baseline in NDCG and in recall; none where there is no baseline."""
    return [_difference(view, metric) for metric in ("ndcg", "recall") if view.baseline and len(view.rows) > 1]


def _difference(view: View, metric: str) -> Markup:
    name, title = view.at_k(metric), f"{TITLES[metric]}@{view.k}: difference to {view.baseline}"
    told = [(row["model"], row["difference"]["baseline"][name]) for row in view.rows if "baseline" in row["difference"]]
    rows = [Gain(model, gain["mean"], gain["low"], gain["high"], verdict(gain)) for model, gain in told]
    table = plain_table(
        title,
        ["Model", "Mean", "From", "To", "Verdict"],
        [[row.model, signed(row.mean), signed(row.low), signed(row.high), row.verdict] for row in rows],
    )
    reading = "Mean over users and its 95 % interval. One that crosses the line at 0 is within noise."
    return figure(title, reading, gains(title, rows), table)


def curve_figures(view: View) -> list[Markup]:
    """Return recall and NDCG against the length of the lists; none where lists were cut at one length only."""
    return [_curve(view, metric) for metric in ("recall", "ndcg") if len(view.cutoffs) > 1]


def _curve(view: View, metric: str) -> Markup:
    title = f"{TITLES[metric]} against K"
    lines = [
        Line(
            row["model"],
            {int(cut): means[metric] for cut, means in row["cutoffs"].items()},
            view.colour(row["model"]),
            row["model"] == view.baseline,
        )
        for row in view.rows
    ]
    cuts = view.cutoffs
    table = plain_table(
        title,
        ["Model", *(f"K = {cut}" for cut in cuts)],
        [[line.model, *(number(line.values[cut]) for cut in cuts)] for line in lines],
    )
    reading = "The same lists cut at other lengths. The best baseline is dashed."
    return figure(title, reading, curves(title, lines, TITLES[metric]), table)


def scatter_figures(view: View) -> list[Markup]:
    """Return accuracy against coverage and against seconds."""
    name, shown = view.at_k("ndcg"), f"NDCG@{view.k}"
    covered = [(row, row[view.at_k("coverage")]) for row in view.rows]
    timed = [(row, max(row["seconds"], _LEAST_SECONDS)) for row in view.rows]
    both = []
    for title, reading, x_name, pairs, log in (
        (
            "Accuracy against coverage",
            "Up is more accurate; right is more of the catalogue in somebody's list. The best baseline is hollow.",
            "Coverage of the catalogue",
            covered,
            False,
        ),
        (
            "Accuracy against time",
            "Up is more accurate; left is sooner. Each labelled step to the right is ten times as long.",
            "Seconds to fit and to rank for all users",
            timed,
            True,
        ),
    ):
        points = [
            Point(row["model"], x, row[name], view.colour(row["model"]), row["model"] == view.baseline)
            for row, x in pairs
        ]
        table = plain_table(
            title, ["Model", shown, x_name], [[p.model, number(p.y), number(p.x, 2 if log else 4)] for p in points]
        )
        both.append(figure(title, reading, scatter(title, points, x_name, shown, log=log), table))
    return both


def slice_figure(view: View, kind: str, counted: str, title: str, reading: str) -> Markup:
    """Return a panel of bars for each slice that has anybody in it, all to one scale."""
    name, first = view.at_k("recall"), view.rows[0]["slices"][kind]
    names = [one for one, told in first.items() if told[counted]]
    heads = [f"{one} ({first[one][counted]:,} {counted.replace('_', ' ')})" for one in names]
    values = [[_value(row, kind, one, name) for one in names] for row in view.rows]
    most = max((value for row in values for value in row if value is not None), default=1.0)
    panels = []
    for place, head in enumerate(heads):
        rows = [
            Bar(row["model"], of[place], view.colour(row["model"])) for row, of in zip(view.rows, values, strict=True)
        ]
        drawn = bars(f"{title}: {head}", rows, most)
        panels.append(element("div", element("h4", head), drawn, class_="panel"))
    table = plain_table(title, ["Model", *heads], _table_rows([row["model"] for row in view.rows], values))
    return figure(title, reading, element("div", *panels, class_="panels"), table)


def _value(row: Any, kind: str, one: str, name: str) -> float | None:
    return row["slices"][kind][one][name]


def _table_rows(models: Sequence[str], values: Sequence[Sequence[float | None]]) -> list[list[str]]:
    return [[model, *(number(value) for value in of)] for model, of in zip(models, values, strict=True)]
