"""The picture of why an item is recommended, against the reasons that are stored with the list."""

from __future__ import annotations

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


def test_the_choices_that_the_stored_reasons_name_are_drawn(
    empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    graph = generate(users=400, items=150, interactions_per_user=25, seed=4).snapshot
    with Database(empty_database) as database:
        to_neo4j(database, graph)
        sync(database, graph.schema, SyncRequest("p3"))
        named = drawn = 0
        for user in graph.users.ids.keys[::40]:
            for listed in database.read(statement("recommend/top_items", graph.schema), user_id=user, k=3):
                pair = {"user_id": user, "item_id": listed["item"]}
                why = database.read(statement("explain/stored_why", graph.schema), **pair)[0]["why"]
                paths = run_query(database, graph.schema, find_query("explain/why"), pair)
                seen = {node["id"] for row in paths for node in row["path"]["nodes"]}
                told = [one.node.key for one in decode(why, graph.schema).reasons if one.kind == "taste" and one.node]
                named, drawn = named + len(told), drawn + sum(key in seen for key in told)
    assert named > 100
    assert drawn == named
