"""A sparse matrix whose entries may be weighed anew, with a gradient for each of them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class WeightedEdges:
    """A matrix (n, m) as entries: rows ``target``, columns ``source`` and their ``weight``; calling it multiplies.

    For graphs of some thousand entries: it holds a vector for each of them.
    """

    target: Tensor
    source: Tensor
    weight: Tensor
    n: int

    def __call__(self, x: Tensor) -> Tensor:
        """Return the product (n, d) with ``x`` (m, d)."""
        heard = self.weight[:, None] * x[self.source]
        return x.new_zeros(self.n, x.shape[1]).index_add(0, self.target, heard)
