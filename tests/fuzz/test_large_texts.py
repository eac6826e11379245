"""Texts of ten megabytes: they come back as they went in, or are refused in a short sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from published import PlainDriver

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.from_neo4j import from_neo4j
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live

LARGE = "ä" * 5 * 2**20
SCHEMA = GraphSchema.parse(
    'recommend_to = "User"\nrecommend = "Item"\n[nodes.User]\nname = "name"\n[nodes.Item]\nname = "name"\n'
    '[edges.DID]\nfrom = "User"\nto = "Item"\n'
)


def graph(users: list[str], items: list[str], names: list[str | None]) -> GraphSnapshot:
    """Every user did every item but the one of her number; the items are called so."""
    source, target = np.nonzero(~np.eye(len(users), len(items), dtype=bool))
    return GraphSnapshot(
        SCHEMA,
        {
            "User": Nodes(IdMap("User", users, "string")),
            "Item": Nodes(IdMap("Item", items, "string"), names=np.array(names, dtype=object)),
        },
        {"DID": Edges(source.astype(np.int32), target.astype(np.int32))},
    )


def test_a_name_comes_back_and_its_item_is_recommended(
    database: Database,
    driver: PlainDriver,
    empty_database: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    for name in ("uri", "username", "password", "database"):
        monkeypatch.setenv(f"NEO4J_{name.upper()}", getattr(empty_database, name))
    snapshot = graph(["u1", "u2", "u3"], ["i1", "i2", "i3"], [LARGE, None, "plain"])
    to_neo4j(database, snapshot)
    assert from_neo4j(database, SCHEMA) == snapshot
    sync(database, SCHEMA, SyncRequest(model="p3"))
    for question in (["recommend", "u1"], ["explain", "u1", "i1"], ["query", "top_items", "user_id=u1"]):
        asked = CliRunner().invoke(cli, question)
        assert asked.exit_code == 0, asked.exception
    stored = (
        "MATCH (u:User) UNWIND keys(u) AS name WITH u[name] AS held WHERE held IS :: LIST<STRING> UNWIND held AS told"
    )
    assert driver.value(f"{stored} RETURN max(size(told))") < 2_000
    assert driver.value("MATCH ()-[r:RECOMMENDED]->() RETURN max(size(r.reason))") < 2_000


def test_a_key_that_no_index_holds_is_refused_and_nothing_is_written(database: Database, driver: PlainDriver) -> None:
    with pytest.raises(GraphRecError) as refused:
        to_neo4j(database, graph(["u1", LARGE], ["i1", "i2"], [None, None]))
    assert len(str(refused.value)) < 1_000
    assert driver.rows("MATCH (n) RETURN count(n) AS n") == [{"n": 0}]


def test_a_property_that_the_schema_does_not_name_is_left_alone(database: Database, driver: PlainDriver) -> None:
    snapshot = graph(["u1", "u2"], ["i1", "i2"], ["one", "two"])
    to_neo4j(database, snapshot)
    driver.rows("MATCH (n) SET n.essay = $given", given=LARGE)
    assert from_neo4j(database, SCHEMA) == snapshot
    assert driver.rows("MATCH (n) RETURN count(CASE n.essay WHEN $given THEN 1 END) AS n", given=LARGE) == [{"n": 4}]


def test_a_time_that_is_a_novel_is_refused_in_a_sentence(database: Database, driver: PlainDriver) -> None:
    timed = GraphSchema.parse(
        'recommend_to = "User"\nrecommend = "Item"\n[nodes.User]\n[nodes.Item]\n'
        '[edges.DID]\nfrom = "User"\nto = "Item"\ntime = "at"\ntime_unit = "text"\n'
    )
    driver.rows("CREATE (:User {id: 'u1'})-[:DID {at: $given}]->(:Item {id: 'i1'})", given=LARGE)
    with pytest.raises(GraphRecError) as refused:
        from_neo4j(database, timed)
    assert "u1" in str(refused.value)
    assert len(str(refused.value)) < 2_100
