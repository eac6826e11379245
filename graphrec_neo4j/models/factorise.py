"""The largest singular vectors of a sparse matrix, the same for the same seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]

OVERSAMPLING = 16


def truncated_svd(matrix: sparse.csr_matrix, rank: int, seed: int, rounds: int = 5) -> tuple[Floats, Floats]:
    """Return the ``rank`` largest singular values (r,) of ``matrix`` (m, n) and their right vectors (n, r).

    Randomised subspace iteration, made orthogonal again after each of ``rounds`` powers: Halko, Martinsson,
    Tropp, "Finding structure with randomness", SIAM Review 2011, algorithm 4.4. r is less where the matrix has
    no more singular values above rounding; each vector's largest entry is positive.
    """
    rank = min(rank, *matrix.shape)
    width = min(rank + OVERSAMPLING, *matrix.shape)
    matrix = matrix.astype(np.float32)
    turned = matrix.T.tocsr()
    basis = np.random.default_rng(seed).standard_normal((matrix.shape[1], width)).astype(np.float32)
    for _ in range(rounds):
        basis = np.linalg.qr(turned @ (matrix @ basis))[0]
    _, values, small = np.linalg.svd(matrix @ basis, full_matrices=False)
    above_rounding = int((values > 1e-5 * values[:1]).sum())
    rank = min(rank, above_rounding)
    vectors = basis @ small[:rank].T
    peaks = vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)]
    return values[:rank], np.ascontiguousarray(vectors * np.where(peaks < 0, -1, 1), dtype=np.float32)
