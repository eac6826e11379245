"""A relation-typed network: every edge type, in each direction, carries vectors in its own way."""

from __future__ import annotations

import warnings
from typing import cast

import torch
from torch import Tensor, nn

from graphrec_neo4j.models.networks.constant_matrix import ConstantMatrix
from graphrec_neo4j.models.networks.embeddings import SPREAD
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.models.networks.inputs import mixed_up
from graphrec_neo4j.models.networks.typed_edges import ITEMS, USERS, TypedEdges

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.nn import HGTConv

Blocks = dict[str, Tensor]


class RelationalLayer(nn.Module):
    """``h_v' = sum over relations r of A_r h W_r``: Schlichtkrull et al., ESWC 2018, equation 2, without its self-loop.

    ``A_r`` is the normalised adjacency of r. Each W_r begins as the identity, so the layer as LightGCN's on all
    edges at once. PyTorch Geometric's RGCNConv wants one table for all types, and no weights of edges.
    """

    def __init__(self, edges: TypedEdges, dimensions: int, device: torch.device | str) -> None:
        super().__init__()
        self.ends = [(relation.of, relation.to) for relation in edges.relations]
        self.matrices = [ConstantMatrix.of(relation.weights, device) for relation in edges.relations]
        self.weights = nn.Parameter(torch.eye(dimensions).repeat(len(self.ends), 1, 1))

    def forward(self, h: Blocks) -> Blocks:
        """Return the next vectors of every block; of one that no relation leads to, zeros."""
        new = {block: torch.zeros_like(vectors) for block, vectors in h.items()}
        for (source, target), matrix, weight in zip(self.ends, self.matrices, self.weights, strict=True):
            new[target] = new[target] + matrix(h[source]) @ weight
        return new


class TransformerLayer(nn.Module):
    """``torch_geometric.nn.HGTConv`` over all relations: Hu et al., WWW 2020 (arXiv 2003.01332)."""

    def __init__(self, edges: TypedEdges, dimensions: int, heads: int, device: torch.device | str) -> None:
        super().__init__()
        # The layer names its parts by type, and not every name is free to be a part's.
        self.names = {block: f"type_{place}" for place, block in enumerate(edges.sizes)}
        kinds = [(self.names[one.of], f"{number}", self.names[one.to]) for number, one in enumerate(edges.relations)]
        self.layer = HGTConv(dimensions, dimensions, (list(self.names.values()), kinds), heads)
        pairs = [one.weights.tocoo() for one in edges.relations]
        ends = [torch.stack([torch.from_numpy(each.col), torch.from_numpy(each.row)]).long() for each in pairs]
        self.edges = dict(zip(kinds, [each.to(device) for each in ends], strict=True))

    def forward(self, h: Blocks) -> Blocks:
        """Return the next vectors of every block; of one that no relation leads to, zeros."""
        new = self.layer({self.names[block]: vectors for block, vectors in h.items()}, self.edges)
        found = {block: new.get(name) for block, name in self.names.items()}
        return {block: torch.zeros_like(h[block]) if each is None else each for block, each in found.items()}


class HeteroEncoder(Encoder):
    """``layers`` of one kind over all blocks of nodes; the mean of all, the input among them.

    A node begins with an embedding of its own, if it has an edge of its own kind (a user an interaction, an item
    somebody who likes it, any other node any edge), plus a linear map of its features, :func:`mixed_up` in training
    with a ``feature_mixup``.
    """

    def __init__(
        self,
        edges: TypedEdges,
        known: dict[str, Tensor],
        layers: list[nn.Module],
        dimensions: int,
        feature_mixup: float = 0.0,
    ) -> None:
        """``known`` tells which nodes (n, 1) of each block have an embedding, as 0 or 1."""
        super().__init__()
        self.steps = nn.ModuleList(layers)
        self.places = {block: place for place, block in enumerate(edges.sizes)}
        self.known, self.features, self.feature_mixup = known, edges.features, feature_mixup
        self.embeddings = nn.ParameterList(SPREAD * torch.randn(size, dimensions) for size in edges.sizes.values())
        self.maps = nn.ModuleDict(
            {str(self.places[block]): _small_map(held.shape[1], dimensions) for block, held in edges.features.items()}
        )

    def start(self) -> Blocks:
        """Return what every block begins with (n, d)."""
        return {block: self._start(block, place) for block, place in self.places.items()}

    def _start(self, block: str, place: int) -> Tensor:
        own = self.embeddings[place] * self.known[block]
        if block not in self.features:
            return own
        features = self.features[block]
        if self.training and self.feature_mixup:
            features = mixed_up(features, self.feature_mixup)
        return own + self.maps[str(place)](features)

    def carried(self) -> list[Blocks]:
        """Return the vectors of every block after 0, 1, ... layers."""
        layers = [self.start()]
        for step in self.steps:
            layers.append(step(layers[-1]))
        return layers

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the means of users and of items; what nobody likes teaches nothing."""
        carried = self.carried()
        users, items = (torch.stack([each[block] for each in carried]).mean(dim=0) for block in (USERS, ITEMS))
        return users, without_lessons(items, self.known[ITEMS])

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the vectors of users and items after each layer."""
        return [(each[USERS], each[ITEMS]) for each in self.carried()]

    @torch.no_grad()
    def heard(self) -> dict[int, Tensor]:
        """Return what all relational layers say to users by each relation that leads to them, by its number.

        Of every node (n, d) that it comes from, to be weighed by the relation's matrix; a mean over the layers, the
        last said to nobody.
        """
        *below, _ = self.carried()
        steps = [cast(RelationalLayer, step) for step in self.steps]
        leading = [(number, of) for number, (of, to) in enumerate(steps[0].ends) if to == USERS]
        return {
            number: torch.stack([h[of] @ step.weights[number] for h, step in zip(below, steps, strict=True)]).sum(0)
            / (len(below) + 1)
            for number, of in leading
        }


def _small_map(features: int, dimensions: int) -> nn.Linear:
    """A linear map of standardised features to vectors as long as embeddings begin."""
    made = nn.Linear(features, dimensions)
    nn.init.normal_(made.weight, std=SPREAD / max(features, 1) ** 0.5)
    nn.init.zeros_(made.bias)
    return made


def without_lessons(items: Tensor, liked: Tensor) -> Tensor:
    """Return ``items`` (n, d) with no gradient through those that are not ``liked`` (n, 1), 0 or 1.

    They are nobody's positives. As negatives of everybody they would teach their categories to be disliked.
    """
    return torch.where(liked > 0, items, items.detach())
