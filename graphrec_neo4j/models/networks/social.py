"""Users' vectors from what they like and from whom they are tied to, joined layer by layer."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn.functional import normalize

from graphrec_neo4j.models.networks.constant_matrix import ConstantMatrix
from graphrec_neo4j.models.networks.embeddings import SPREAD
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.training.graph import TrainingGraph

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.utils import scatter, softmax

Friends = Callable[[Tensor], Tensor]
"""From the vectors of all users (n_users, d) to what each hears from her friends (n_users, d)."""
Fusion = Callable[[Tensor, Tensor], Tensor]
"""From what comes of her items and what of her friends, (n_users, d) each, to the users' next vectors."""


class TieAttention(nn.Module):
    """Friends heard by how much they are like the user: ``sum_v a_uv x_v`` with ``a_uv ~ T_uv exp(s cos(x_u, x_v))``.

    Each user's a add up to what her T do; s is learnt from 0, where a is T. Graph attention (Velickovic et al., ICLR
    2018) with cosines for its query. Costs two gathered vectors a tie.
    """

    def __init__(self, ties: sparse.csr_matrix, device: torch.device | str = "cpu") -> None:
        """``ties`` (n_users, n_users): T, who hears whom."""
        super().__init__()
        entries = ties.tocoo()
        self.user, self.friend = (torch.from_numpy(end).long().to(device) for end in (entries.row, entries.col))
        self.log = torch.from_numpy(entries.data).float().to(device).log()
        self.total = torch.from_numpy(ties.sum(axis=1).A1).float().to(device)
        self.sharpness = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Return what each user hears (n_users, d) of the vectors ``x`` (n_users, d)."""
        return scatter(self.shares(x)[:, None] * x[self.friend], self.user, dim_size=len(x))

    def shares(self, x: Tensor) -> Tensor:
        """Return ``a`` (m,), tie by tie in the order of the rows of T."""
        directions = normalize(x)
        alike = (directions[self.user] * directions[self.friend]).sum(1)
        share = softmax(self.sharpness * alike + self.log, self.user, num_nodes=len(x))
        return share * self.total[self.user]


class Sum(nn.Module):
    """``h_items + h_friends``, which is the propagation on both graphs at once."""

    def forward(self, liked: Tensor, heard: Tensor) -> Tensor:
        """Return the sum (n_users, d)."""
        return liked + heard


class GraphFusion(nn.Module):
    """``W_3 [tanh(W_1 h_items), tanh(W_2 h_friends)]`` at length one: Liao et al., SocialLGN, equations 6 to 8."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.of_items = nn.Linear(dimensions, dimensions, bias=False)
        self.of_friends = nn.Linear(dimensions, dimensions, bias=False)
        self.joined = nn.Linear(2 * dimensions, dimensions, bias=False)

    def forward(self, liked: Tensor, heard: Tensor) -> Tensor:
        """Return the fused vectors (n_users, d)."""
        both = torch.cat([torch.tanh(self.of_items(liked)), torch.tanh(self.of_friends(heard))], dim=1)
        return normalize(self.joined(both))


class SocialEncoder(Encoder):
    """LightGCN whose users also hear their friends at each layer; the mean of all layers.

    ``x_u' = fusion((A x)_u, friends(x)_u)`` and ``x_i' = (A x)_i``. A user without a history has no embedding of her
    own and begins at 0, so she is what she hears.
    """

    def __init__(self, graph: TrainingGraph, dimensions: int, layers: int, friends: Friends, fusion: Fusion) -> None:
        super().__init__()
        self.adjacency = ConstantMatrix(graph.adjacency, graph.adjacency)
        self.n_users, self.n_layers = graph.n_users, layers
        self.friends, self.fusion = friends, fusion
        self.embedding = nn.Parameter(SPREAD * torch.randn(graph.n_nodes, dimensions))
        own = torch.ones(graph.n_nodes, 1, device=graph.device)
        own[: graph.n_users, 0] = (graph.known.degrees > 0).float()
        self.own = own

    def carried(self) -> list[Tensor]:
        """Return the vectors (n_nodes, d) after 0, 1, ... ``layers`` steps."""
        x = self.embedding * self.own
        layers = [x]
        for _ in range(self.n_layers):
            liked, by_users = self.adjacency(x).tensor_split([self.n_users])
            x = torch.cat([self.fusion(liked, self.friends(x[: self.n_users])), by_users])
            layers.append(x)
        return layers

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the means over the layers."""
        final = torch.stack(self.carried()).mean(dim=0)
        return final[: self.n_users], final[self.n_users :]

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the vectors of users and items after each layer."""
        return [(x[: self.n_users], x[self.n_users :]) for x in self.carried()]

    @torch.no_grad()
    def heard(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return what all layers say to users, where fusion is a sum: a mean over the layers, the last said to nobody.

        Of items (n_items, d), to be weighed by the adjacency; of friends, by the ties (n_users, d), or where there is
        attention side by side for each layer (n_users, layers * d), with the shares (m, layers) of the ties.
        """
        *below, _ = self.carried()
        said = torch.stack(below) / (len(below) + 1)
        users, items = said[:, : self.n_users], said[:, self.n_users :].sum(dim=0)
        if not isinstance(self.friends, TieAttention):
            return items, users.sum(dim=0), None
        shares = [self.friends.shares(x[: self.n_users]) for x in below]
        return items, torch.cat(list(users), dim=1), torch.stack(shares, dim=1)
