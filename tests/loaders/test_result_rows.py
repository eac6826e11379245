"""What a batch holds, what its digest depends on, and results that are refused. No database."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from published import results_for, snapshot_of

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.results import NO_ITEM, Neighbours, Results, TopK, Vectors
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.result_rows import ResultRows

SNAPSHOT = snapshot_of(["ann", "bob"], ["x", "y", "z"], relationships=1)


def made(items: list[list[int]], scores: list[list[float]]) -> Results:
    top = TopK(np.array(items, dtype=np.int32), np.array(scores, dtype=np.float32))
    texts = [[f"r{item}" for item in row if item != NO_ITEM] for row in items]
    vectors = Vectors(np.eye(2, 2, dtype=np.float32), np.ones((3, 2), dtype=np.float32))
    named = [[([], [])] * len(row) for row in texts]
    return Results(top, top, vectors, np.array([0.5, 0.25, 0.0]), texts, texts, because=named)


GOOD = made([[2, 0], [1, NO_ITEM]], [[0.5, 0.25], [0.125, -np.inf]])


def test_columns_are_business_ids_and_lists_end_where_they_end() -> None:
    columns = ResultRows(SNAPSHOT, GOOD).user_columns(np.array([1, 0]))
    assert columns["users"] == ["bob", "ann"]
    assert columns["items"] == [["y"], ["z", "x"]]
    assert columns["scores"] == [[1 / 8], [1 / 2, 1 / 4]]
    assert columns["reasons"] == [["r1"], ["r2", "r0"]]
    assert columns["vectors"] == [[0, 1], [1, 0]]


def test_relationships_are_the_first_of_the_list_and_no_more() -> None:
    rows = ResultRows(SNAPSHOT, GOOD)
    columns = rows.recommended.columns(np.array([0, 1]))
    assert columns == {
        "sources": ["ann", "bob"],
        "targets": [["z"], ["y"]],
        "scores": [[1 / 2], [1 / 8]],
        "reasons": [["r2"], ["r1"]],
        "counts": [None, None],
        "because": [[None], [None]],
        "because_labels": [[None], [None]],
    }
    assert rows.recommended.size(np.array([0, 1])) == rows.recommended.total == 2
    assert rows.recommendations == 3


NAMED = [[(["x", "c"], ["Item", "Category"]), (["y"], ["Item"])], [([], [])]]


def test_what_reasons_name_goes_with_each_relationship_and_nothing_where_they_name_nothing() -> None:
    columns = ResultRows(SNAPSHOT, replace(GOOD, because=NAMED)).recommended.columns(np.array([0, 1]))
    assert columns["because"] == [[["x", "c"]], [None]]
    assert columns["because_labels"] == [[["Item", "Category"]], [None]]


def graph(items: list[list[int]], counts: list[list[int]]) -> Neighbours:
    """Neighbours of x, y and z whose scores are a half, a quarter … by rank."""
    rows = np.array(items, dtype=np.int32)
    scores = np.where(rows == NO_ITEM, -np.inf, 0.5 ** np.arange(1, rows.shape[1] + 1)).astype(np.float32)
    return Neighbours(TopK(rows, scores), np.array(counts, dtype=np.int64))


NEAR = graph([[2, 1], [0, NO_ITEM], [NO_ITEM, NO_ITEM]], [[3, 1], [1, 0], [0, 0]])


def test_the_item_graph_is_drawn_from_item_to_item_with_counts() -> None:
    rows = ResultRows(SNAPSHOT, replace(GOOD, similar=NEAR))
    assert rows.similar.columns(np.array([2, 0, 1])) == {
        "sources": ["z", "x", "y"],
        "targets": [[], ["z", "y"], ["x"]],
        "scores": [[], [1 / 2, 1 / 4], [1 / 2]],
        "reasons": [None, None, None],
        "counts": [[], [3, 1], [1]],
        "because": [None, None, None],
        "because_labels": [None, None, None],
    }
    assert (rows.similar.total, rows.similar.size(np.array([0]))) == (3, 2)


def test_no_more_neighbours_than_wanted_are_drawn() -> None:
    for wanted, drawn in ((2, 3), (1, 2), (0, 0)):
        snapshot = snapshot_of(["ann", "bob"], ["x", "y", "z"], neighbours=wanted)
        assert ResultRows(snapshot, replace(GOOD, similar=NEAR)).similar.total == drawn


def test_an_item_of_which_nothing_is_drawn_has_the_digest_of_nothing() -> None:
    without = ResultRows(SNAPSHOT, GOOD).item_digests
    drawn = ResultRows(SNAPSHOT, replace(GOOD, similar=NEAR)).item_digests
    assert without[:, 1].tolist() == [0, 0, 0]
    assert drawn[2].tolist() == without[2].tolist()
    assert all(drawn[:2].ravel() != without[:2].ravel())


@pytest.mark.parametrize(
    "other",
    [
        graph([[1, 2], [0, -1], [-1, -1]], [[3, 1], [1, 0], [0, 0]]),
        graph([[2, 1], [0, -1], [-1, -1]], [[3, 2], [1, 0], [0, 0]]),
        graph([[2, -1], [0, -1], [-1, -1]], [[3, 0], [1, 0], [0, 0]]),
        Neighbours(TopK(NEAR.top.items, NEAR.top.scores - np.float32([[0.001], [0], [0]])), NEAR.counts),
    ],
)
def test_any_change_of_neighbours_changes_the_digests_of_that_item_alone(other: Neighbours) -> None:
    before, after = (ResultRows(SNAPSHOT, replace(GOOD, similar=near)).item_digests for near in (NEAR, other))
    assert all(after[0] != before[0])
    assert after[1:].tolist() == before[1:].tolist()


def test_other_names_of_the_item_graph_are_other_digests() -> None:
    renamed = snapshot_of(["ann", "bob"], ["x", "y", "z"], similar="LIKE")
    results = replace(GOOD, similar=NEAR)
    before, after = (ResultRows(snapshot, results).item_digests for snapshot in (SNAPSHOT, renamed))
    assert all(after[:2, 1] != before[:2, 1])


def test_a_vector_without_a_direction_is_left_out() -> None:
    vectors = Vectors(np.array([[0, 0], [1, 0]], np.float32), np.array([[1e-30, 0], [1, 1], [0, 2]], np.float32))
    rows = ResultRows(SNAPSHOT, replace(GOOD, vectors=vectors))
    assert rows.user_columns(np.array([0, 1]))["vectors"] == [None, [1, 0]]
    assert rows.item_columns(np.array([0, 2]))["vectors"] == [None, [0, 2]]
    assert rows.vector_counts == {"user_vector": 1, "item_vector": 2}


def test_the_same_results_give_the_same_digests_whatever_rows_the_ids_have() -> None:
    more = snapshot_of(["abe", "ann", "bob"], ["a", "x", "y", "z"], relationships=1)
    moved = made([[0, NO_ITEM], [3, 1], [2, NO_ITEM]], [[1, -np.inf], [0.5, 0.25], [0.125, -np.inf]])
    moved = replace(
        moved,
        vectors=Vectors(np.array([[1, 1], [1, 0], [0, 1]], np.float32), np.ones((4, 2), np.float32)),
        item_scores=np.array([1.0, 0.5, 0.25, 0.0]),
        reasons=[["new"], *GOOD.reasons],
        why=[["new"], *GOOD.why],
    )
    one, other = ResultRows(SNAPSHOT, GOOD), ResultRows(more, moved)
    assert other.user_digests[1:].tolist() == one.user_digests.tolist()
    assert other.item_digests[1:].tolist() == one.item_digests.tolist()


def changes() -> dict[str, tuple[GraphSnapshot, Results]]:
    top = GOOD.top
    return {
        "an item": (SNAPSHOT, replace(GOOD, top=TopK(np.array([[2, 1], [1, -1]], np.int32), top.scores))),
        "a score": (SNAPSHOT, replace(GOOD, top=TopK(top.items, top.scores - np.float32([[0.001], [0]])))),
        "a reason": (SNAPSHOT, replace(GOOD, reasons=[["r2", "other"], ["r1"]])),
        "what a reason names": (SNAPSHOT, replace(GOOD, because=NAMED)),
        "a contribution": (SNAPSHOT, replace(GOOD, why=[["r2", "other"], ["r1"]])),
        "a walk score": (SNAPSHOT, replace(GOOD, walk=TopK(top.items, top.scores - np.float32([[0.001], [0]])))),
        "her vector": (
            SNAPSHOT,
            replace(GOOD, vectors=Vectors(np.array([[1, 0.001], [0, 1]], np.float32), GOOD.vectors.items)),
        ),
    }


@pytest.mark.parametrize("name", changes())
def test_any_change_changes_the_digest_of_that_user_alone(name: str) -> None:
    before, after = ResultRows(SNAPSHOT, GOOD).user_digests, ResultRows(*changes()[name]).user_digests
    assert (after[0] != before[0]).any()
    assert after[1].tolist() == before[1].tolist()


def test_what_is_drawn_has_a_digest_of_its_own() -> None:
    before = ResultRows(SNAPSHOT, GOOD).user_digests[:, 1].tolist()
    below = replace(GOOD, reasons=[["r2", "other"], ["r1"]])
    above = replace(GOOD, reasons=[["other", "r0"], ["r1"]])
    renamed = snapshot_of(["ann", "bob"], ["x", "y", "z"], relationships=1, recommended="LIKELY")
    assert ResultRows(SNAPSHOT, below).user_digests[:, 1].tolist() == before
    assert ResultRows(SNAPSHOT, above).user_digests[0, 1] != before[0]
    assert all(a != b for a, b in zip(ResultRows(renamed, GOOD).user_digests[:, 1].tolist(), before, strict=True))


NAN = float("nan")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (replace(GOOD, top=GOOD.top.cut(0)), "reasons for"),
        (replace(GOOD, top=TopK(np.array([[2, 2], [1, -1]], np.int32), GOOD.top.scores)), "an item twice"),
        (replace(GOOD, top=TopK(np.array([[3, 0], [1, -1]], np.int32), GOOD.top.scores)), "outside the 3 items"),
        (replace(GOOD, top=TopK(np.array([[-1, 0], [1, -1]], np.int32), GOOD.top.scores)), "a gap"),
        (replace(GOOD, walk=TopK(GOOD.top.items, np.full((2, 2), NAN, np.float32))), "not a finite number"),
        (replace(GOOD, top=TopK(GOOD.top.items[:1], GOOD.top.scores[:1])), "1 users"),
        (replace(GOOD, item_scores=np.array([0.5, NAN, 0.0])), "not a finite number"),
        (replace(GOOD, item_scores=np.array([0.5])), "do not fit"),
        (replace(GOOD, vectors=Vectors(np.full((2, 2), NAN, np.float32), GOOD.vectors.items)), "not a finite number"),
        (replace(GOOD, vectors=Vectors(np.full((2, 2), 1e30, np.float32), GOOD.vectors.items)), "too long"),
        (replace(GOOD, reasons=[["r2"], ["r1"]]), "reasons for"),
        (replace(GOOD, why=[["r2", "r0"]]), "why for"),
        (replace(GOOD, similar=graph([[1], [0]], [[1], [1]])), "similar lists are for 2 items, and the graph has 3"),
        (replace(GOOD, similar=graph([[3], [0], [0]], [[1], [1], [1]])), "outside the 3 items"),
        (replace(GOOD, similar=graph([[1], [1], [0]], [[1], [1], [1]])), "the item itself"),
        (replace(GOOD, similar=graph([[1], [0], [0]], [[1], [-1], [1]])), "a count below zero"),
        (replace(GOOD, similar=graph([[-1, 1], [0, -1], [0, -1]], [[0, 1], [1, 0], [1, 0]])), "a gap"),
    ],
)
def test_results_that_cannot_be_right_are_refused(bad: Results, message: str) -> None:
    with pytest.raises(PublishError, match=message):
        ResultRows(SNAPSHOT, bad)


def test_random_results_pass() -> None:
    snapshot = snapshot_of(range(50), range(9))
    rows = ResultRows(snapshot, results_for(snapshot, seed=1))
    assert len(set(rows.user_digests[:, 0].tolist())) == 50
