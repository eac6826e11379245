"""Expectations by hand, as fractions; a brute-force oracle in plain Python beside them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec_neo4j.ranking import metrics
from graphrec_neo4j.ranking.metrics import coverage, diversity, hits_of, novelty, popularity_lift
from graphrec_neo4j.results import NO_ITEM

HITS = np.array([[True, False, True, False], [False, False, False, True], [False, False, False, False]])
SIZES = np.array([3, 1, 2])


def test_recall_divides_by_the_whole_truth() -> None:
    assert metrics.recall(HITS, SIZES).tolist() == [2 / 3, 1, 0]


def test_recall_of_more_truth_than_places_stays_below_one() -> None:
    assert metrics.recall(np.array([[True, True]]), np.array([8])).tolist() == [2 / 8]


def test_precision_divides_by_k() -> None:
    assert metrics.precision(HITS, SIZES).tolist() == [2 / 4, 1 / 4, 0]


def test_hit_rate_is_one_for_any_hit() -> None:
    assert metrics.hit_rate(HITS, SIZES).tolist() == [1, 1, 0]


def test_mrr_is_one_over_the_place_of_the_first_hit() -> None:
    assert metrics.mrr(HITS, SIZES).tolist() == [1, 1 / 4, 0]


def test_map_averages_the_precision_at_each_hit() -> None:
    expected = [(1 / 1 + 2 / 3) / 3, 1 / 4, 0]
    assert metrics.mean_average_precision(HITS, SIZES) == pytest.approx(expected)


def test_ndcg_compares_with_as_many_hits_at_the_top_as_fit() -> None:
    gain = [1 / math.log2(place + 1) for place in (1, 2, 3, 4)]
    expected = [(gain[0] + gain[2]) / (gain[0] + gain[1] + gain[2]), gain[3] / gain[0], 0]
    assert metrics.ndcg(HITS, SIZES) == pytest.approx(expected)


def test_ndcg_of_a_full_list_is_one_however_large_the_truth() -> None:
    assert metrics.ndcg(np.array([[True, True]]), np.array([9])).tolist() == [1]


@pytest.mark.parametrize("name", list(metrics.ACCURACY))
def test_an_empty_truth_is_nan(name: str) -> None:
    assert np.isnan(metrics.ACCURACY[name](np.zeros((1, 3), dtype=bool), np.array([0]))).all()


def by_hand(listed: list[int], truth: set[int], k: int) -> dict[str, float]:
    hits = [item in truth for item in listed]
    first = hits.index(True) + 1 if any(hits) else math.inf
    at_hits = [sum(hits[:place]) / place for place in range(1, k + 1) if hits[place - 1]]
    best = min(k, len(truth))
    ideal = sum(1 / math.log2(place + 1) for place in range(1, best + 1))
    gained = sum(1 / math.log2(place + 1) for place in range(1, k + 1) if hits[place - 1])
    return {
        "recall": len(truth & set(listed)) / len(truth),
        "precision": sum(hits) / k,
        "hit_rate": float(any(hits)),
        "mrr": 1 / first,
        "map": sum(at_hits) / best,
        "ndcg": gained / ideal,
    }


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_metrics_are_those_of_plain_python(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    items = np.stack([random.permutation(15)[:k] for _ in range(6)]).astype(np.int32)
    truth = random.random((6, 15)) < 0.3
    truth[:, 4] = True
    hits = hits_of(items, sparse.csr_matrix(truth))
    for name, metric in metrics.ACCURACY.items():
        rows = zip(items.tolist(), truth, strict=True)
        wanted = [by_hand(listed, set(np.flatnonzero(asked).tolist()), k)[name] for listed, asked in rows]
        assert metric(hits, truth.sum(axis=1)) == pytest.approx(wanted)


def test_an_empty_place_is_no_hit_not_even_of_the_row_before() -> None:
    truth = sparse.csr_matrix(np.array([[False, True], [True, False]]))
    assert hits_of(np.array([[1, NO_ITEM], [NO_ITEM, 0]]), truth).tolist() == [[True, False], [False, True]]


def test_coverage_is_the_share_of_items_ever_listed() -> None:
    assert coverage(np.array([[0, 1], [1, NO_ITEM]]), 5) == 2 / 5


def test_coverage_of_an_empty_catalogue_is_nan() -> None:
    assert math.isnan(coverage(np.zeros((0, 2), dtype=np.int32), 0))


def test_novelty_is_self_information_in_bits() -> None:
    popularity = np.array([8.0, 2.0, 0.0])
    assert novelty(np.array([[0, 1, 2, NO_ITEM]]), popularity, 8) == pytest.approx((0 + 2 + 3) / 3)


def test_novelty_of_empty_lists_is_nan() -> None:
    assert math.isnan(novelty(np.array([[NO_ITEM]]), np.ones(2), 2))


def test_diversity_is_one_minus_the_mean_cosine_of_the_items_users() -> None:
    interactions = sparse.csr_matrix(np.array([[5, 1, 0], [1, 0, 0], [0, 0, 1]]))
    cosine = 1 / math.sqrt(2 * 1)
    assert diversity(np.array([[0, 1, 2]]), interactions) == pytest.approx(1 - cosine / 3)
    assert diversity(np.array([[0, 1, NO_ITEM]]), interactions) == pytest.approx(1 - cosine)


def test_items_without_users_are_like_no_other() -> None:
    interactions = sparse.csr_matrix(np.array([[1, 0, 0]]))
    assert diversity(np.array([[0, 1, 2]]), interactions) == pytest.approx(1)


def test_diversity_of_lists_of_one_is_nan() -> None:
    assert math.isnan(diversity(np.array([[0, NO_ITEM]]), sparse.identity(2, format="csr")))


def test_popularity_lift_compares_lists_with_the_users_own_histories() -> None:
    histories = sparse.csr_matrix(np.array([[1, 1, 0, 0], [0, 5, 0, 0], [0, 0, 0, 0]]))
    popularity = np.array([8.0, 4.0, 2.0, 0.0])
    lists = np.array([[2, 3], [0, NO_ITEM], [0, 0]])
    # Lists: (2 + 0) / 2 and 8; histories: (8 + 4) / 2 and 4. The third user has no history to compare with.
    assert popularity_lift(lists, histories, popularity) == pytest.approx(((1 + 8) / 2) / ((6 + 4) / 2))


def test_popularity_lift_of_lists_like_the_histories_is_one() -> None:
    assert popularity_lift(np.array([[0, 1]]), sparse.csr_matrix([[1, 1]]), np.array([3.0, 5.0])) == 1


def test_popularity_lift_without_any_history_is_nan() -> None:
    assert math.isnan(popularity_lift(np.array([[0]]), sparse.csr_matrix((1, 2)), np.ones(2)))
