"""Embeddings of all nodes and relations of a graph, in which a relation leads from its heads to their tails."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from graphrec_neo4j.models.networks.embeddings import SPREAD
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.training.objectives import objective_for
from graphrec_neo4j.training.relations import relation_names, sides_of
from graphrec_neo4j.training.seeds import global_generator

if TYPE_CHECKING:
    from graphrec_neo4j.models.knowledge_graph import KnowledgeGraphSettings
    from graphrec_neo4j.training.graph import TrainingGraph


class KnowledgeGraph(Encoder):
    """A vector for each node of every type and for each relation; a subclass says what a relation does.

    A user's vector is her query "user, INTERACTED, ?", an item's its own. The questions of all other relations, and
    "?, INTERACTED, item", are asked beside, by the same loss; wrong answers are of the node type of the right ones.
    """

    def __init__(self, graph: TrainingGraph, settings: KnowledgeGraphSettings) -> None:
        super().__init__()
        snapshot, dimensions = graph.snapshot, settings.dimensions
        self.ends = snapshot.schema.recommend_to, snapshot.schema.recommend
        self.weight, self.parts = settings.relations_weight, settings.batches
        self.types = list(snapshot.nodes)
        self.entities = nn.ParameterList(
            SPREAD * torch.randn(len(nodes), dimensions) for nodes in snapshot.nodes.values()
        )
        self.relations = nn.Parameter(self.first_relations(len(relation_names(snapshot.schema)), dimensions))
        beside = replace(settings, negatives=settings.relations_negatives, negative_sampling="uniform", curriculum=0.0)
        generator = global_generator(graph.device)
        sides = list(sides_of(snapshot, graph.device)) if self.weight else []
        self.questions = [(side, objective_for(beside, side.known, generator)) for side in sides]

    @abstractmethod
    def first_relations(self, count: int, dimensions: int) -> Tensor:
        """Return the vectors that ``count`` relations begin with."""

    @abstractmethod
    def query(self, vectors: Tensor, relation: Tensor, *, backwards: bool = False) -> Tensor:
        """Return where the tails of the heads ``vectors`` (n, d) lie or, ``backwards``, the heads of these tails."""

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the users' queries and the items' vectors."""
        users, items = (self.of_type(name) for name in self.ends)
        return self.query(users, self.relations[0]), items

    def of_type(self, name: str) -> Tensor:
        """Return the vectors (n, d) of all nodes of one type."""
        return self.entities[self.types.index(name)]

    def auxiliary(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor | None:
        """Ask each relation a part of its questions, as large as a batch is of an epoch, whoever is in ``batch``.

        The mean over all edges, as if each relation's part stood for the whole.
        """
        total, edges = users.new_zeros(()), 0
        for side, objective in self.questions:
            queries = self.query(self.of_type(side.asked), self.relations[side.place], backwards=side.backwards)
            loss = objective(queries, self.of_type(side.answer), side.drawn(self.parts))
            total, edges = total + len(side.known.items) * loss, edges + len(side.known.items)
        return self.weight * total / edges if edges else None


class Translation(KnowledgeGraph):
    """TransE: ``h + r`` is near t, with h and t of length one, where Bordes et al. keep them."""

    def first_relations(self, count: int, dimensions: int) -> Tensor:
        """Random directions."""
        return normalize(torch.randn(count, dimensions))

    def query(self, vectors: Tensor, relation: Tensor, *, backwards: bool = False) -> Tensor:
        """``h + r``, or ``t - r``."""
        return normalize(vectors) + (-relation if backwards else relation)


class Diagonal(KnowledgeGraph):
    """DistMult: ``sum of h r t`` is large."""

    def first_relations(self, count: int, dimensions: int) -> Tensor:
        """Ones: that a relation joins what is alike."""
        return torch.ones(count, dimensions)

    def query(self, vectors: Tensor, relation: Tensor, *, backwards: bool = False) -> Tensor:
        """``h r``, or ``t r``, which is the same."""
        return vectors * relation


class Rotation(KnowledgeGraph):
    """RotatE: ``h exp(i r)`` is near t in complex numbers, whose real parts are the first half of a vector."""

    def first_relations(self, count: int, dimensions: int) -> Tensor:
        """Random phases (count, d / 2)."""
        return 2 * math.pi * torch.rand(count, dimensions // 2)

    def query(self, vectors: Tensor, relation: Tensor, *, backwards: bool = False) -> Tensor:
        """``h exp(i r)``, or ``t exp(-i r)``."""
        real, imaginary = vectors.chunk(2, dim=1)
        cosine, sine = relation.cos(), (-relation if backwards else relation).sin()
        return torch.cat([real * cosine - imaginary * sine, real * sine + imaginary * cosine], dim=1)
