"""The page parsed as a browser would: nothing from outside, everything balanced, every model there, names escaped."""

from __future__ import annotations

import copy
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from graphrec_neo4j.report import page
from graphrec_neo4j.report.markup import Markup, element
from graphrec_neo4j.report.view import signed

VOID = {"meta", "br", "hr", "img", "input", "link"}
HOSTILE = "<script>alert('x')</script>&\"ease\""


class Parsed(HTMLParser):
    """Keeps what the tests ask for, and fails where an element is closed that is not the open one."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def all_of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]

    def text(self) -> str:
        return " ".join(data for tag, data in self.texts if tag != "style")


def row(model: str, ndcg: float, baseline: str | None = "p3", best: str = "slim") -> dict[str, Any]:
    names = ("recall", "precision", "mrr", "map", "hit_rate", "coverage", "novelty", "popularity_lift")
    to = {"baseline": baseline, "best": best}
    gain = {"mean": ndcg - 0.2, "low": ndcg - 0.21, "high": ndcg - 0.19}
    users = {"users": 7, "recall@20": ndcg, "ndcg@20": ndcg}
    return {
        "model": model,
        "chosen_on": "nothing: settings as given",
        "ndcg@20": ndcg,
        **{f"{name}@20": ndcg for name in names},
        "diversity@20": None,
        "seconds": 0.0,
        "peak_mib": 12.0,
        "interval": {"ndcg@20": [ndcg - 0.01, ndcg + 0.01], "recall@20": [ndcg - 0.01, ndcg + 0.01]},
        "difference": {
            role: {"to": other, "ndcg@20": gain, "recall@20": gain}
            for role, other in to.items()
            if other and other != model
        },
        "slices": {
            "users_by_history": {"none": {"users": 0, "recall@20": None, "ndcg@20": None}, "1-5": users},
            "items_by_popularity": {"most popular quarter": {"test_pairs": 9, "recall@20": ndcg}},
        },
        "cutoffs": {str(cut): {"recall": ndcg * cut / 50, "ndcg": ndcg} for cut in (1, 20, 50)},
    }


@pytest.fixture
def found() -> dict[str, Any]:
    return {
        "split": "by time, the latest 20%",
        "k": 20,
        "users": 1881,
        "users_without_train": 3,
        "seed": 7,
        "best": "slim",
        "baseline": "p3",
        "left_out": [{"model": "lightgcn", "reason": "it needs the [gnn] extra."}],
        "items": 17632,
        "train_interactions": 74267,
        "models": [row("popularity", 0.1), row("p3", 0.2), row("slim", 0.29), row("spectral", 0.205)],
    }


def made(found: dict[str, Any]) -> Parsed:
    return Parsed(page(found, version="9.8.7", made_on=date(2031, 2, 3)))


def test_a_blend_tells_its_members_and_what_they_count(found: dict[str, Any]) -> None:
    members = [
        {"member": "popularity", "model": "popularity", "weight": 0.0, "short_history_weight": 0.35},
        {"member": "slim", "model": "slim (l1 0.5)", "weight": 1.4, "short_history_weight": 0.0},
    ]
    found["models"].append(row("auto", 0.3) | {"chosen": {"members": members}})
    text = made(found).text()
    assert text.index("slim (l1 0.5), weight 1.4") < text.index("popularity, weight 0, and 0.35 more without a history")


def test_every_element_is_closed_in_its_order(found: dict[str, Any]) -> None:
    assert made(found).open == []


def test_it_asks_for_nothing_from_outside(found: dict[str, Any]) -> None:
    parsed, text = made(found), page(found, version="9.8.7", made_on=date(2031, 2, 3))
    assert not {"script", "link", "iframe", "img", "object", "embed", "base", "form"} & {tag for tag, _ in parsed.seen}
    for _, attributes in parsed.seen:
        assert not {"src", "href", "xlink:href", "srcset", "action", "data"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
    for told in ("http://", "https://", "//cdn", "@import", "url(", "@font-face"):
        assert told not in text


def test_the_head_says_all_that_the_figures_depend_on(found: dict[str, Any]) -> None:
    text = made(found).text()
    for told in ("by time, the latest 20%", "1,881", "17,632", "74,267", "9.8.7", "2031-02-03"):
        assert told in text
    facts = dict(zip(*[iter(data for tag, data in made(found).texts if tag in ("dt", "dd"))] * 2, strict=False))
    assert (facts["Seed"], facts["K"], facts["of them without train"]) == ("7", "20", "3")


def test_every_model_is_in_the_table_the_best_first(found: dict[str, Any]) -> None:
    heads = [data for tag, data in made(found).texts if tag == "th"]
    models = [data for data in heads if data in {"popularity", "p3", "slim", "spectral"}]
    assert models[:4] == ["slim", "spectral", "p3", "popularity"]


def test_every_drawing_says_what_it_is_and_has_its_numbers_beside_it(found: dict[str, Any]) -> None:
    parsed = made(found)
    drawings = parsed.all_of("svg")
    assert len(drawings) == 2 + 2 + 2 + 1 + 1
    assert all(drawing["role"] == "img" and drawing["aria-label"] and drawing["viewbox"] for drawing in drawings)
    assert len(parsed.all_of("desc")) == len(drawings)
    assert len(parsed.all_of("figure")) == len(parsed.all_of("details")) == 8
    for attributes in (attributes for _, attributes in parsed.seen):
        for name in ("x", "y", "cx", "cy", "width", "height"):
            assert attributes.get(name) is None or float(attributes[name]) > -1


def test_each_model_has_a_line_and_a_point(found: dict[str, Any]) -> None:
    parsed = made(found)
    assert len(parsed.all_of("polyline")) == 2 * 4
    assert [line["class"] for line in parsed.all_of("polyline") if line.get("class")] == ["dashed", "dashed"]
    assert sum(circle.get("class") == "hollow" for circle in parsed.all_of("circle")) == 2


def test_what_is_beyond_noise_is_marked(found: dict[str, Any]) -> None:
    # slim gains .09 of .2, surely; spectral .005, not surely; popularity loses .1.
    verdicts = [data for tag, data in made(found).texts if tag == "td" and data in ("better", "even", "worse")]
    assert verdicts == ["better", "even", "worse"] * 2
    assert "+45.0 %" in made(found).text()


def test_what_was_left_out_is_told_with_its_reason(found: dict[str, Any]) -> None:
    assert "it needs the [gnn] extra." in made(found).text()


def test_names_are_escaped(found: dict[str, Any]) -> None:
    hostile = copy.deepcopy(found)
    hostile["split"] = HOSTILE
    hostile["models"][2] = row(HOSTILE, 0.29)
    hostile["left_out"] = [{"model": HOSTILE, "reason": HOSTILE}]
    parsed = made(hostile)
    assert parsed.open == []
    assert parsed.all_of("script") == []
    assert HOSTILE in [data for tag, data in parsed.texts if tag == "th"]
    assert HOSTILE in [data for tag, data in parsed.texts if tag == "dd"]


def test_a_lone_model_without_baseline_or_other_lengths_has_a_page(found: dict[str, Any]) -> None:
    lone = row("slim", 0.0, baseline=None) | {"cutoffs": {}}
    parsed = made(found | {"models": [lone], "baseline": None})
    assert parsed.open == []
    assert "1 recommender on one split" in parsed.text()
    assert "against K" not in parsed.text()


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "+0.2500"), (-0.25, "−0.2500"), (-0.00004, "0.0000"), (0, "0.0000")]
)
def test_a_difference_of_nothing_has_no_sign(value: float, text: str) -> None:
    assert signed(value) == text


def test_plain_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", "1 < 2")
    assert element("p", inner, " & ", Markup("<i></i>"), title='"', class_=None) == (
        '<p title="&quot;"><b>1 &lt; 2</b> &amp; <i></i></p>'
    )
