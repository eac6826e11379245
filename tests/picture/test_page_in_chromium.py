"""The page in a real Chromium without a network: it loads nothing else, and mouse and keyboard do what it says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pairs import why

from graphrec_neo4j.picture import page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

HOSTILE = (
    "</script><script>document.title = 'harm'</script><img src=http://127.0.0.1:9/x onerror=\"document.title='harm'\">"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Open the page of a pair from disk, offline; fails on any other request, error or complaint."""
    context = browser.new_context(offline=True)
    tab = context.new_page()
    requests: list[str] = []
    said: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))

    def go(**names: str) -> Any:
        path = tmp_path / "why.html"
        path.write_text(page(why(**names), version="1", made_on=date(2031, 2, 3)), encoding="utf-8")
        tab.goto(path.as_uri())
        return tab

    yield go
    assert (requests, said) == ([(tmp_path / "why.html").as_uri()], [])
    context.close()


def lit(tab: Any) -> set[str]:
    return set(tab.locator(".node.lit").evaluate_all("nodes => nodes.map(node => node.getAttribute('aria-label'))"))


def test_a_reason_lights_up_its_paths_until_it_is_let_go(opened: Any) -> None:
    tab = opened()
    tab.click("text=Because you like Milk")
    assert {label.split(",")[0] for label in lit(tab)} == {
        "Ann",
        "Milk",
        "Tea",
        "another Person (1)",
        "another Person (2)",
    }
    assert tab.locator("tr.lit").count() == 2
    assert tab.inner_text("#told").startswith("Because you like Milk")
    tab.keyboard.press("Escape")
    assert lit(tab) == set()


def test_arrow_keys_walk_through_the_picture(opened: Any) -> None:
    tab = opened()
    tab.focus(".node")
    walked = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        tab.keyboard.press(key)
        walked.append(tab.inner_text("#told").split(",")[0])
    assert walked[0] == "Milk"
    assert walked[1].startswith("another Person")
    assert walked[2] == "Tea"
    assert walked[3].startswith("another Person")
    tab.keyboard.press("Enter")
    assert tab.locator("[aria-pressed=true]").get_attribute("aria-label").startswith(walked[3])
    assert tab.locator(".node[tabindex='0']").count() == 1


def test_a_kind_of_path_can_be_hidden_and_shown_again(opened: Any) -> None:
    tab = opened()
    tab.get_by_label("through Food and Person").uncheck()
    assert tab.locator(".node:visible").count() == 3
    assert tab.locator("tr.gone").count() == 2
    tab.get_by_label("through Food and Person").check()
    assert tab.locator(".node:visible").count() == 6


def test_hostile_names_do_no_harm(opened: Any) -> None:
    tab = opened(user=HOSTILE, item=HOSTILE, liked=HOSTILE)
    assert tab.title() == f"Why {HOSTILE} for {HOSTILE}"
    assert tab.locator("img").count() == 0
    tab.click("button.reason >> nth=0")
    assert tab.locator("tr.lit").count() == 2
    assert HOSTILE in tab.inner_text("#told")


def test_light_and_dark_follow_the_reader(opened: Any) -> None:
    tab = opened()
    colours = set()
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        colours.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2
