"""What is in an argument against us: an answer, or one clear refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hostile import NASTY, cases, clear, integers, numbers, texts
from hypothesis import example, given
from hypothesis import strategies as st

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.ids import IdMap, Key
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def database(neo4j_connection: Connection) -> Iterator[Database]:
    with Database(neo4j_connection) as database:
        yield database


QUESTIONS = (
    ("recommend", "{}"),
    ("recommend", "--k", "{}", "u1"),
    ("similar", "{}"),
    ("explain", "{}", "{}"),
    ("explain", "u1", "{}"),
    ("query", "{}"),
    ("query", "top_items", "user_id={}"),
    ("query", "top_items", "user_id=u1", "k={}"),
    ("query", "popular_in_category", "category_id={}", "user_id={}"),
    ("query", "run_audit", "run={}"),
    ("query", "top_items", "{}"),
    ("browser", "{}"),
    ("sync", "--model", "{}"),
    ("sync", "--model", "p3", "--set", "{}"),
    ("load", "{}", "{}"),
    ("evaluate", "--train", "{}", "--test", "{}"),
    ("status", "--database", "{}"),
    ("status", "--within", "{}"),
    ("verify", "--uri", "{}"),
)


@pytest.fixture(scope="module")
def published(database: Database, wipe_database: Callable[[], None]) -> list[Key]:
    wipe_database()
    schema = GraphSchema.parse('recommend_to="U"\nrecommend="I"\n[nodes.U]\n[nodes.I]\n[edges.DID]\nfrom="U"\nto="I"\n')
    users = IdMap("U", ["u1", "u2", *(text for text in NASTY if text.isascii() and len(text) < 100)], "string")
    items = IdMap("I", ["i1", "i2", "i3"], "string")
    ends = (
        np.repeat(np.arange(len(users), dtype=np.int32), 2),
        np.tile(np.array([0, 1, 1, 2, 0, 2], dtype=np.int32), 99),
    )
    ends = ends[0], ends[1][: len(ends[0])]
    to_neo4j(database, GraphSnapshot(schema, {"U": Nodes(users), "I": Nodes(items)}, {"DID": Edges(*ends)}))
    sync(database, schema, SyncRequest(model="popularity"))
    return list(users.keys)


@cases(80)
@given(
    question=st.sampled_from(QUESTIONS),
    # No system hands a NUL over in an argument.
    words=st.lists(
        st.one_of(texts.map(lambda text: text.replace("\0", "")), numbers.map(repr), integers.map(str)),
        min_size=2,
        max_size=2,
    ),
    as_json=st.booleans(),
)
@example(question=("evaluate", "--train", "{}", "--test", "{}"), words=["\ud800", ""], as_json=False)
def test_any_argument_is_answered_or_refused(
    published: list[Key],
    neo4j_connection: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    question: tuple[str, ...],
    words: list[str],
    as_json: bool,
) -> None:
    for name in ("uri", "username", "password", "database"):
        monkeypatch.setenv(f"NEO4J_{name.upper()}", getattr(neo4j_connection, name))
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    given_ = iter(words)
    asked = [part.replace("{}", next(given_)) if "{}" in part else part for part in question]
    ended = CliRunner().invoke(cli, [*asked, *(["--json"] if as_json else [])])
    if isinstance(ended.exception, GraphRecError):
        clear(ended.exception)
    else:
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        assert ended.exit_code in (0, 1, 2)
    if asked[0] == "recommend" and len(asked) == 2 and asked[1] in published:
        assert ended.exit_code == 0 or asked[1].startswith("-"), ended.output
