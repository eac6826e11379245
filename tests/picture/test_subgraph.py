"""The subgraph in names: edges as they are stored, and nobody named whom the user is not tied to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_graphs import snapshot_of

from graphrec_neo4j.models.deep_reasons import CarryingEdge, DeepReasons, MinimalSubgraph
from graphrec_neo4j.models.learnt_paths import LearntPath, Step
from graphrec_neo4j.picture.subgraph import named
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes

LIKED = [(0, 0), (1, 0), (1, 2), (2, 0), (2, 2)]


def graph() -> GraphSnapshot:
    """User 0 follows user 1, but not user 2."""
    made = snapshot_of(3, 3, LIKED, friends=[(0, 1)])
    users = Nodes(made.users.ids, np.array(["Ann", "Bob", "Cy"], dtype=object))
    items = Nodes(made.items.ids, np.array(["Tea", None, "Cake"], dtype=object))
    return GraphSnapshot(made.schema, {**made.nodes, "User": users, "Item": items}, made.edges)


def reasons(*edges: CarryingEdge, paths: tuple[LearntPath, ...] = ()) -> DeepReasons:
    found = MinimalSubgraph(edges, score=0.5, only=0.45, without=0.2, bare=0.1, reached=8, hops=2, cap=None)
    return DeepReasons(found, "", paths)


def test_an_interaction_is_named_by_its_type_and_runs_as_it_is_stored() -> None:
    edge = CarryingEdge("*", ("items", 2), ("users", 1), 0.75)
    told = named(reasons(edge), graph(), 0, 2).to_json()["edges"]
    assert told == [
        {
            "type": "INTERACTED",
            "from": {"type": "User", "id": 1, "name": "Bob"},
            "to": {"type": "Item", "id": 2, "name": "Cake"},
            "importance": 0.75,
        }
    ]


def test_a_stranger_is_not_named_and_is_the_same_everywhere() -> None:
    edges = [CarryingEdge("*", ("users", 2), ("items", item), 0.5) for item in (0, 2)]
    path = LearntPath(
        (("User", 0), ("Item", 0), ("User", 2), ("Item", 2)),
        (Step("INTERACTED", True), Step("INTERACTED", False), Step("INTERACTED", True)),
        0.5,
    )
    told = named(reasons(*edges, paths=(path,)), graph(), 0, 2)
    strangers = [edge["from"] for edge in told.to_json()["edges"]]
    assert strangers == [{"type": "User", "id": None, "name": "another User (1)"}] * 2
    words = "Ann -[INTERACTED]-> Tea <-[INTERACTED]- another User (1) -[INTERACTED]-> Cake"
    assert told.to_json()["paths"] == [{"relevance": 0.5, "path": words}]
    assert "Cy" not in str(told.to_json()) + "".join(told.lines())


@pytest.mark.parametrize(("people", "seen"), [("nobody", ""), ("tied", "Bob"), ("everybody", "Bob Cy")])
def test_who_is_named_is_what_the_schema_allows(people: str, seen: str) -> None:
    made = graph()
    reasons_of = made.schema.reasons.model_copy(update={"people": people})
    allowing = replace(made, schema=made.schema.model_copy(update={"reasons": reasons_of}))
    edges = [CarryingEdge("*", ("users", user), ("items", 2), 0.5) for user in (1, 2)]
    told = str(named(reasons(*edges), allowing, 0, 2).to_json())
    assert [name for name in ("Bob", "Cy") if name in told] == seen.split()


def test_a_tie_runs_from_who_follows_to_who_is_followed() -> None:
    told = named(reasons(CarryingEdge("ties", ("users", 1), ("users", 0), 0.5)), graph(), 0, 2)
    assert told.edges[0][0].words() == "Ann -[FOLLOWS]-> Bob"


def test_lines_say_what_the_edges_bring() -> None:
    lines = named(reasons(CarryingEdge("*", ("users", 0), ("items", 0), 0.5)), graph(), 0, 2).lines()
    assert lines == [
        "Subgraph: 1 of the 8 edges that 2 layers reach carry the score: 0.45 alone, 0.5 with all, 0.2 without these, "
        "0.1 with none.",
        "  0.50  Ann -[INTERACTED]-> Tea",
    ]


def test_where_there_is_no_subgraph_its_reason_is_told() -> None:
    told = named(DeepReasons(None, "there are no layers.", ()), graph(), 0, 2)
    assert told.lines() == ["Subgraph: there are no layers."]
    assert told.to_json() == {**told.to_json(), "note": "there are no layers.", "edges": [], "paths": []}


def test_where_no_edge_raises_the_score_that_is_told() -> None:
    assert named(reasons(), graph(), 0, 2).lines() == [
        "Subgraph: no edge raises the score: 0.5 with all, 0.1 with none."
    ]
