import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ranking import topk
from graphrec_neo4j.ranking.topk import blocks, fill_up, top_k_of_blocks, top_k_of_vectors
from graphrec_neo4j.results import NO_ITEM, TopK


def by_sorting(scores: np.ndarray, seen: np.ndarray, k: int) -> list[list[int]]:
    """The lists by plain sorting: an oracle that shares nothing with the kernel."""
    lists = []
    for row, hidden in zip(scores.tolist(), seen.tolist(), strict=True):
        ranked = sorted((-score, item) for item, score in enumerate(row) if not hidden[item] and score > -np.inf)
        items = [item for _, item in ranked[:k]]
        lists.append(items + [NO_ITEM] * (k - len(items)))
    return lists


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 200), st.integers(1, 12))
def test_lists_are_those_of_plain_sorting(seed: int, users: int, items: int, k: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(-3, 4, (users, items)).astype(np.float32)
    scores[random.random((users, items)) < 0.1] = -np.inf
    seen = random.random((users, items)) < 0.2
    asked = random.integers(0, users, users)
    top = top_k_of_blocks(lambda rows: scores[rows], asked, k, items, sparse.csr_matrix(seen))
    assert top.items.tolist() == by_sorting(scores[asked], seen[asked], k)


def test_small_blocks_and_tiles_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    users, items = (random.integers(-2, 3, (n, 3)).astype(np.float32) for n in (50, 37))
    seen = sparse.csr_matrix(random.random((50, 37)) < 0.3)
    asked = random.permutation(50)
    expected = by_sorting((users @ items.T)[asked], seen.toarray()[asked], 6)
    monkeypatch.setattr(topk, "TILE_USERS", 7)
    monkeypatch.setattr(topk, "TILE_ITEMS", 5)
    assert top_k_of_vectors(users, items, asked, 6, seen).items.tolist() == expected


def test_blocks_cover_all_rows_and_stay_within_their_bytes() -> None:
    cut = list(blocks(10, n_items=5, block_bytes=60))
    assert [(part.start, part.stop) for part in cut] == [(0, 3), (3, 6), (6, 9), (9, 10)]


def test_a_row_wider_than_the_block_goes_alone() -> None:
    assert len(list(blocks(4, n_items=1000, block_bytes=10))) == 4


def test_no_users_give_an_empty_table() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert top_k_of_blocks(lambda rows: np.zeros((len(rows), 3)), none, 2, 3).items.shape == (0, 2)


def test_a_k_below_one_is_refused() -> None:
    with pytest.raises(ModelError, match="at least 1"):
        top_k_of_blocks(lambda rows: np.zeros((len(rows), 3)), np.array([0]), 0, 3)


def test_the_scores_of_a_model_are_never_written_to() -> None:
    scores = np.arange(6, dtype=np.float32).reshape(2, 3)
    scores.flags.writeable = False
    top = top_k_of_blocks(lambda rows: scores, np.arange(2), 2, 3, sparse.csr_matrix(np.eye(2, 3)))
    assert top.items.tolist() == [[2, 1], [2, 0]]


def lists_of(items: list[list[int]], scores: list[list[float]]) -> TopK:
    return TopK(np.array(items, dtype=np.int32), np.array(scores, dtype=np.float32))


def test_short_lists_are_filled_with_popular_items_that_are_neither_seen_nor_listed() -> None:
    top = lists_of([[3, NO_ITEM, NO_ITEM], [0, 1, 2]], [[5, -np.inf, -np.inf], [3, 2, 1]])
    seen = sparse.csr_matrix(np.array([[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]))
    filled = fill_up(top, np.array([1.0, 9.0, 3.0, 8.0, 3.0]), seen)
    assert filled.items.tolist() == [[3, 2, 4], [0, 1, 2]]
    assert filled.scores.tolist() == [[5, 0, 0], [3, 2, 1]]


def test_a_filled_place_never_scores_above_the_place_before_it() -> None:
    filled = fill_up(lists_of([[2, NO_ITEM]], [[-4, -np.inf]]), np.array([1.0, 1.0, 1.0]))
    assert filled.items.tolist() == [[2, 0]]
    assert filled.scores.tolist() == [[-4, -4]]


def test_an_empty_list_is_filled_at_zero() -> None:
    filled = fill_up(lists_of([[NO_ITEM, NO_ITEM]], [[-np.inf, -np.inf]]), np.array([1.0, 2.0]))
    assert filled.items.tolist() == [[1, 0]]
    assert filled.scores.tolist() == [[0, 0]]


def test_where_items_run_out_the_places_stay_empty() -> None:
    seen = sparse.csr_matrix(np.array([[1, 1]]))
    assert fill_up(lists_of([[NO_ITEM]], [[-np.inf]]), np.ones(2), seen).items.tolist() == [[NO_ITEM]]


def test_full_lists_come_back_as_they_are() -> None:
    top = lists_of([[1, 0]], [[2, 1]])
    assert fill_up(top, np.ones(2)) is top
