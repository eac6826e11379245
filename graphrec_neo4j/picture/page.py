"""One explanation as one HTML page: sentences, bars, picture and table; it asks nothing of any network.

Its security policy forbids every load, and every script but its own by its digest, whatever a name may hold.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from importlib.resources import files

from graphrec_neo4j.explain.stored import Reason
from graphrec_neo4j.picture.drawing import Drawing
from graphrec_neo4j.picture.why import Why
from graphrec_neo4j.report.markup import Markup, element

EXACT = (
    "These shares are exact: they are the model's own arithmetic, and together with the rest they add up to the score."
)
APPROXIMATE = (
    "These shares are an approximation: the model is not a sum of paths. Together with the rest they add up to the "
    "score."
)


def page(why: Why, *, version: str, made_on: date) -> str:
    """Return the page; all names in it are escaped."""
    title = f"Why {why.title} for {why.user_name}"
    main = element(
        "main",
        _header(why, title),
        element("div", _reasons(why), _picture(why), class_="beside"),
        element("footer", f"Made by graphrec-neo4j {version} on {made_on.isoformat()}."),
    )
    script = _file("picture", "page.js")
    style = _file("report", "page.css") + _file("picture", "page.css")
    head = (
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        element("title", title),
        element("style", Markup(style)),
    )
    body = element("body", main, element("script", Markup(script)))
    return f"<!doctype html>\n{element('html', element('head', *head), body, lang='en')}\n"


def _file(folder: str, name: str) -> str:
    return (files(f"graphrec_neo4j.{folder}") / name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    digest = b64encode(sha256(script.encode()).digest()).decode()
    allowed = f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _header(why: Why, title: str) -> Markup:
    explained = why.explained
    facts = {
        "Score": f"{explained.described.score:.4g}",
        "Shares": "exact" if explained.described.exact else "approximate",
        "User": str(explained.user),
        "Item": str(explained.item),
    }
    if explained.seen:
        facts["Already has it"] = f"since {explained.seen_since}" if explained.seen_since else "yes"
    told = [element("div", element("dt", name), element("dd", value)) for name, value in facts.items()]
    note = [element("p", f"This pair is {explained.note}")] if explained.note else []
    return element(
        "header",
        element("p", "graphrec-neo4j explain", class_="eyebrow"),
        element("h1", title),
        element("dl", *told, class_="facts"),
        *note,
    )


def _reasons(why: Why) -> Markup:
    described = why.explained.described
    most = max([abs(described.other), *(abs(reason.score) for reason in described.reasons)]) or 1.0
    listed = [element("li", _reason(why, reason, most)) for reason in described.reasons]
    rest = _bar("all else together", described.other, _part(described.other, described.score), most)
    # A rest that is rounding alone would be a bar of nothing.
    if abs(described.other) > 1e-6 * abs(described.score):
        listed.append(element("li", element("div", *rest, class_="reason rest")))
    said = EXACT if described.exact else APPROXIMATE
    said += " Choose a reason to see its paths." if why.graph.paths else ""
    return element(
        "section",
        element("h2", "The reasons"),
        element("p", said, id="exactness"),
        element("ol", *listed, class_="reasons", aria_describedby="exactness"),
    )


def _reason(why: Why, reason: Reason, most: float) -> Markup:
    described, paths = why.explained.described, why.paths_of(reason)
    text = reason.text(why.title)
    bar = _bar(text[:1].upper() + text[1:], reason.score, _part(reason.score, described.score), most)
    drawn = "None of its paths is among those that are drawn." if reason.node and why.graph.paths and not paths else ""
    numbers = " ".join(map(str, paths))
    return element(
        "button",
        *bar,
        *([element("small", drawn)] if drawn else []),
        type="button",
        class_="reason",
        aria_pressed="false",
        data_paths=numbers,
    )


def _part(score: float, whole: float) -> str:
    """A contribution as its share, or as it is where the whole is nothing that shares could be of."""
    return f"{100 * score / whole:.0f} %" if whole > 0 else f"{score:.4g}"


def _bar(text: str, score: float, part: str, most: float) -> Sequence[Markup]:
    width = f"--w: {100 * abs(score) / most:.1f}%"
    bar = element("span", element("span", style=width, class_="against" if score < 0 else "for"), class_="bar")
    return element("span", text, class_="text"), element("b", part), bar


def _picture(why: Why) -> Markup:
    graph = why.graph
    if not graph.paths:
        nothing = (
            f"No path of at most three steps leads from {why.user_name} to {why.title}, so there is nothing to draw."
        )
        return element("section", element("h2", "The paths"), element("p", nothing))
    drawing = Drawing(why)
    told = "Every line is a relationship in the graph. Other people are there without their names."
    keys = " Arrow keys go from node to node, Enter keeps one lit, Escape lets go."
    return element(
        "section",
        element("h2", "The paths"),
        element("p", told + keys),
        element(
            "figure",
            _kinds(why),
            element("div", drawing.svg(), class_="scroll graph", tabindex=0, role="region", aria_label="Picture"),
            element("p", "", id="told", aria_live="polite"),
            _legend(drawing),
            _table(why),
        ),
        *_in_browser(why.explained.browser),
    )


def _in_browser(link: str | None) -> list[Markup]:
    if link is None:
        return []
    told = "The same paths in Neo4j Browser"
    return [element("p", element("a", told, href=link, target="_blank", rel="noopener noreferrer"))]


def _kinds(why: Why) -> Markup:
    """One box to tick for each kind of path; its value names the paths."""
    kinds = [why.graph.through(path) for path in why.graph.paths]
    boxes = []
    for kind, count in Counter(kinds).most_common():
        numbers = " ".join(str(number) for number, other in enumerate(kinds) if other == kind)
        box = element("input", type="checkbox", checked="", data_kind=numbers)
        label = f" through {' and '.join(kind)} ({count})" if kind else f" directly ({count})"
        boxes.append(element("label", Markup(box.removesuffix("</input>")), label))
    return element("fieldset", element("legend", "Show paths"), *boxes, class_="kinds")


def _legend(drawing: Drawing) -> Markup:
    nodes = [
        element("li", element("span", class_=f"dot c{colour}"), name) for name, colour in drawing.node_colours.items()
    ]
    steps = [
        element("li", element("span", class_=f"line c{colour}"), name) for name, colour in drawing.step_colours.items()
    ]
    return element("ul", *nodes, *steps, class_="legend", aria_label="Colours")


def _table(why: Why) -> Markup:
    graph = why.graph
    rows = [
        element(
            "tr",
            element("th", str(number + 1), scope="row"),
            element("td", graph.words(path)),
            data_paths=number,
            class_="part",
        )
        for number, path in enumerate(graph.paths)
    ]
    head = element("thead", element("tr", element("th", "No", scope="col"), element("th", "Path", scope="col")))
    table = element("table", element("caption", "Every path of the picture"), head, element("tbody", *rows))
    area = element("div", table, class_="scroll", tabindex=0, role="region", aria_label="Table of paths")
    return element("details", element("summary", f"The same as a table ({len(rows)} paths)"), area)
