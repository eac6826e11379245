"""Explanations in a notebook, on a real server: against the driver, py2neo's own reading, and without py2neo."""

from __future__ import annotations

import ast
import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from published import PlainDriver

from graphrec_neo4j import notebook
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import MissingExtraError, PublishError, UnknownIdError
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import default_schema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.from_generator import generate
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live
py2neo = pytest.importorskip("py2neo")
pytest.importorskip("networkx")
pytest.importorskip("pandas")

USER = "ada-ibarra"
WHY = statement("explain/why", default_schema()).text
EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "explain.ipynb"


@pytest.fixture(scope="module")
def database(
    neo4j_connection: Connection, wipe_database: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    snapshot = generate().snapshot
    with pytest.MonkeyPatch.context() as patch, Database(neo4j_connection) as database:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NEO4J_URI", neo4j_connection.uri)
        patch.setenv("NEO4J_USERNAME", neo4j_connection.username)
        patch.setenv("NEO4J_PASSWORD", neo4j_connection.password)
        wipe_database()
        to_neo4j(database, snapshot)
        sync(database, snapshot.schema, SyncRequest(model="p3"))
        yield database


@pytest.fixture(scope="module")
def items(database: Database) -> list[str]:
    return notebook.recommend(database, USER, 3)["item"].tolist()


@pytest.fixture(scope="module")
def why(database: Database, items: list[str]) -> notebook.ExplainedPair:
    return notebook.explain(database, USER, items[0])


def drawn(database: Database, item: str) -> tuple[set[tuple[str, str]], set[tuple[str, str, str]]]:
    """The nodes and relationships of a picture as a plain driver reads them, other people by their ids."""
    with PlainDriver(database.connection) as driver:
        row = driver.rows(
            f"""CALL () {{ {WHY} }} UNWIND nodes(path) AS n UNWIND relationships(path) AS r
                RETURN collect(DISTINCT [labels(n)[0], n.id]) AS nodes,
                       collect(DISTINCT [startNode(r).id, type(r), endNode(r).id]) AS steps""",
            user_id=USER,
            item_id=item,
        )[0]
    return {tuple(node) for node in row["nodes"]}, {tuple(step) for step in row["steps"]}


def test_reasons_and_the_rest_add_up_to_the_score(why: notebook.ExplainedPair) -> None:
    frame, described = why.to_data_frame(), why.why.explained.described
    assert list(frame.columns) == ["share", "score", "kind", "type", "id", "name", "path", "text"]
    assert frame["score"].sum() == pytest.approx(described.score, rel=1e-12)
    assert frame["share"].sum() == pytest.approx(1, abs=1e-3)
    assert frame["kind"].iloc[-1] == "other"
    assert frame["text"].iloc[0] in repr(why)


def test_the_networkx_graph_is_what_the_driver_reads(
    why: notebook.ExplainedPair, database: Database, items: list[str]
) -> None:
    nodes, steps = drawn(database, items[0])
    graph = why.to_networkx()
    known = {identity for identity, told in graph.nodes(data=True) if told["named"]}
    friends = {("User", friend) for friend in followed_by(database, USER)}
    assert known == {node for node in nodes if node[0] != "User" or node in friends} | {("User", USER)}
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (len(nodes), len(steps))
    assert Counter(key for *_, key in graph.edges(keys=True)) == Counter(kind for _, kind, _ in steps)
    assert {(a[1], kind, b[1]) for a, b, kind in graph.edges(keys=True) if {a, b} <= known} <= steps
    assert (graph.graph["user"], graph.graph["item"]) == (USER, items[0])
    shares = why.to_data_frame().set_index("id")["share"]
    assert {node[1]: told["share"] for node, told in graph.nodes(data=True) if "share" in told}.items() <= dict(
        shares
    ).items()


def test_the_subgraph_is_what_py2neo_itself_reads(why: notebook.ExplainedPair, database: Database) -> None:
    connection, explained = database.connection, why.why.explained
    stranger = py2neo.Graph(connection.uri, name="neo4j", auth=(connection.username, connection.password))
    own = stranger.query(WHY, {"user_id": explained.user, "item_id": explained.item}).to_subgraph()
    made = why.to_subgraph()
    assert isinstance(made, py2neo.Subgraph)
    assert (len(made.nodes), len(made.relationships)) == (len(own.nodes), len(own.relationships))
    assert Counter(map(labelled, made.nodes)) == Counter(map(labelled, own.nodes))
    assert made.types() == own.types()
    assert {node["id"] for node in made.nodes} - {None} <= {node["id"] for node in own.nodes}
    assert all(node.graph is None and node.identity is None for node in made.nodes)


def labelled(node: Any) -> frozenset[str]:
    return frozenset(node.labels)


def test_set_operations_hold_between_explanations(database: Database, items: list[str]) -> None:
    (one_nodes, one_steps), (other_nodes, other_steps) = (drawn(database, item) for item in items[:2])
    one, other = (notebook.explain(database, USER, item).to_subgraph() for item in items[:2])
    assert one_nodes & other_nodes
    for made, nodes, steps in (
        (one | other, one_nodes | other_nodes, one_steps | other_steps),
        (one & other, one_nodes & other_nodes, one_steps & other_steps),
    ):
        assert (len(made.nodes), len(made.relationships)) == (len(nodes), len(steps))
    assert len((one - other).relationships) == len(one_steps - other_steps)
    assert len((one ^ other).to_data_frame()) == len(one_steps ^ other_steps)
    assert one == notebook.explain(database, USER, items[0]).to_subgraph() != other
    frame = (one & other).to_data_frame()
    named = frame[~frame["source"].str.startswith("unnamed-") & ~frame["target"].str.startswith("unnamed-")]
    assert (
        set(named[["source", "relationship", "target"]].itertuples(index=False, name=None)) <= one_steps & other_steps
    )


def followed_by(database: Database, user: str) -> list[str]:
    with PlainDriver(database.connection) as driver:
        return [row["id"] for row in driver.rows("MATCH (:User {id: $id})-[:FOLLOWS]->(v) RETURN v.id AS id", id=user)]


def test_nobody_is_told_but_those_she_follows(why: notebook.ExplainedPair, database: Database) -> None:
    with PlainDriver(database.connection) as driver:
        people = driver.rows("MATCH (u:User) WHERE u.id <> $me RETURN u.id AS id, u.name AS name", me=USER)
    subgraph = why.to_subgraph()
    told = repr(subgraph) + subgraph.to_data_frame().to_string() + repr(list(why.to_networkx().nodes(data=True)))
    people = [person for person in people if person["id"] not in followed_by(database, USER)]
    assert people
    assert not [person for person in people if repr(person["id"]) in told or person["name"] in told]


class Frame(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: dict[str, str | None] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert (tag, self.attributes) == ("iframe", {})
        self.attributes = dict(attrs)


def test_the_picture_is_the_page_in_a_frame_that_cannot_reach_the_notebook(why: notebook.ExplainedPair) -> None:
    found = Frame(why._repr_html_()).attributes
    assert (found["srcdoc"] or "").startswith("<!doctype html>")
    assert (found["srcdoc"] or "").endswith("</html>\n")
    assert (found["sandbox"] or "").split() == ["allow-scripts", "allow-popups"]


def test_the_end_of_life_of_py2neo_is_told_once(why: notebook.ExplainedPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "graphrec_neo4j.subgraph", raising=False)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        why.to_subgraph()
        why.to_subgraph()
    assert [each.category for each in told if "end of its life" in str(each.message)] == [FutureWarning]


@pytest.mark.parametrize("missing", ["py2neo", "networkx", "pandas"])
def test_what_is_not_installed_is_missed_only_where_it_is_needed(
    why: notebook.ExplainedPair, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delitem(sys.modules, "graphrec_neo4j.subgraph", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    calls = {"py2neo": why.to_subgraph, "networkx": why.to_networkx, "pandas": why.to_data_frame}
    with pytest.raises(MissingExtraError, match=r"\[notebook\]"):
        calls.pop(missing)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        assert all(call() is not None for call in calls.values())
    assert why._repr_html_()


def test_who_is_not_there_is_said(database: Database, items: list[str]) -> None:
    with pytest.raises(UnknownIdError, match="'nobody'"):
        notebook.explain(database, "nobody", items[0])


def run_cells(path: Path) -> list[Any]:
    """Run the code cells of a notebook one after the other; returns what each shows, the value of its last line."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            *body, last = ast.parse("".join(cell["source"]), cell["id"]).body
            is_shown = isinstance(last, ast.Expr)
            exec(compile(ast.Module(body if is_shown else [*body, last], []), cell["id"], "exec"), scope)
            shown.append(eval(compile(ast.Expression(last.value), cell["id"], "eval"), scope) if is_shown else None)
    return shown


def test_the_example_notebook_runs_and_shows_what_it_says(database: Database, items: list[str]) -> None:
    _, listed, page, reasons, score, busiest, both, only, _ = run_cells(EXAMPLE)
    assert listed["item"].tolist()[:3] == items
    assert "<iframe" in page._repr_html_()
    assert reasons["score"].sum() == pytest.approx(score)
    assert len(busiest) == 5
    assert len(both) > 0
    assert len(only) > 0


def test_the_example_notebook_is_kept_without_what_a_run_leaves_in_it() -> None:
    kept = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    code = [cell for cell in kept["cells"] if cell["cell_type"] == "code"]
    assert (kept["nbformat"], len({cell["id"] for cell in kept["cells"]})) == (4, len(kept["cells"]))
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_where_nothing_is_published_that_is_said(empty_database: Connection) -> None:
    """Empties the database, so it comes last."""
    with Database(empty_database) as database, pytest.raises(PublishError, match="sync first"):
        notebook.explain(database, USER, "x")
