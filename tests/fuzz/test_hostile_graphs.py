"""What is in a database against us: exactly what is there comes out, or one clear refusal."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator
from typing import Any

import neo4j
import numpy as np
import pytest
from hostile import cases, clear, integers, numbers, texts
from hypothesis import event, given
from hypothesis import strategies as st

from graphrec_neo4j import asking
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.models import create
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.from_neo4j import read_graph
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def run(neo4j_connection: Connection) -> Iterator[Run]:
    """Plain Cypher, as anybody runs it."""
    auth = (neo4j_connection.username, neo4j_connection.password)
    with neo4j.GraphDatabase.driver(neo4j_connection.uri, auth=auth, notifications_min_severity="OFF") as driver:
        yield lambda text, **parameters: driver.execute_query(
            text, parameters, database_=neo4j_connection.database, result_transformer_=neo4j.Result.data
        )


@pytest.fixture(scope="module")
def database(neo4j_connection: Connection) -> Iterator[Database]:
    with Database(neo4j_connection) as database:
        yield database


def wipe(run: Run) -> None:
    run("MATCH (n) DETACH DELETE n")
    for row in run("SHOW CONSTRAINTS YIELD name"):
        run(f"DROP CONSTRAINT `{row['name']}`")
    for row in run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"):
        run(f"DROP INDEX `{row['name']}`")


def is_plain(text: str) -> bool:
    """Whether a name or a text is one that a database can hold."""
    return bool(text.strip()) and "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def mostly(strategy: st.SearchStrategy[Any], plain: Callable[[Any], bool]) -> st.SearchStrategy[Any]:
    """The same, so that of ten values nine are plain and a whole graph of them has a chance."""
    return st.integers(0, 19).flatmap(lambda n: strategy.filter(plain) if n else strategy)


words = mostly(texts, is_plain)
long_integers = mostly(integers, lambda number: -(2**63) <= number < 2**63)
finite = mostly(numbers, math.isfinite)


@st.composite
def graphs(draw: st.DrawFn) -> GraphSnapshot:
    """Users who did items, under names and with keys and values that may be anything; SnapshotError is one outcome."""
    names = draw(st.lists(words, min_size=10, max_size=10, unique=True))
    kinds = draw(st.tuples(*[st.sampled_from(["string", "integer"])] * 2))
    schema = GraphSchema.model_validate(
        {
            "recommend_to": "U",
            "recommend": "I",
            "nodes": {
                "U": {"label": names[0], "key": names[1], "key_type": kinds[0], "name": names[2]},
                "I": {"label": names[3], "key": names[4], "key_type": kinds[1], "features": (names[5],)},
            },
            "edges": {
                "DID": {
                    "from": "U",
                    "to": "I",
                    "type": names[6],
                    "weight": names[7],
                    "time": names[8],
                    "time_unit": draw(st.sampled_from(["s", "ms", "date", "datetime", "text"])),
                    "strength": "one",
                }
            },
        }
    )
    ids = [
        IdMap(
            name,
            draw(st.lists(words if kind == "string" else long_integers, min_size=2, max_size=4, unique=True)),
            kind,
        )
        for name, kind in zip("UI", kinds, strict=True)
    ]
    called = np.fromiter((draw(st.one_of(st.none(), words)) for _ in range(len(ids[0]))), object, len(ids[0]))
    price = np.array([[draw(finite)] for _ in range(len(ids[1]))])
    pairs = sorted(
        draw(st.sets(st.tuples(st.integers(0, len(ids[0]) - 1), st.integers(0, len(ids[1]) - 1)), min_size=1))
    )
    ends = np.array(pairs, dtype=np.int32)
    moments = st.one_of(
        st.sampled_from(
            [0, -1, int(MISSING_TIME), -62_135_596_800_000, 253_402_300_799_999, 253_402_300_800_000, 2**62]
        ),
        st.integers(-(2**63), 2**63 - 1),
    )
    edges = Edges(
        ends[:, 0].copy(),
        ends[:, 1].copy(),
        np.array([draw(finite) for _ in pairs]),
        np.array([draw(moments) for _ in pairs], dtype=np.int64),
    )
    return GraphSnapshot(schema, {"U": Nodes(ids[0], called), "I": Nodes(ids[1], None, price)}, {"DID": edges})


@cases(25)
@given(data=st.data())
def test_a_graph_is_stored_published_and_asked_exactly_or_refused(
    database: Database, run: Run, data: st.DataObject
) -> None:
    wipe(run)
    try:
        snapshot = data.draw(graphs())
    except (GraphRecError, ValueError):
        return
    try:
        to_neo4j(database, snapshot)
    except GraphRecError as error:
        clear(error)
        return
    read = read_graph(database, snapshot.schema).snapshot
    assert read == snapshot
    weights = read.edges["DID"].weight
    assert weights is not None
    assert np.signbit(weights).tolist() == np.signbit(snapshot.edges["DID"].weight).tolist()
    event("stored and read")
    made = sync(database, snapshot.schema, SyncRequest(model="popularity"))
    assert made.published
    model = create("popularity").fit(snapshot)
    for row, user in enumerate(snapshot.users.ids.keys):
        top = model.top_k(np.array([row]), 20, snapshot.seen).items[0]
        expected = [snapshot.items.ids.key(int(item)) for item in top if item >= 0]
        answer = asking.recommend(database, snapshot.schema, user, 20)
        assert [line["item"] for line in answer.rows] == expected


def test_a_graph_of_which_nothing_can_be_held_out_is_published(database: Database, run: Run) -> None:
    wipe(run)
    schema = GraphSchema.parse('recommend_to="U"\nrecommend="I"\n[nodes.U]\n[nodes.I]\n[edges.DID]\nfrom="U"\nto="I"\n')
    nodes = {name: Nodes(IdMap(name, [f"{name}{row:02}" for row in range(20)], "string")) for name in "UI"}
    row = np.arange(20, dtype=np.int32)
    to_neo4j(database, GraphSnapshot(schema, nodes, {"DID": Edges(row, row)}))
    made = sync(database, schema, SyncRequest(model="popularity"))
    assert made.published
    assert made.trained["judged_on"] == "nothing: too few interactions"


stored = st.one_of(
    texts.filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text)),
    st.integers(-(2**63), 2**63 - 1),
    numbers,
    st.booleans(),
    st.binary(max_size=3),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, datetime.UTC])),
    st.times(),
    st.sampled_from(
        [
            neo4j.time.Date(1, 1, 1),
            neo4j.time.Date(9999, 12, 31),
            neo4j.time.DateTime(1, 1, 1, 0, 0, 0, 1),
            neo4j.time.DateTime(9999, 12, 31, 23, 59, 59, 999_999_999, tzinfo=datetime.UTC),
            neo4j.time.Duration(months=1, nanoseconds=1),
            neo4j.spatial.WGS84Point((1.0, 2.0)),
        ]
    ),
    st.lists(st.integers(-3, 3), max_size=3),
    st.lists(texts.filter(str.isascii), max_size=2),
)
FAR = [
    "datetime('-999999-01-01T00:00Z')",
    "datetime('+999999-01-01T00:00Z')",
    "date('-0001-01-01')",
    "date('+12345-01-01')",
]

ANY = """
recommend_to = "U"
recommend = "I"
[nodes.U]
key_type = "{}"
name = "v"
[nodes.I]
key_type = "{}"
features = ["v"]
text = ["w"]
[edges.DID]
from = "U"
to = "I"
weight = "v"
time = "w"
time_unit = "{}"
properties = ["p"]
"""


@cases(60)
@given(data=st.data())
def test_whatever_others_stored_is_read_or_refused(database: Database, run: Run, data: st.DataObject) -> None:
    """Keys, names, weights, times and features of any type that a database can hold."""
    wipe(run)
    value = st.one_of(st.none(), stored)
    ends = [{"id": data.draw(value), "v": data.draw(value), "w": data.draw(value)} for _ in range(4)]
    edge = {"v": data.draw(value), "w": data.draw(value), "p": data.draw(value)}
    run(
        "UNWIND range(0, 1) AS k CREATE (u:U) SET u = $ends[k] CREATE (i:I) SET i = $ends[k + 2] "
        "CREATE (u)-[r:DID]->(i) SET r = $edge",
        ends=ends,
        edge=edge,
    )
    if data.draw(st.integers(0, 3)) == 0:
        run(f"MATCH ()-[r:DID]->() SET r.w = {data.draw(st.sampled_from(FAR))}")
    schema = ANY.format(
        *(data.draw(st.sampled_from(["string", "integer"])) for _ in "ui"),
        data.draw(st.sampled_from(["s", "ms", "date", "datetime", "text"])),
    )
    try:
        snapshot = read_graph(database, GraphSchema.parse(schema)).snapshot
    except GraphRecError as error:
        clear(error)
        return
    assert set(snapshot.users.ids.keys) <= {end["id"] for end in ends[:2]}
    assert set(snapshot.items.ids.keys) <= {end["id"] for end in ends[2:]}
    weights = snapshot.edges["DID"].weight
    assert weights is not None
    for weight in weights.tolist():
        assert math.isnan(weight) or edge["v"] in (True, False) or weight == float(edge["v"])
