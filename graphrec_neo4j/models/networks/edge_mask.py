"""GNNExplainer over any network that has a view: one mask for all its layers and both directions of an edge."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.explain import Explainer, GNNExplainer
    from torch_geometric.nn import MessagePassing

Score = Callable[[Tensor], Tensor]
"""From the weights (e,) of edges to a score, a scalar."""


class _Mask(MessagePassing):
    """The only layer that an explainer sees, and whose mask it sets; it carries nothing itself."""

    def forward(self, edges: int) -> Tensor:
        """Return the weights (e,) of the edges: the mask, or ones without any."""
        if self._edge_mask is None:
            return torch.ones(edges)
        return self._edge_mask.sigmoid() if self._apply_sigmoid else self._edge_mask


class _Masked(nn.Module):
    """A score as PyTorch Geometric's explainers ask for it."""

    def __init__(self, score: Score) -> None:
        super().__init__()
        self.mask, self.score = _Mask(), score

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Return the score (1,) under the mask of ``edge_index`` (2, e)."""
        return self.score(self.mask(edge_index.shape[1])).view(1)


def mask_of(score: Score, edges: int, *, steps: int, rate: float, size: float, entropy: float) -> Tensor:
    """Return the mask (edges,), 0 to 1, under which ``score`` is what it is under ones, with as few edges as can be.

    ``mean squared error + size * mean(m) + entropy * mean(H(m))``, with H the entropy of each m, made small in
    ``steps`` of Adam from torch's global generator: Ying, Bourgeois, You, Zitnik, Leskovec: GNNExplainer, NeurIPS 2019
    (arXiv 1903.03894), equations 5 and 6. ``score`` should lie between 0 under zeros and 1 under ones.
    """
    explainer = Explainer(
        _Masked(score),
        GNNExplainer(epochs=steps, lr=rate, edge_size=size, edge_reduction="mean", edge_ent=entropy),
        explanation_type="model",
        edge_mask_type="object",
        model_config={"mode": "regression", "task_level": "graph", "return_type": "raw"},
    )
    nodes, ends = torch.zeros(max(edges, 1), 1), torch.zeros(2, edges, dtype=torch.int64)
    return explainer(nodes, ends).edge_mask.detach()
