"""Every query of the guide on a generated graph that is published twice: each draws or lists something."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from published import PlainDriver

from graphrec_neo4j.database import Database
from graphrec_neo4j.desk import desk_files
from graphrec_neo4j.desk.pages import PAGES
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.from_generator import generate
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live


def test_every_query_of_the_guide_answers(
    empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    graph = generate(users=200, items=80, interactions_per_user=8, seed=4).snapshot
    with Database(empty_database) as database:
        to_neo4j(database, graph)
        for model in ("popularity", "p3"):
            sync(database, graph.schema, SyncRequest(model))
        page = desk_files(database, graph.schema, None, None).files("http://localhost:1")["guide.html"].decode()
    boxes = re.findall(r"<p>([^<]*):</p>\n<pre[^>]*>(.*?)</pre>", page, re.S)
    with PlainDriver(empty_database) as driver:
        answered = [(label, driver.rows(unescape(query))) for label, query in boxes]
    assert len(answered) == sum(len(page.questions) for page in PAGES)
    assert [label for label, rows in answered if not rows] == []
