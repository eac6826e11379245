"""The tables of the page: that of all models, and a plain one beside each drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec_neo4j.report.markup import Markup, element, joined
from graphrec_neo4j.report.view import Row, View, number, signed, verdict

COLUMNS: Mapping[str, tuple[str, int]] = {
    "mrr": ("MRR", 4),
    "map": ("MAP", 4),
    "precision": ("Precision", 4),
    "hit_rate": ("Hit rate", 4),
    "coverage": ("Coverage", 4),
    "novelty": ("Novelty", 2),
    "diversity": ("Diversity", 3),
    "popularity_lift": ("Popularity lift", 2),
}
"""The heading and the decimal places of each metric that has no interval."""

SIGNS = {"better": "▲", "worse": "▼", "even": "≈"}


def plain_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """Return a table whose first column names the row."""
    head = element("tr", *(element("th", text, scope="col") for text in heads))
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", text) for text in rest))
        for first, *rest in rows
    ]
    parts = (element("caption", caption), element("thead", head), element("tbody", *body))
    return scrolling(element("table", *parts), caption)


def scrolling(table: Markup, name: str) -> Markup:
    """Return a table that scrolls sideways in its own room, by keyboard too."""
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)


def table_of_models(view: View) -> Markup:
    """Return every model with every metric, the highest NDCG first, the best of each column in bold."""
    heads = ["Model", f"NDCG@{view.k}", f"Recall@{view.k}"]
    heads += [f"NDCG to {view.baseline}"] if view.baseline else []
    heads += [title for title, _ in COLUMNS.values()] + ["Seconds", "Peak MiB"]
    best = {name: _best(view, name) for name in ("ndcg", "recall", *COLUMNS)}
    caption = f"All models at K = {view.k}, the highest NDCG first"
    parts = (
        element("caption", caption, class_="unseen"),
        element("thead", element("tr", *(element("th", text, scope="col") for text in heads))),
        element("tbody", *(_row(view, row, best) for row in view.rows)),
    )
    return scrolling(element("table", *parts, class_="models"), caption)


def _best(view: View, name: str) -> float | None:
    """The best value of a column; none of those that are no better for being high."""
    if name in ("popularity_lift", "novelty", "diversity"):
        return None
    return max((row[view.at_k(name)] for row in view.rows if row[view.at_k(name)] is not None), default=None)


def _row(view: View, row: Row, best: Mapping[str, float | None]) -> Markup:
    dot = element("span", class_=f"dot {view.colour(row['model'])}", aria_hidden="true")
    tag = element("span", "best baseline", class_="tag") if row["model"] == view.baseline else ""
    cells = [element("th", dot, row["model"], tag, scope="row")]
    for name in ("ndcg", "recall"):
        value, (low, high) = row[view.at_k(name)], row["interval"][view.at_k(name)]
        cells.append(_cell(number(value), best[name] == value, f"{number(low)} to {number(high)}"))
    if view.baseline:
        cells.append(_difference(view, row))
    for name, (_, places) in COLUMNS.items():
        value = row[view.at_k(name)]
        cells.append(_cell(number(value, places), value is not None and best[name] == value))
    cells += [_cell(number(row["seconds"], 1)), _cell(number(row["peak_mib"], 0))]
    return element("tr", *cells)


def _cell(text: str, best: bool = False, below: str = "") -> Markup:
    shown: str = element("strong", text) if best else text
    return element("td", joined([shown, element("small", below) if below else Markup("")]))


def _difference(view: View, row: Row) -> Markup:
    told: Mapping[str, Any] | None = row["difference"].get("baseline")
    if told is None:
        return element("td", "–")
    gain = told[view.at_k("ndcg")]
    what = verdict(gain)
    sign = element("span", SIGNS[what], class_=what, title=f"{what} beyond noise" if what != "even" else "within noise")
    ends = element("small", f"{signed(gain['low'])} to {signed(gain['high'])}")
    return element("td", joined([f"{signed(gain['mean'])} ", sign, ends]))
