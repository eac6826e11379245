import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_split import InOrder, toy_split

from graphrec_neo4j.ranking.evaluation import evaluate
from graphrec_neo4j.ranking.slices import by_history, by_popularity, popularity_quarters


def test_users_by_history() -> None:
    split = toy_split()
    found = by_history(evaluate([InOrder()], split, k=2).judged[0], split, "recall")
    assert found["none"] == (1, 0)
    assert found["1-5"] == (1, 1 / 2)
    assert found["6-20"] == (1, 1)
    assert found["more than 20"][0] == 0
    assert np.isnan(found["more than 20"][1])


def test_items_by_popularity_quarter() -> None:
    split = toy_split()
    found = by_popularity(evaluate([InOrder()], split, k=2).judged[0], split)
    # Item 1 begins after 2 of 7 interactions: the second quarter. Item 7 is nobody's: the last.
    assert found["second quarter"] == (1, 1)
    assert found["least popular quarter"] == (3, 1 / 3)
    assert found["most popular quarter"][0] == 0
    assert np.isnan(found["most popular quarter"][1])


def test_quarters_hold_a_quarter_of_the_interactions_each() -> None:
    popularity = np.array([1.0, 4.0, 1.0, 2.0, 1.0, 2.0, 1.0, 4.0, 0.0])
    assert popularity_quarters(popularity).tolist() == [3, 0, 3, 2, 3, 2, 3, 1, 3]


def test_one_item_with_half_of_all_interactions_leaves_a_quarter_empty() -> None:
    assert popularity_quarters(np.array([4.0, 2.0, 2.0])).tolist() == [0, 2, 3]


def test_items_that_nobody_has_are_in_the_last_quarter() -> None:
    assert popularity_quarters(np.zeros(3)).tolist() == [3, 3, 3]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_a_more_popular_item_is_never_in_a_later_quarter(counts: list[int]) -> None:
    popularity = np.array(counts, dtype=float)
    quarter = popularity_quarters(popularity)
    assert set(quarter.tolist()) <= {0, 1, 2, 3}
    assert (np.diff(quarter[np.lexsort((np.arange(len(counts)), -popularity))]) >= 0).all()
    share = np.bincount(quarter, weights=popularity, minlength=4)[:3].cumsum()
    bound = popularity.sum() / 4 * np.arange(1, 4)
    assert (share < bound + popularity.max(initial=0) + 1e-9).all()


def test_all_test_pairs_are_in_some_quarter() -> None:
    split = toy_split()
    judged = evaluate([InOrder()], split, k=2).judged[0]
    assert sum(pairs for pairs, _ in by_popularity(judged, split).values()) == split.test.nnz
    assert sum(users for users, _ in by_history(judged, split, "ndcg").values()) == len(split.users)
    found = sum(pairs * share for pairs, share in by_popularity(judged, split).values() if pairs)
    assert found == pytest.approx(2)
