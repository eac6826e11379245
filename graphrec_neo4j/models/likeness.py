"""How like two sets are, from how many members they share: the weighing of products that cosine and Jaccard are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.item_products import Rows, Weigh

Floats = npt.NDArray[np.float64]

LEAST_DIVISOR = 1e-12


def cosine(of_rows: Floats, of_columns: Floats, shrinkage: float = 0.0) -> Weigh:
    """Divide a product of two vectors by their lengths (n_rows,) and (n_columns,), plus ``shrinkage``."""

    def weigh(block: sparse.csr_matrix, rows: Rows) -> sparse.csr_matrix:
        divisor = of_rows[np.repeat(rows, np.diff(block.indptr))] * of_columns[block.indices]
        block.data /= np.maximum(divisor + shrinkage, LEAST_DIVISOR)
        return block

    return weigh


def jaccard(of_rows: Floats, of_columns: Floats, shrinkage: float = 0.0) -> Weigh:
    """Divide what two sets share by what is in either, from their sizes (n_rows,) and (n_columns,)."""

    def weigh(block: sparse.csr_matrix, rows: Rows) -> sparse.csr_matrix:
        divisor = of_rows[np.repeat(rows, np.diff(block.indptr))] + of_columns[block.indices] - block.data
        block.data /= np.maximum(divisor + shrinkage, LEAST_DIVISOR)
        return block

    return weigh
