"""Explained pairs made by hand, for the tests of the picture and of its page."""

from __future__ import annotations

from graphrec_neo4j.asking import Explained
from graphrec_neo4j.explain.stored import COUNT, NAME, TITLE, Described, Node, Reason, Words
from graphrec_neo4j.picture.paths import Path, PathGraph, PathNode, Step
from graphrec_neo4j.picture.why import Why

TASTE = Words(f"you → {NAME} → {COUNT} people → {TITLE}", f"because you like {NAME}, as do {COUNT} people with {TITLE}")
POPULAR = Words(f"{COUNT} people → {TITLE}", f"popular: {COUNT} people like it")


def why(
    user: str = "Ann",
    item: str = "Tea",
    liked: str = "Milk",
    *,
    exact: bool = True,
    browser: str | None = "http://localhost:7474/browser/?arg=1&x=2",
) -> Why:
    """Ann likes Milk and Salt; two others like Milk and Tea, her friend likes Tea; Milk is half of the score of 4."""
    nodes = (
        PathNode("Person", "ann", user),
        PathNode("Food", 1, item),
        PathNode("Food", 2, liked),
        PathNode("Person", "unnamed-1", "another Person (1)", named=False),
        PathNode("Person", "unnamed-2", "another Person (2)", named=False),
        PathNode("Person", "unnamed-3", "another Person (3)", named=False),
    )
    likes = [(0, 2), (3, 2), (3, 1), (4, 2), (4, 1), (5, 1)]
    steps = (*(Step(*ends, "LIKES") for ends in likes), Step(0, 5, "KNOWS"), Step(0, 1, "RECOMMENDED"))
    paths = (
        Path((0, 2, 3, 1), (0, 1, 2)),
        Path((0, 2, 4, 1), (0, 3, 4)),
        Path((0, 5, 1), (6, 5)),
        Path((0, 1), (7,)),
    )
    reasons = (
        Reason(2.0, "taste", 2, Node("Food", 2, liked), TASTE),
        Reason(1.5, "taste", 7, Node("Food", 3, "Salt"), TASTE),
        Reason(-0.5, "popularity", 9, None, POPULAR),
    )
    described = Described(4.0, exact, 1.0, reasons)
    explained = Explained("ann", 1, item, described, browser, False, None)
    return Why(explained, PathGraph(nodes, steps, paths))
