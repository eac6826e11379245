"""Attention over the neighbours along meta-paths, and over the meta-paths."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch
from scipy import sparse
from torch import Tensor, nn

from graphrec_neo4j.models.networks.embeddings import SPREAD
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.models.networks.hetero import without_lessons
from graphrec_neo4j.training.graph import TrainingGraph

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn import HANConv

USERS, ITEMS = "user side", "item side"
"""The names of the two sides; PyTorch's own dictionaries of modules have no room for ``items``."""


class HANEncoder(Encoder):
    """``e_v = E_v + HAN(E)_v`` with ``torch_geometric.nn.HANConv``: Wang et al., WWW 2019 (arXiv 1903.07293).

    For each meta-path p, ``z_v^p = relu(sum over neighbours n of a_vn W E_n)`` with graph attention a of several
    heads; then ``HAN(E)_v = sum_p b_p z_v^p`` with one semantic weight b_p for all nodes of a side, which add up to 1.
    Users without a history and items that nobody likes have no E: they are what their neighbours make of them.
    """

    def __init__(
        self, graph: TrainingGraph, dimensions: int, heads: int, paths: Mapping[str, Mapping[str, sparse.csr_matrix]]
    ) -> None:
        """``paths[USERS]`` and ``paths[ITEMS]``: the neighbours (n, n) of each node of a side, by meta-path."""
        super().__init__()
        self.paths = {side: list(found) for side, found in paths.items()}
        kinds = {(side, f"{number}", side): each for side in paths for number, each in enumerate(paths[side].values())}
        self.edges = {kind: _ends(each).to(graph.device) for kind, each in kinds.items()}
        self.attention = HANConv(dimensions, dimensions, ([USERS, ITEMS], list(kinds)), heads)
        self.users = nn.Parameter(SPREAD * torch.randn(graph.n_users, dimensions))
        self.items = nn.Parameter(SPREAD * torch.randn(graph.n_items, dimensions))
        liked = torch.bincount(graph.known.items, minlength=graph.n_items)
        self.own = {USERS: (graph.known.degrees > 0).float()[:, None], ITEMS: (liked > 0).float()[:, None]}

    def start(self) -> dict[str, Tensor]:
        """Return the embeddings of both sides."""
        return {USERS: self.users * self.own[USERS], ITEMS: self.items * self.own[ITEMS]}

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the vectors of users and items; what nobody likes teaches nothing."""
        start = self.start()
        heard = self.attention(start, self.edges)
        users, items = (start[side] if heard[side] is None else start[side] + heard[side] for side in (USERS, ITEMS))
        return users, without_lessons(items, self.own[ITEMS])

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the embeddings and the vectors."""
        start = self.start()
        return [(start[USERS], start[ITEMS]), self.forward()]

    def semantic_weights(self) -> dict[str, dict[str, float]]:
        """Return what each meta-path weighs, for users and for items; the weights of a side add up to 1."""
        with torch.no_grad():
            _, weights = self.attention(self.start(), self.edges, return_semantic_attention_weights=True)
        found = {side: [] if weights[side] is None else weights[side].flatten().tolist() for side in self.paths}
        named = {"users": USERS, "items": ITEMS}
        return {name: dict(zip(self.paths[side], found[side], strict=True)) for name, side in named.items()}


def _ends(neighbours: sparse.csr_matrix) -> Tensor:
    """From each neighbour to its node (2, m)."""
    entries = neighbours.tocoo()
    return torch.stack([torch.from_numpy(entries.col), torch.from_numpy(entries.row)]).long()
