"""The desk's files in the names of a graph, and the helper that serves them to Browser."""

from __future__ import annotations

import io
import re
import shlex
import urllib.request
import zipfile
from collections.abc import Iterator
from email.message import Message
from html import unescape
from urllib.error import HTTPError

import pytest

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.desk.favourites import favourites
from graphrec_neo4j.desk.guide import Example, guide
from graphrec_neo4j.desk.helper import Helper
from graphrec_neo4j.desk.style import style
from graphrec_neo4j.queries import query_names
from graphrec_neo4j.schema import GraphSchema, default_schema

PLAIN = GraphSchema.parse(
    """
    recommend_to = "Customer"
    recommend = "Product"
    [nodes.Customer]
    [nodes.Product]
    name = "called"
    [edges.BOUGHT]
    from = "Customer"
    to = "Product"
    [results]
    recommended = "OFFERED"
    """
)


def rules(text: str) -> dict[str, dict[str, str]]:
    return {
        found[1]: dict(re.findall(r"([\w-]+): (.+);", found[2]))
        for found in re.finditer(r"(\S+) \{\n(.*?)\n\}", text, re.S)
    }


def test_every_label_that_occurs_has_the_rule_of_what_it_stands_for() -> None:
    looks = rules(style(PLAIN, {"Gift": "Product"}))
    assert looks["node.Gift"] == looks["node.Product"]
    assert looks["node.Product"]["caption"] == '"{called}"'
    assert looks["node.Customer"]["caption"] == '"{id}"'
    assert looks["node.Customer"]["color"] != looks["node.Product"]["color"]


def test_recommendations_look_unlike_the_users_own_relationships() -> None:
    looks = rules(style(PLAIN, {}))
    ours, own = looks["relationship.OFFERED"], looks["relationship"]
    assert ours["color"] != own["color"]
    assert ours["shaft-width"] != own["shaft-width"]
    assert (ours["caption"], own["caption"]) == ('"{rank}"', '"<type>"')


def test_every_question_that_the_graph_allows_is_a_favourite_with_its_title() -> None:
    packed = zipfile.ZipFile(io.BytesIO(favourites(PLAIN)))
    names = {name.removeprefix("graphrec ").removesuffix(".cypher") for name in packed.namelist()}
    asked = {name for room in ("recommend", "explain") for name in query_names(room)}
    assert "explain/why" in names
    assert asked - names == {
        "recommend/friends_items",
        "recommend/popular_in_category",
        "recommend/top_items_in_category",
        "explain/paths_by_friends",
        "explain/paths_by_category",
        "explain/paths_by_interest",
        "explain/concentration_by_category",
        "explain/concentration_by_category_table",
    }
    why = packed.read("graphrec explain/why.cypher").decode()
    assert why.startswith("// why\n// Every kind of path")
    assert set(re.findall(r"\$\w+", why)) == {"$user_id", "$item_id"}
    assert "OFFERED" in why
    table = packed.read("graphrec explain/why_table.cypher").decode()
    assert "=> 'an id' or null" in table
    assert set(re.findall(r"\$\w+", table)) == {"$user_id", "$item_id"}
    assert favourites(PLAIN) == favourites(PLAIN)


def test_the_guide_asks_about_its_example_and_escapes_what_is_in_it() -> None:
    example = Example(
        "<b>'&", 'i"1', "<Ann>", "Tea & <i>", other="o", unlisted="n", unlisted_title="<Not>", category="c'"
    )
    page = guide(default_schema(), example, "http://localhost:1")
    assert page.count("<slide") == 9
    assert not {"<b>", "<Ann>", "<Not>"} & set(re.findall("<[^>]*>", page))
    runs = [unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.S)]
    assert len(runs) > 12
    assert all("$" not in text and "//" not in text for text in runs)
    assert sum("'<b>\\'&'" in text for text in runs) >= 8
    assert 'data-exec="style http://localhost:1/style.grass"' in page
    assert 'href="http://localhost:1/favourites.zip"' in page
    commands = [unescape(text) for text in re.findall(r"<code>(graphrec.*?)</code>", page)]
    assert [shlex.split(command)[2:4] for command in commands[:2]] == [["<b>'&", 'i"1']] * 2
    assert [unescape(text) for text in re.findall(r'data-exec="(param.*?)"', page)] == [
        "param user_id => '<b>\\'&'",
        "param item_id => 'i\"1'",
        "param other_id => 'o'",
        "param category_id => 'c\\''",
    ]


def test_the_guide_leaves_out_what_the_graph_cannot_be_asked() -> None:
    page = guide(PLAIN, Example("u", "i", "u", "i"), "http://localhost:1")
    assert page.count("<slide") == 7
    assert "By category" not in page
    assert "share?" not in page
    assert "category_id" not in page
    assert Naming.of(PLAIN).nodes["Category"] == ()


BROWSER = "http://127.0.0.1:7474"


@pytest.fixture
def helper() -> Iterator[Helper]:
    with Helper(lambda address: {"guide.html": address.encode()}, {BROWSER}) as serving:
        yield serving


def answer(url: str, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=named)) as sent:
        return sent.status, sent.headers, sent.read()


def test_the_helper_answers_as_browser_asks(helper: Helper) -> None:
    url = f"{helper.address}/guide.html"
    asked = {"Access_Control_Request_Headers": "pragma", "Access_Control_Request_Private_Network": "true"}
    status, allowed, _ = answer(url, "OPTIONS", Origin=BROWSER, **asked)
    assert (status, allowed["Access-Control-Allow-Headers"]) == (204, "*")
    assert (allowed["Access-Control-Allow-Origin"], allowed["Access-Control-Allow-Private-Network"]) == (
        BROWSER,
        "true",
    )
    status, sent, body = answer(f"{url}?x=1", Origin=BROWSER)
    assert (body.decode(), sent["Access-Control-Allow-Origin"], sent["Vary"]) == (helper.address, BROWSER, "Origin")
    with pytest.raises(HTTPError, match="404"):
        answer(f"{helper.address}/../password")
    with pytest.raises(OSError, match="in use"):
        Helper(lambda _: {}, (), int(helper.address.rpartition(":")[2]))


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:7475", "https://127.0.0.1:7474", "null", "*"]
)
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "HEAD"])
def test_the_helper_lets_no_other_page_read(helper: Helper, origin: str, method: str) -> None:
    _, sent, _ = answer(f"{helper.address}/guide.html", method, Origin=origin)
    assert [name for name in sent if name.startswith("Access-Control")] == []
    assert sent["Vary"] == "Origin"


def test_the_helper_sends_a_file_to_who_is_no_page(helper: Helper) -> None:
    _, sent, body = answer(f"{helper.address}/guide.html")
    assert body.decode() == helper.address
    assert "Access-Control-Allow-Origin" not in sent
