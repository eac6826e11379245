"""The page of one explanation, parsed as a browser would: nothing from outside, nothing that a name could break."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from datetime import date
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from pairs import why

from graphrec_neo4j.picture import Why, page
from graphrec_neo4j.picture.paths import PathGraph

VOID = {"meta", "input"}
HOSTILE = "</script><script>alert('x')</script>\"'&<img src=x onerror=alert(1)>"


class Parsed(HTMLParser):
    """Every element with its attributes and the text in it; fails where one is closed that is not the open one."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[int] = []
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self.open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for place in self.open:
            self.elements[place][2].append(data)

    def of(self, tag: str, class_: str = "") -> list[tuple[dict[str, str | None], str]]:
        return [
            (attributes, "".join(texts))
            for name, attributes, texts in self.elements
            if name == tag and class_ in ["", *(attributes.get("class") or "").split()]
        ]


def parsed(made: Why) -> Parsed:
    return Parsed(page(made, version="9.8.7", made_on=date(2031, 2, 3)))


def test_reasons_come_with_their_shares_and_the_rest_and_bars_of_their_lengths() -> None:
    found = parsed(why())
    told = [text for _, text in [*found.of("button", "reason"), *found.of("div", "reason")]]
    assert told == [
        "Because you like Milk, as do 2 people with Tea50 %",
        "Because you like Salt, as do 7 people with Tea38 %None of its paths is among those that are drawn.",
        "Popular: 9 people like it-12 %",
        "all else together25 %",
    ]
    widths = [
        re.sub(r"[^\d.]", "", attributes["style"] or "") for attributes, _ in found.of("span") if "style" in attributes
    ]
    assert widths == ["100.0", "75.0", "25.0", "50.0"]
    assert len(found.of("span", "against")) == 1


@pytest.mark.parametrize(("exact", "said"), [(True, "These shares are exact"), (False, "These shares are an approx")])
def test_whether_it_is_exact_is_said_in_words(exact: bool, said: str) -> None:
    assert any(text.startswith(said) for _, text in parsed(why(exact=exact)).of("p"))


def test_a_reason_lights_up_the_paths_through_its_node() -> None:
    assert [attributes["data-paths"] for attributes, _ in parsed(why()).of("button", "reason")] == ["0 1", "", ""]


def test_every_node_and_relationship_is_drawn_with_its_paths() -> None:
    found = parsed(why())
    nodes = {attributes["aria-label"]: attributes["data-paths"] for attributes, _ in found.of("g", "node")}
    assert nodes == {
        "Ann, Person, 4 paths": "0 1 2 3",
        "Tea, Food, 4 paths": "0 1 2 3",
        "Milk, Food, 50 % of the score, 2 paths": "0 1",
        "another Person (1), 1 path": "0",
        "another Person (2), 1 path": "1",
        "another Person (3), 1 path": "2",
    }
    edges = {text: attributes["data-paths"] for attributes, text in found.of("path", "edge")}
    assert edges["Ann -[LIKES]-> Milk"] == "0 1"
    assert edges["another Person (1) -[LIKES]-> Milk"] == "0"
    assert len(edges) == 8


def test_the_table_tells_every_path() -> None:
    rows = [text for attributes, text in parsed(why()).of("tr") if "data-paths" in attributes]
    assert rows == [
        "1Ann -[LIKES]-> Milk <-[LIKES]- another Person (1) -[LIKES]-> Tea",
        "2Ann -[LIKES]-> Milk <-[LIKES]- another Person (2) -[LIKES]-> Tea",
        "3Ann -[KNOWS]-> another Person (3) -[LIKES]-> Tea",
        "4Ann -[RECOMMENDED]-> Tea",
    ]


def test_kinds_of_paths_can_be_hidden() -> None:
    found = parsed(why())
    boxes = [attributes["data-kind"] for attributes, _ in found.of("input")]
    labels = [text.strip() for _, text in found.of("label")]
    assert dict(zip(labels, boxes, strict=True)) == {
        "through Food and Person (2)": "0 1",
        "through Person (1)": "2",
        "directly (1)": "3",
    }


def test_exactly_one_node_is_in_the_tab_order() -> None:
    assert sorted(attributes["tabindex"] for attributes, _ in parsed(why()).of("g", "node")) == ["-1"] * 5 + ["0"]


def test_nothing_is_loaded_from_anywhere_and_only_its_own_script_may_run() -> None:
    text = page(why(), version="1", made_on=date(2031, 2, 3))
    found = Parsed(text)
    assert not [one for tag in ("link", "img", "iframe", "object", "embed", "base") for one in found.of(tag)]
    [(attributes, script)] = found.of("script")
    assert attributes == {}
    digest = b64encode(sha256(script.encode()).digest()).decode()
    [policy] = [a["content"] for a, _ in found.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert re.findall(r"https?:[^\"]*", text) == ["http://localhost:7474/browser/?arg=1&amp;x=2"]
    assert "@import" not in text
    assert re.findall(r"url\([^#)]", text) == []


def test_hostile_names_are_text() -> None:
    tame, found = parsed(why()), parsed(why(HOSTILE, HOSTILE, HOSTILE))
    assert [tag for tag, *_ in found.elements] == [tag for tag, *_ in tame.elements]
    assert [set(attributes) for _, attributes, _ in found.elements] == [set(a) for _, a, _ in tame.elements]
    assert found.of("h1")[0][1] == f"Why {HOSTILE} for {HOSTILE}"
    assert found.of("script") == tame.of("script")


def test_long_names_are_shortened_in_the_picture_alone() -> None:
    name = "A very long name that goes on and on and on for ever"
    found = parsed(why(liked=name))
    [shown] = [text for _, text in found.of("text") if text.startswith("A very")]
    assert shown.removesuffix(" 50 %").endswith("…")
    assert f"{name}, Food, 50 % of the score, 2 paths" in [a["aria-label"] for a, _ in found.of("g", "node")]


def test_without_paths_that_is_said_and_nothing_is_drawn() -> None:
    made = why()
    found = parsed(replace(made, graph=PathGraph(made.graph.nodes[:2], (), ())))
    assert found.of("svg") == found.of("figure") == []
    assert any("there is nothing to draw" in text for _, text in found.of("p"))
    assert not any("drawn" in text for _, text in found.of("button"))


def test_a_score_that_is_not_positive_shows_contributions_as_they_are() -> None:
    made = why()
    described = made.explained.described._replace(score=-1.0, other=-4.0)
    found = parsed(replace(made, explained=replace(made.explained, described=described)))
    assert [text for _, text in found.of("b")] == ["2", "1.5", "-0.5", "-4"]


def test_what_she_already_has_and_where_the_answer_comes_from_is_said() -> None:
    made = why(browser=None)
    seen = replace(made.explained, seen=True, seen_since="2031-01-02T00:00:00Z", note="not in the list, so asked.")
    found = parsed(replace(made, explained=seen))
    assert "since 2031-01-02T00:00:00Z" in [text for _, text in found.of("dd")]
    assert "This pair is not in the list, so asked." in [text for _, text in found.of("p")]
    assert found.of("a") == []
