"""``explain --html`` against a real server: the page that is written, and what it never says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from published import PlainDriver
from world import AWKWARD_ITEM, AWKWARD_TITLE, AWKWARD_USER, LONELY, SCHEMA, music, publish_music

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import UnknownIdError
from graphrec_neo4j.picture import explain_with_paths
from graphrec_neo4j.picture.paths import ITEM, USER
from graphrec_neo4j.queries import statement
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def published(
    neo4j_connection: Connection, wipe_database: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        wipe_database()
        publish_music(neo4j_connection)
        yield neo4j_connection


@pytest.fixture
def run(published: Connection) -> Callable[..., Result]:
    environment = {
        "NEO4J_URI": published.uri,
        "NEO4J_USERNAME": published.username,
        "NEO4J_PASSWORD": published.password,
    }
    return lambda *arguments: CliRunner().invoke(cli, arguments, env=environment)


def best_of(run: Callable[..., Result], user: str) -> str:
    return json.loads(run("recommend", user, "--k", "1", "--json").stdout)[0]["item"]


def test_a_page_is_written_beside_the_same_answer(run: Callable[..., Result], tmp_path: Path) -> None:
    item, path = best_of(run, "u01"), tmp_path / "why.html"
    plain = json.loads(run("explain", "u01", item, "--json").stdout)
    told = run("explain", "u01", item, "--json", "--html", str(path))
    assert json.loads(told.stdout) == plain | {"html": str(path)}
    assert told.stderr == f"the page is {path}\n"
    assert "html" not in plain
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert all(part["text"][1:].replace("&", "&amp;") in text for part in plain["contributions"])


def test_a_missing_folder_is_said_before_anything_is_asked() -> None:
    told = CliRunner().invoke(cli, ["explain", "u01", "a01", "--html", "nowhere/why.html", "--uri", "bolt://nobody:1"])
    assert told.exit_code == 2
    assert "there is no folder nowhere" in told.stderr


def test_no_other_user_is_on_the_page_but_her_friends(run: Callable[..., Result], published: Connection) -> None:
    others = {key for key in music().users.ids.keys if key not in ("u02", "u06")}
    with Database(published) as database:
        for row in json.loads(run("recommend", "u02", "--json").stdout):
            graph = explain_with_paths(database, SCHEMA, "u02", row["item"]).graph
            assert not others & {text for node in graph.nodes for text in (node.key, node.name)}
            assert any(not node.named for node in graph.nodes)


def test_the_graph_is_what_the_browser_link_draws(run: Callable[..., Result], published: Connection) -> None:
    item = best_of(run, AWKWARD_USER)
    text = statement("explain/why", SCHEMA).text
    with Database(published) as database:
        why = explain_with_paths(database, SCHEMA, AWKWARD_USER, item)
    with PlainDriver(published) as driver:
        counted = f"CALL () {{ {text} }} UNWIND nodes(path) AS n UNWIND relationships(path) AS r "
        given = {"user_id": AWKWARD_USER, "item_id": item}
        nodes = driver.value(counted + "RETURN count(DISTINCT n)", **given)
        pairs = driver.value(counted + "RETURN count(DISTINCT [startNode(r).no, type(r), endNode(r).no])", **given)
        paths = driver.value(f"CALL () {{ {text} }} RETURN count(path)", **given)
    assert (len(why.graph.nodes), len(why.graph.steps), len(why.graph.paths)) == (nodes, pairs, paths)
    assert 2 < nodes <= 60
    assert (why.graph.nodes[USER].key, why.graph.nodes[ITEM].key) == (AWKWARD_USER, item)


def test_names_come_as_they_are_kept(published: Connection) -> None:
    with Database(published) as database:
        graph = explain_with_paths(database, SCHEMA, "u01", AWKWARD_ITEM).graph
    assert graph.nodes[ITEM][:3] == ("Artist", AWKWARD_ITEM, AWKWARD_TITLE)


def test_a_user_without_edges_has_a_page_with_no_more_than_her_recommendation(
    run: Callable[..., Result], published: Connection, tmp_path: Path
) -> None:
    item, path = best_of(run, LONELY), tmp_path / "why.html"
    assert run("explain", LONELY, item, "--html", str(path)).exit_code == 0
    assert "popular" in path.read_text(encoding="utf-8").casefold()
    with Database(published) as database:
        assert len(explain_with_paths(database, SCHEMA, LONELY, item).graph.nodes) == 2


def test_who_is_not_there_is_said(published: Connection) -> None:
    with Database(published) as database, pytest.raises(UnknownIdError, match="'nobody'"):
        explain_with_paths(database, SCHEMA, "nobody", "a01")
