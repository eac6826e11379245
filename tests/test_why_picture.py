"""The picture of why an item is recommended, against the reasons that are stored with the list."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from graphrec_neo4j.asking import find_query, run_query
from graphrec_neo4j.database import Database
from graphrec_neo4j.explain.stored import decode
from graphrec_neo4j.queries import statement
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.from_generator import generate
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live


def test_the_choices_and_categories_that_the_stored_reasons_name_are_drawn(
    empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    graph = generate(users=400, items=150, interactions_per_user=25, seed=4).snapshot
    with Database(empty_database) as database:
        to_neo4j(database, graph)
        paths = tuple(graph.schema.default_meta_paths().values())
        sync(database, graph.schema, SyncRequest("p3", {"meta_paths": paths}))
        named: Counter[str] = Counter()
        drawn: Counter[str] = Counter()
        for user in graph.users.ids.keys[::40]:
            for listed in database.read(statement("recommend/top_items", graph.schema), user_id=user, k=3):
                pair = {"user_id": user, "item_id": listed["item"]}
                why = database.read(statement("explain/stored_why", graph.schema), **pair)[0]["why"]
                rows = run_query(database, graph.schema, find_query("explain/why"), pair)
                seen = {node["id"] for row in rows for node in row["path"]["nodes"]}
                for one in decode(why, graph.schema).reasons:
                    if one.node and one.kind in ("taste", "category"):
                        named[one.kind] += 1
                        drawn[one.kind] += one.node.key in seen
    assert min(named["taste"], named["category"]) > 20
    assert drawn == named
