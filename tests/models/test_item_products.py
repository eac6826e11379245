from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec_neo4j.models import item_products
from graphrec_neo4j.models.item_products import best_products
from graphrec_neo4j.models.likeness import Likeness, cosine, jaccard, power
from graphrec_neo4j.progress import silent

KINDS = ["product", "cosine", "jaccard", "power"]


def small(random: np.random.Generator, rows: int, columns: int) -> sparse.csr_matrix:
    """Few distinct whole numbers, some of them below zero and some of them stored zeros, so that ties abound."""
    matrix = sparse.random(rows, columns, density=0.4, format="csr", random_state=random)
    matrix.data = random.integers(-1, 4, matrix.nnz).astype(np.float64)
    return matrix


def likeness_of(kind: str, rows: np.ndarray, columns: np.ndarray) -> Likeness | None:
    known = {"cosine": cosine(rows, columns, 0.5), "jaccard": jaccard(rows, columns, 0.5), "power": power(2.0)}
    return known.get(kind)


def by_sorting(ties: np.ndarray, k: int, to_oneself: bool) -> np.ndarray:
    """The same by a plain sort of every row of a dense table, which is an oracle that shares nothing."""
    kept = np.zeros_like(ties)
    for row, values in enumerate(ties.tolist()):
        ranked = sorted((-value, column) for column, value in enumerate(values) if column != row or to_oneself)
        for value, column in ranked[:k]:
            kept[row, column] = max(-value, 0.0)
    return kept


@settings(deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 14),
    st.sampled_from(KINDS),
    st.booleans(),
)
def test_what_is_kept_is_what_sorting_every_row_of_the_dense_product_keeps(
    seed: int, n_rows: int, n_columns: int, k: int, kind: str, to_oneself: bool
) -> None:
    random = np.random.default_rng(seed)
    left, right = small(random, n_rows, 6), small(random, 6, n_columns)
    of_rows, of_columns = (random.integers(1, 4, count).astype(np.float64) for count in (n_rows, n_columns))
    products = left.toarray() @ right.toarray()
    ties = {
        "product": products,
        "cosine": products / (np.outer(of_rows, of_columns) + 0.5),
        "jaccard": products / np.maximum(of_rows[:, None] + of_columns - products + 0.5, 1e-12),
        "power": products**2,
    }[kind].astype(np.float32)
    made = best_products(left, right, k, silent, likeness_of(kind, of_rows, of_columns), to_oneself=to_oneself)
    assert made.dtype == np.float32
    assert made.has_sorted_indices
    np.testing.assert_array_equal(made.toarray(), by_sorting(ties, k, to_oneself))


@pytest.mark.parametrize("k", [1, 5, 100])
def test_pieces_and_strides_change_nothing(monkeypatch: pytest.MonkeyPatch, k: int) -> None:
    random = np.random.default_rng(1)
    left, right = small(random, 50, 20), small(random, 20, 30)
    whole = best_products(left, right, k, silent)
    monkeypatch.setattr(item_products, "STRIDE", 7)
    monkeypatch.setattr(item_products, "PIECE", 3)
    told: list[tuple[str, int, int]] = []
    cut = best_products(left, right, k, lambda *said: told.append(said))
    np.testing.assert_array_equal(cut.toarray(), whole.toarray())
    assert told[-1] == ("comparing", 50, 50)


def test_sums_are_kept_to_the_last_of_64_bits_before_they_are_rounded_once() -> None:
    tenths = sparse.csr_matrix(np.full((1, 10), 0.1))
    (kept,) = best_products(tenths, sparse.csr_matrix(np.ones((10, 1))), 1, silent, to_oneself=True).data
    assert kept == np.float32(1.0)


@pytest.mark.parametrize("shapes", [((0, 3), (3, 4)), ((2, 0), (0, 4)), ((2, 3), (3, 0)), ((2, 3), (3, 4))])
def test_where_nothing_is_shared_nothing_is_kept(shapes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    left, right = (sparse.csr_matrix(shape) for shape in shapes)
    made = best_products(left, right, 3, silent)
    assert made.shape == (shapes[0][0], shapes[1][1])
    assert made.nnz == 0
