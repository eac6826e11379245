"""Sentences of typed nodes: meta-paths closed to loops, by hand; where walks go, by plain dense algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from random_graphs import CATEGORY, ENDS, FRIEND, LONG, SCHEMA, SIZES, TASTE, WANTED, Dense, snapshot_of, strengths

from graphrec_neo4j.errors import MetaPathError, ModelError
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.corpus import Corpus
from graphrec_neo4j.walks.loops import Loops, closed
from graphrec_neo4j.walks.random_walk import NO_NODE

OFFSETS = {"User": 0, "Item": 6, "Category": 13}


def spelt(text: str, schema: GraphSchema = SCHEMA) -> str:
    """The loop of a meta-path, written as one."""
    steps = closed(schema.meta_path(text), schema)
    hops = [f"-{step.edge}->{step.target}" if step.forward else f"<-{step.edge}-{step.target}" for step in steps]
    return steps[0].source + "".join(hops)


@pytest.mark.parametrize(
    ("path", "loop"),
    [
        (TASTE, "User-LIKES->Item<-LIKES-User"),
        (CATEGORY, "User-LIKES->Item-IN->Category<-IN-Item<-LIKES-User"),
        (WANTED, "User-WANTS->Category<-IN-Item<-*-User"),
        (FRIEND, "User-FOLLOWS->User-LIKES->Item<-LIKES-User"),
        (LONG, LONG + "<-LIKES-User"),
        ("User-FOLLOWS->User", "User-FOLLOWS->User"),
        ("User-FOLLOWS->User-FOLLOWS->User", "User-FOLLOWS->User"),
        ("Item-IN->Category<-IN-Item", "Item-IN->Category<-IN-Item"),
        ("Item-IN->Category", "Item-IN->Category<-IN-Item"),
        ("User-LIKES->Item-IN->Category", "User-LIKES->Item-IN->Category<-IN-Item<-LIKES-User"),
    ],
)
def test_a_meta_path_is_closed_to_its_shortest_loop(path: str, loop: str) -> None:
    assert spelt(path) == loop


def test_without_interactions_the_way_back_is_the_way_there() -> None:
    edges = {"WANTS": {"from": "User", "to": "Category"}, "IN": {"from": "Item", "to": "Category"}}
    schema = GraphSchema.model_validate({**SCHEMA.model_dump(by_alias=True), "edges": edges})
    assert spelt(WANTED, schema) == WANTED + "-IN->Category<-WANTS-User"


@settings(max_examples=25, deadline=None)
@given(strengths())
def test_a_walk_over_places_is_a_walk_along_its_loop(dense: Dense) -> None:
    """From the places of a loop's first step, a round of steps leads where the product of their matrices says."""
    loops = [closed(SCHEMA.meta_path(text), SCHEMA) for text in (FRIEND, CATEGORY)]
    places = Loops.of(snapshot_of(dense), loops)
    weights, first = places.weights.toarray(), 0
    for steps in loops:
        expected, found = np.eye(6), np.zeros((6, len(weights)))
        found[np.arange(6), first + np.arange(6)] = 1
        for step in steps:
            expected = expected @ (dense[step.edge] if step.forward else dense[step.edge].T)
            found = found @ weights
        np.testing.assert_allclose(found[:, first : first + 6], expected)
        assert found.sum() == pytest.approx(expected.sum())
        first += sum(SIZES[step.source] for step in steps)
    assert first == len(weights)


def everything() -> GraphSnapshot:
    random = np.random.default_rng(0)
    return snapshot_of({name: (random.random([SIZES[end] for end in ends]) < 0.6) * 1.0 for name, ends in ENDS.items()})


def types_of(nodes: np.ndarray) -> list[str]:
    return [max((first, name) for name, first in OFFSETS.items() if first <= node)[1] for node in nodes.tolist()]


def test_sentences_of_a_meta_path_keep_to_its_types() -> None:
    corpus = Corpus.of_meta_paths(everything(), [CATEGORY], 9)
    assert (dict(corpus.offsets), corpus.size) == (OFFSETS, 16)
    begun = set()
    for walk in corpus.sentences(0, 0):
        said = "".join(name[0] for name in types_of(walk[walk != NO_NODE]))
        assert said in "UICI" * 4
        begun.add(said[0])
    assert begun == {"U", "I", "C"}


def test_sentences_go_along_edges_of_the_graph() -> None:
    graph = everything()
    corpus = Corpus.of_graph(graph, (), 12)
    joined = np.zeros((16, 16), dtype=bool)
    for name, ends in ENDS.items():
        for source, target in zip(graph.edges[name].source, graph.edges[name].target, strict=True):
            joined[OFFSETS[ends[0]] + source, OFFSETS[ends[1]] + target] = True
    joined |= joined.T
    walks = corpus.sentences(0, 0)
    assert (walks >= 0).all()
    assert joined[walks[:, :-1], walks[:, 1:]].all()


def test_one_walk_starts_at_each_node_that_has_an_edge() -> None:
    corpus = Corpus.of_graph(everything(), ("LIKES", "FOLLOWS"), 3)
    assert corpus.size == 13
    assert sorted(corpus.sentences(0, 0)[:, 0].tolist()) == list(range(13))
    assert corpus.words == 39


def test_rounds_differ_and_are_the_same_again() -> None:
    corpus = Corpus.of_graph(everything(), (), 20)
    np.testing.assert_array_equal(corpus.sentences(3, 1), corpus.sentences(3, 1, threads=2))
    assert (corpus.sentences(3, 1) != corpus.sentences(3, 2)).any()
    assert (corpus.sentences(3, 1) != corpus.sentences(4, 1)).any()


def test_kinds_number_the_types() -> None:
    assert Corpus.of_graph(everything(), (), 5).kinds.tolist() == [0] * 6 + [1] * 7 + [2] * 3


def test_a_schema_without_any_meta_path_is_refused() -> None:
    graph = everything()
    schema = GraphSchema.model_validate({**SCHEMA.model_dump(by_alias=True), "edges": {}})
    with pytest.raises(ModelError, match="no meta-path"):
        Corpus.of_meta_paths(GraphSnapshot(schema, graph.nodes, {}), (), 5)


def test_a_meta_path_that_does_not_fit_is_refused() -> None:
    with pytest.raises(MetaPathError):
        Corpus.of_meta_paths(everything(), ["User-LIKES->Category"], 5)
