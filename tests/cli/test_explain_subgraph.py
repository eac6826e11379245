"""``explain --subgraph`` on a real server: the edges that carry a score, the best paths, and who is not named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from world import SCHEMA, music

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live
pytest.importorskip("torch_geometric")

SHORT = {"epochs": 3, "dimensions": 16}
USER, ITEM = "u03", "a07"


@pytest.fixture
def publish(
    empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Callable[..., Result]]:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))

    def published(model: str, **settings: object) -> Callable[..., Result]:
        with Database(empty_database) as database:
            to_neo4j(database, music())
            sync(database, SCHEMA, SyncRequest(model=model, settings=settings))
        environment = {
            "NEO4J_URI": empty_database.uri,
            "NEO4J_USERNAME": empty_database.username,
            "NEO4J_PASSWORD": empty_database.password,
        }
        return lambda *arguments: CliRunner().invoke(cli, ["explain", *arguments, "--subgraph"], env=environment)

    return published


def stored(name: str) -> set[tuple[str, str]]:
    """The ends of the edges of one type in the graph, by their ids."""
    graph = music()
    kind, edges = graph.schema.edges[name], graph.edges[name]
    source, target = graph.nodes[kind.source].ids, graph.nodes[kind.target].ids
    return {
        (str(source.key(int(one))), str(target.key(int(other))))
        for one, other in zip(edges.source, edges.target, strict=True)
    }


def test_the_edges_of_a_network_over_all_types_are_those_of_the_graph(
    publish: Callable[..., Callable[..., Result]],
) -> None:
    explain = publish("hetero", **SHORT)
    answer = explain(USER, ITEM, "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)["subgraph"]
    assert told["note"] == ""
    assert told["edges"]
    assert told["without"] < told["score"]
    assert told["hops"] == 2
    assert told["cap"] is None
    assert 0 < told["sparsity"] < 1
    for edge in told["edges"]:
        ends = edge["from"]["id"], edge["to"]["id"]
        if None not in ends:
            assert tuple(map(str, ends)) in stored(edge["type"])
    friends = {one if other == USER else other for one, other in stored("FRIEND_OF") if USER in (one, other)}
    listeners = [end for edge in told["edges"] for end in (edge["from"], edge["to"]) if end["type"] == "Listener"]
    assert {end["id"] for end in listeners} <= {None, USER, *friends}
    assert all(end["name"].startswith("another Listener (") for end in listeners if end["id"] is None)
    assert [path["relevance"] for path in told["paths"]] == sorted(
        (path["relevance"] for path in told["paths"]), reverse=True
    )
    assert all(path["path"].startswith(f"{USER} ") and path["path"].endswith("Artist 7") for path in told["paths"])


def test_people_read_how_many_edges_carry_the_score_which_and_the_paths(
    publish: Callable[..., Callable[..., Result]],
) -> None:
    answer = publish("gat", **SHORT)(USER, ITEM)
    assert answer.exit_code == 0, answer.output
    lines = answer.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Subgraph: "))
    assert " edges that 1 layer reaches carry the score: " in lines[start] or "no edge raises the score" in lines[start]
    assert "Paths, by what the model has learnt of their steps:" in lines[start:]


def test_a_model_of_triples_has_paths_and_says_why_there_is_no_subgraph(
    publish: Callable[..., Callable[..., Result]],
) -> None:
    answer = publish("transe", **SHORT)(USER, ITEM, "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)["subgraph"]
    assert "does not run over the graph" in told["note"]
    assert told["edges"] == []
    assert told["paths"]


def test_a_walk_has_no_network_to_ask(publish: Callable[..., Callable[..., Result]]) -> None:
    answer = publish("p3")(USER, ITEM)
    assert isinstance(answer.exception, ModelError)
    assert answer.exception.exit_code == 1
    assert "p3 has no trained network" in str(answer.exception)
    assert answer.stdout == ""
