"""The page put together: style and drawings are in it, scripts are not, and it asks nothing of any network."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any

from graphrec_neo4j.report.figures import curve_figures, difference_figures, scatter_figures, slice_figure
from graphrec_neo4j.report.markup import Markup, element
from graphrec_neo4j.report.tables import table_of_models
from graphrec_neo4j.report.view import View
from graphrec_neo4j.report.words import answers, chosen, header, meanings


def page(found: Mapping[str, Any], *, version: str, made_on: date) -> str:
    """Return the comparison ``found``, as ``evaluate --json`` gives it, as one HTML page.

    Names and texts of ``found`` are escaped. Needs at least one model.
    """
    view = View(found)
    main = element(
        "main",
        header(view, version, made_on),
        answers(view),
        _models(view),
        _section("How sure is that?", *difference_figures(view)),
        _section("At other lengths", *curve_figures(view)),
        _section("What it costs, and whom it serves", *scatter_figures(view), *_slices(view)),
        chosen(view),
        meanings(),
        element("footer", f"Made by graphrec-neo4j {version} on {made_on.isoformat()}."),
    )
    title = f"{len(view.rows)} recommenders compared, {found['split']}"
    style = (files("graphrec_neo4j.report") / "page.css").read_text(encoding="utf-8")
    head = (
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        element("title", title),
        element("style", Markup(style)),
    )
    return f"<!doctype html>\n{element('html', element('head', *head), element('body', main), lang='en')}\n"


def _models(view: View) -> Markup:
    key = "▲ better, ▼ worse than the best baseline beyond noise, ≈ within it. Small: 95 % intervals."
    return element("section", element("h2", "All models"), element("p", key), table_of_models(view))


def _slices(view: View) -> list[Markup]:
    users = slice_figure(
        view,
        "users_by_history",
        "users",
        f"Recall@{view.k} by history",
        "Users by how many positive interactions they have in train. All panels have one scale.",
    )
    items = slice_figure(
        view,
        "items_by_popularity",
        "test_pairs",
        f"Recall@{view.k} by popularity of the item",
        "Items sorted by train interactions and cut so that each quarter holds a quarter of these: few items in the "
        "first, most in the last. Of all test pairs with such an item, the share that is in the lists.",
    )
    return [users, items]


def _section(title: str, *figures: Markup) -> Markup:
    if not figures:
        return Markup("")
    return element("section", element("h2", title), element("div", *figures, class_="figures"))
