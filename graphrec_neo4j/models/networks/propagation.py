"""Propagation along a normalised adjacency matrix that knows that it is symmetric."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

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
    with warnings.catch_warnings():
        # PyTorch says once a process that CSR tensors are in beta and not checked, which no user can act on.
        warnings.filterwarnings("ignore", message="Sparse ", category=UserWarning)
        return to_torch_csr_tensor(edges, weights, size=(n_nodes, n_nodes))


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
