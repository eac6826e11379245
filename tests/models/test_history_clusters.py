from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from graphrec_neo4j.models.history_clusters import clustered, medoids


def unit_vectors(seed: int, count: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).random((count, 4))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def wards_clusters(vectors: np.ndarray, distance: float) -> list[list[int]]:
    """Merge the pair of clusters whose union adds least to the squared errors, while that is near enough."""
    found = [[place] for place in range(len(vectors))]

    def apart(one: list[int], other: list[int]) -> float:
        gap = np.linalg.norm(vectors[one].mean(axis=0) - vectors[other].mean(axis=0))
        return float(np.sqrt(2 * len(one) * len(other) / (len(one) + len(other))) * gap)

    while len(found) > 1:
        one, other = min(combinations(found, 2), key=lambda pair: apart(*pair))
        if apart(one, other) > distance:
            break
        found = [cluster for cluster in found if cluster not in (one, other)] + [one + other]
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("distance", [0.0, 0.4, 1.0, 9.0])
def test_medoids_are_those_of_clusters_merged_by_squared_errors(seed: int, distance: float) -> None:
    vectors, weights = unit_vectors(seed, 12), np.random.default_rng(seed + 100).random(12)
    expected = []
    for cluster in sorted(wards_clusters(vectors, distance), key=lambda cluster: -weights[cluster].sum()):
        errors = [((vectors[cluster] - vectors[place]) ** 2).sum() for place in cluster]
        expected.append(cluster[int(np.argmin(errors))])
    assert medoids(vectors @ vectors.T, weights, distance, None).tolist() == expected
    assert medoids(vectors @ vectors.T, weights, distance, 2).tolist() == expected[:2]


def test_a_small_taste_is_kept_beside_a_large_one() -> None:
    """Items 0 to 3 are tied to item 6 alone, 4 and 5 to item 7 alone: two tastes, the first twice the second."""
    ties = sparse.csr_matrix((np.ones(6), (np.arange(6), [6, 6, 6, 6, 7, 7])), shape=(8, 8))
    history = sparse.csr_matrix(np.array([[1, 1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 3, 0, 0], [0] * 8], dtype=float))
    assert clustered(history, ties, 1.0, None).toarray().nonzero()[1].tolist() == [0, 4, 5]
    assert clustered(history, ties, 1.0, 1).toarray().nonzero()[1].tolist() == [0, 5]


def test_items_without_ties_are_a_taste_each_and_no_history_has_none() -> None:
    history = sparse.csr_matrix(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    made = clustered(history, sparse.csr_matrix((3, 3)), 1.0, None)
    assert made.toarray().tolist() == [[1, 1, 0], [0, 0, 0]]
