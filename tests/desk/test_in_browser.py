"""The desk in Neo4j Browser itself, in headless Chromium: what the links open, what is drawn, and how it looks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from readers import SCHEMA, World, publish_readers

from graphrec_neo4j import asking
from graphrec_neo4j.browser_link import browser_origins
from graphrec_neo4j.database import Database
from graphrec_neo4j.desk import Helper, desk_files
from graphrec_neo4j.settings import Connection

pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore")]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_DROP = """async ([name, url]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([await (await fetch(url)).blob()], name));
  const under = document.elementFromPoint(900, 400);
  for (const kind of ['dragenter', 'dragover', 'drop'])
    under.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""
_FORGET = "() => document.querySelectorAll('[data-testid=frame]').forEach(frame => { frame.dataset.seen = true; })"
_ANSWERED = """() => {
  const frame = document.querySelector('[data-testid=frame]');
  return frame && !frame.dataset.seen && /Displaying|Started streaming|no records|ERROR/.test(frame.innerText);
}"""


@pytest.fixture(scope="module")
def world(
    neo4j_connection: Connection, wipe_database: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> World:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        wipe_database()
        return publish_readers(neo4j_connection)


@pytest.fixture
def database(world: World, neo4j_connection: Connection) -> Iterator[Database]:
    with Database(neo4j_connection) as connected:
        yield connected


@pytest.fixture
def visit(database: Database, tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """A function that opens a link and logs in."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=CHROMIUM,
            args=list(_QUIET),
            viewport={"width": 1280, "height": 860},
        )

        def open_link(url: str) -> Any:
            page = context.pages[0]
            page.goto(url)
            page.locator("input[type=password]").fill(database.connection.password)
            page.locator("[data-testid=connect]").click()
            page.get_by_text("You are connected as user").first.wait_for()
            return page

        yield open_link
        context.close()


def run_editor(page: Any) -> None:
    page.wait_for_timeout(700)
    page.locator(".monaco-editor").first.click()
    page.keyboard.press("Control+Enter")


def captions(page: Any) -> set[str]:
    page.locator("svg g.node").first.wait_for()
    page.wait_for_timeout(2500)
    return {(node.text_content() or "").replace(" ", "") for node in page.locator("svg g.node").all()}


def test_the_link_of_a_pair_draws_its_paths(world: World, database: Database, visit: Callable[[str], Any]) -> None:
    best = asking.recommend(database, SCHEMA, "r05", 1).rows[0]["item"]
    page = visit(asking.browser_page(database, SCHEMA, "r05", best))
    run_editor(page)
    shown = captions(page)
    assert best in shown
    assert 3 <= len(shown) <= 60
    assert page.locator("svg g.relationship").count() >= 3


def test_expanding_a_recommended_item_shows_more(world: World, database: Database, visit: Callable[[str], Any]) -> None:
    page = visit(asking.browser_page(database, SCHEMA, "r05", None))
    run_editor(page)
    before = captions(page)
    item = next(name for name in before if name.startswith("b"))
    page.locator("svg g.node", has_text=item).first.dblclick(force=True)
    page.wait_for_timeout(2500)
    assert len(captions(page)) > len(before)


def test_the_guide_leads_to_a_styled_picture(world: World, database: Database, visit: Callable[[str], Any]) -> None:
    with Helper(desk_files(database, SCHEMA, "r05", None).files, browser_origins(database)) as helper:
        page = visit(asking.guide_page(database, f"{helper.address}/guide.html"))
        page.locator("h3", has_text="Recommendations, and why").wait_for()
        page.locator("a[data-exec^=style]").click()
        page.locator("a[data-exec^=config]").click()
        page.wait_for_timeout(1500)
        page.evaluate(_DROP, ["favourites.zip", f"{helper.address}/favourites.zip"])
        page.locator("[data-testid=navigationFavorites]").click()
        page.get_by_text("graphrec explain").wait_for()
        page.locator("[data-testid=navigationFavorites]").click()
        page.locator("[data-testid=navigationGuides]").click()
        for _ in range(2):
            page.locator("[data-testid=guideNextSlide]").click()
        page.locator("h3", has_text="What does r05 get?").wait_for()
        page.locator("pre.runnable").first.click()
        run_editor(page)
        listed = asking.recommend(database, SCHEMA, "r05", 10).rows
        assert captions(page) == {"r05"} | {row["title"] for row in listed}
    colours = page.locator("svg g.node circle").evaluate_all("all => all.map(one => one.getAttribute('fill'))")
    assert {"#4C8EDA", "#F79767"} <= set(colours)
    arrows = page.locator("svg g.relationship path").evaluate_all("all => all.map(one => one.getAttribute('fill'))")
    assert "#D62728" in arrows


def test_every_box_of_the_guide_draws_or_lists(world: World, database: Database, visit: Callable[[str], Any]) -> None:
    made = desk_files(database, SCHEMA, "r05", None)
    ran = []
    with Helper(made.files, browser_origins(database)) as helper:
        guide = made.files(helper.address)["guide.html"].decode()
        page = visit(asking.guide_page(database, f"{helper.address}/guide.html"))
        for title in re.findall("<h3>(.*?)</h3>", guide)[1:]:
            page.locator("[data-testid=guideNextSlide]").click()
            page.locator("h3", has_text=unescape(title)).wait_for()
            for box in page.locator("pre.runnable").all():
                page.evaluate(_FORGET)
                box.click()
                run_editor(page)
                page.wait_for_function(_ANSWERED)
                ran.append(page.locator("[data-testid=frame]").first.inner_text())
    assert len(ran) == guide.count("<pre")
    assert [text for text in ran if "ERROR" in text or "no records" in text] == []
