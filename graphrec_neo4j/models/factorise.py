"""The largest singular vectors of a sparse matrix, the same for the same seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.threads import in_threads

Floats = npt.NDArray[np.float32]

OVERSAMPLING = 16
PIECE = 4096
SMALLEST = 1e-5
"""A singular value below that part of the largest is taken for rounding."""


def svd_bytes(n_users: int, n_items: int, pairs: int, rank: int) -> float:
    """About how much memory :func:`truncated_svd` takes at most, with the vectors that models make of its waves."""
    width = min(rank + OVERSAMPLING, n_users, n_items)
    return 4.0 * width * (n_users + 5.0 * n_items) + 30.0 * pairs


def truncated_svd(
    matrix: sparse.csr_matrix, rank: int, seed: int, rounds: int = 5, progress: Progress = silent
) -> tuple[Floats, Floats]:
    """Return the ``rank`` largest singular values (r,) of ``matrix`` (m, n) and their right vectors (n, r).

    Randomised subspace iteration, made orthogonal again after each of ``rounds`` powers: Halko, Martinsson,
    Tropp, "Finding structure with randomness", SIAM Review 2011, algorithm 4.4. Bases are made orthogonal by the
    eigenvectors of their inner products, in 64 bits (Stathopoulos, Wu, SIAM J. Sci. Comput. 2002), which costs a
    tenth of Householder's way. r is less where the matrix has no more singular values above rounding; each vector's
    largest entry is positive.
    """
    rank = min(rank, *matrix.shape)
    width = min(rank + OVERSAMPLING, *matrix.shape)
    matrix = matrix.astype(np.float32)
    turned = matrix.T.tocsr()
    basis = np.random.default_rng(seed).standard_normal((matrix.shape[1], width)).astype(np.float32)
    for number in range(rounds):
        basis = _orthogonal(product(turned, product(matrix, basis)))
        progress("decomposing", number + 1, rounds)
    # A second pass takes out what rounding left of the first, so that lengths are singular values.
    basis = _orthogonal(basis)
    squares, turn = _inner_eigen(product(matrix, basis))
    values = np.sqrt(np.maximum(squares, 0.0))
    rank = min(rank, int((values > SMALLEST * values[:1]).sum()))
    vectors = basis @ turn[:, :rank].astype(np.float32)
    peaks = vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)]
    return values[:rank].astype(np.float32), np.ascontiguousarray(
        vectors * np.where(peaks < 0, -1, 1).astype(np.float32)
    )


def product(matrix: sparse.csr_matrix, table: Floats) -> Floats:
    """Return ``matrix @ table`` (m, d), float32, on all cores."""
    from graphrec_neo4j.models.product_kernel import rows_times

    table, answer = np.ascontiguousarray(table), np.zeros((matrix.shape[0], table.shape[1]), dtype=np.float32)

    def work(start: int, stop: int) -> None:
        rows_times(matrix.indptr, matrix.indices, matrix.data, table, answer, start, stop)

    in_threads(work, matrix.shape[0], PIECE)
    return answer


def _orthogonal(columns: Floats) -> Floats:
    """Return a basis (n, r) of what ``columns`` (n, d) span; directions that only rounding makes are left out."""
    squares, turn = _inner_eigen(columns)
    kept = squares > SMALLEST**2 * squares[:1]
    return columns @ (turn[:, kept] / np.sqrt(squares[kept])).astype(np.float32)


def _inner_eigen(columns: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Eigenvalues (d,), largest first, and eigenvectors (d, d) of ``columns' columns``, in 64 bits."""
    inner = np.zeros((columns.shape[1],) * 2)
    for start in range(0, len(columns), PIECE):
        part = columns[start : start + PIECE].astype(np.float64)
        inner += part.T @ part
    squares, turn = np.linalg.eigh(inner)
    return squares[::-1], turn[:, ::-1]
