"""A sparse matrix that nobody learns, with its transpose at hand for the gradient."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from graphrec_neo4j.models.networks.propagation import carry


@dataclass(frozen=True, eq=False)
class ConstantMatrix:
    """``matrix`` (n, m) and its ``transpose`` (m, n) as sparse CSR tensors; calling it with x multiplies.

    PyTorch's own backward of a sparse product transposes the matrix at every step.
    """

    matrix: Tensor
    transpose: Tensor

    @classmethod
    def of(cls, matrix: sparse.spmatrix, device: torch.device | str = "cpu") -> Self:
        """Take ``matrix`` (n, m) in 32 bits; one that is its own transpose is held once."""
        rows = matrix.tocsr().astype(np.float32)
        columns = rows.T.tocsr()
        symmetric = rows.shape[0] == rows.shape[1] and (rows != columns).nnz == 0
        held = _csr_tensor(rows, device)
        return cls(held, held if symmetric else _csr_tensor(columns, device))

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``matrix @ x`` (n, d) for ``x`` (m, d)."""
        return carry(x, self.matrix, self.transpose)


def _csr_tensor(matrix: sparse.csr_matrix, device: torch.device | str) -> Tensor:
    matrix.sort_indices()
    pointers, columns = (torch.from_numpy(part.astype(np.int64)) for part in (matrix.indptr, matrix.indices))
    values, (n_rows, n_columns) = torch.from_numpy(matrix.data), matrix.shape
    with warnings.catch_warnings():
        # PyTorch says once a process that CSR tensors are in beta and not checked, which no user can act on.
        warnings.filterwarnings("ignore", message="Sparse ", category=UserWarning)
        return torch.sparse_csr_tensor(pointers, columns, values, (n_rows, n_columns)).to(device)
