"""Propagation along sparse matrices whose transpose is known, so that no gradient has to find it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from graphrec_neo4j.models.networks.weighted_edges import WeightedEdges

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn.conv.gcn_conv import gcn_norm
    from torch_geometric.utils import to_torch_csr_tensor


def normalised_adjacency(edge_index: Tensor, n_nodes: int) -> Tensor:
    """Return ``D^-1/2 A D^-1/2`` as a sparse CSR tensor (n_nodes, n_nodes), without self-loops.

    ``edge_index`` (2, m) must hold every edge in both directions; nodes without edges get empty rows.
    """
    edges, weights = gcn_norm(edge_index, None, n_nodes, add_self_loops=False)
    with _no_word_of_beta():
        return to_torch_csr_tensor(edges, weights, size=(n_nodes, n_nodes))


def square_matrix(pointers: Tensor, columns: Tensor, values: Tensor) -> Tensor:
    """Return a sparse CSR tensor (n, n) of ``pointers`` (n + 1,), ``columns`` and ``values`` (m,), sorted in a row."""
    n_nodes = len(pointers) - 1
    with _no_word_of_beta():
        return torch.sparse_csr_tensor(pointers, columns, values, (n_nodes, n_nodes), check_invariants=False)


def carry(x: Tensor, matrix: Tensor | WeightedEdges, transposed: Tensor | None = None) -> Tensor:
    """Return ``matrix @ x`` for ``x`` (n, d), with the gradient for ``x``; without ``transposed`` it is symmetric."""
    if isinstance(matrix, WeightedEdges):
        return matrix(x)
    return _Product.apply(x, matrix, matrix if transposed is None else transposed)


class _Product(torch.autograd.Function):
    """A sparse matrix times a dense one, whose gradient is that of the given transpose times the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: Tensor, transposed: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.transposed @ gradients[0].contiguous(), None, None


class SymmetricPropagation(torch.autograd.Function):
    """``p(A) x`` for a polynomial p and a symmetric sparse A, whose gradient is ``p(A) g`` by the same code.

    PyTorch's own backward of a sparse product does not know the symmetry and transposes A at each step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, adjacency: Tensor, alpha: Tensor) -> Tensor:
        """Horner's rule: ``x`` (n, d), ``adjacency`` (n, n), ``alpha`` (layers + 1,) on the CPU; returns (n, d)."""
        ctx.adjacency, ctx.alpha = adjacency, alpha
        return _polynomial(x, adjacency, alpha)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient for ``x``; the matrix and the weights are constants."""
        return _polynomial(gradients[0].contiguous(), ctx.adjacency, ctx.alpha), None, None


def _polynomial(x: Tensor, adjacency: Tensor, alpha: Tensor) -> Tensor:
    *lower, highest = alpha.tolist()
    total = highest * x
    for weight in reversed(lower):
        total = torch.addmm(x, adjacency, total, beta=weight)
    return total


@contextmanager
def _no_word_of_beta() -> Iterator[None]:
    """PyTorch says once a process that CSR tensors are in beta and not checked, which no user can act on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse ", category=UserWarning)
        yield
