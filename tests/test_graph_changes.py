"""What became of a graph, against dictionaries by business id, and against the digest of the whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.edge_times import MISSING_TIME
from graphrec_neo4j.errors import SnapshotError
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

SCHEMA = GraphSchema.parse(
    """
    recommend_to = "User"
    recommend = "Item"
    [nodes.User]
    key_type = "integer"
    name = "name"
    features = ["age"]
    [nodes.Item]
    text = ["about"]
    [edges.LIKED]
    from = "User"
    to = "Item"
    weight = "stars"
    time = "at"
    properties = ["device"]
    [edges.FOLLOWS]
    from = "User"
    to = "User"
    """
)
Graph = dict[str, dict[Any, tuple[Any, ...]]]

names = st.sampled_from([None, "Ann", "Bob"])
numbers = st.sampled_from([math.nan, 0.0, 1.5])
values = st.sampled_from([None, 1, 1.0, True, "1", [1], [1.0], math.nan])
users = st.dictionaries(st.integers(-2, 3), st.tuples(names, numbers), min_size=1)
items = st.dictionaries(st.sampled_from("abcd"), st.tuples(names), min_size=1)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A small graph over few ids, so that two of them have much in common."""
    graph: Graph = {"User": draw(users), "Item": draw(items)}
    liked = st.tuples(st.sampled_from(sorted(graph["User"])), st.sampled_from(sorted(graph["Item"])))
    told = st.tuples(numbers, st.sampled_from([int(MISSING_TIME), 0, 5]), values)
    tied = st.tuples(st.sampled_from(sorted(graph["User"])), st.sampled_from(sorted(graph["User"])))
    graph["LIKED"] = draw(st.dictionaries(liked, told))
    graph["FOLLOWS"] = draw(st.dictionaries(tied, st.just(())))
    return graph


def column(rows: list[tuple[Any, ...]], place: int, kind: Any) -> np.ndarray:
    made = np.empty(len(rows), dtype=kind)
    for row, each in enumerate(rows):
        made[row] = each[place]
    return made


def snapshot(graph: Graph) -> GraphSnapshot:
    told = {name: [graph[name][key] for key in sorted(graph[name])] for name in graph}
    ids = {
        "User": IdMap("User", graph["User"], "integer"),
        "Item": IdMap("Item", graph["Item"], "string"),
    }
    nodes = {
        "User": Nodes(ids["User"], column(told["User"], 0, object), column(told["User"], 1, float).reshape(-1, 1)),
        "Item": Nodes(ids["Item"], texts={"about": column(told["Item"], 0, object)}),
    }

    def ends(name: str, target: str) -> tuple[np.ndarray, np.ndarray]:
        pairs = [(ids["User"].row(a), ids[target].row(b)) for a, b in sorted(graph[name])]
        table = np.array(pairs, dtype=np.int32).reshape(-1, 2)
        return table[:, 0].copy(), table[:, 1].copy()

    columns = (column(told["LIKED"], place, kind) for place, kind in enumerate((float, np.int64, object)))
    weight, time, device = columns
    liked = Edges(*ends("LIKED", "Item"), weight, time, {"device": device})
    return GraphSnapshot(SCHEMA, nodes, {"LIKED": liked, "FOLLOWS": Edges(*ends("FOLLOWS", "User"))})


def keys(of: GraphSnapshot, name: str, places: np.ndarray) -> set[Any]:
    """Business ids of nodes, or pairs of them of edges."""
    if name in of.nodes:
        return set(of.nodes[name].ids.keys_of(places))
    kind, edges = SCHEMA.edges[name], of.edges[name]
    sources, targets = (
        of.nodes[end].ids.keys_of(rows[places])
        for end, rows in ((kind.source, edges.source), (kind.target, edges.target))
    )
    return set(zip(sources, targets, strict=True))


@given(graphs(), graphs())
def test_changes_are_those_of_dictionaries(before: Graph, after: Graph) -> None:
    was, now = snapshot(before), snapshot(after)
    changes = GraphChanges.between(was, now)
    for name, found in {**changes.nodes, **changes.edges}.items():
        both = before[name].keys() & after[name].keys()
        assert keys(now, name, found.added) == after[name].keys() - before[name].keys()
        assert keys(was, name, found.removed) == before[name].keys() - after[name].keys()
        assert keys(now, name, found.changed) == {
            key for key in both if repr(before[name][key]) != repr(after[name][key])
        }
        assert found.counts() == {
            "added": len(found.added),
            "removed": len(found.removed),
            "changed": len(found.changed),
        }
    assert bool(changes) == (was.digest != now.digest) == any(any(part.values()) for part in changes.counts().values())


@given(graphs())
def test_nothing_became_of_a_graph_that_is_read_again(graph: Graph) -> None:
    changes = GraphChanges.between(snapshot(graph), snapshot(graph))
    assert not changes
    assert changes.counts() == {"nodes": {}, "edges": {}}


def test_a_column_of_which_all_is_missing_is_one_that_is_not_there() -> None:
    graph: Graph = {
        "User": {1: (None, math.nan)},
        "Item": {"a": (None,)},
        "LIKED": {(1, "a"): (math.nan, int(MISSING_TIME), None)},
        "FOLLOWS": {},
    }
    full = snapshot(graph)
    liked = full.edges["LIKED"]
    bare = GraphSnapshot(
        SCHEMA,
        {"User": Nodes(full.users.ids), "Item": Nodes(full.items.ids)},
        {**full.edges, "LIKED": Edges(liked.source, liked.target)},
    )
    assert bare.digest == full.digest
    assert not GraphChanges.between(bare, full)
    assert not GraphChanges.between(full, bare)


def test_other_types_cannot_be_compared() -> None:
    other = GraphSchema.parse('recommend_to = "User"\nrecommend = "Item"\n[nodes.User]\n[nodes.Item]\n')
    nodes = {name: Nodes(IdMap(name, ["x"], "string")) for name in ("User", "Item")}
    graph: Graph = {"User": {1: (None, 0.0)}, "Item": {"a": (None,)}, "LIKED": {}, "FOLLOWS": {}}
    with pytest.raises(SnapshotError, match="same node and edge types"):
        GraphChanges.between(GraphSnapshot(other, nodes, {}), snapshot(graph))
