"""The edges of a whole schema as relations between heads and tails, each of which can be asked from both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from scipy import sparse
from torch import Tensor

from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.known import KnownPairs


@dataclass(frozen=True, eq=False)
class Side:
    """One way to ask a relation: heads for their tails or, ``backwards``, tails for their heads.

    ``known`` are the edges, from rows of the node type ``asked`` to rows of ``answer``; ``place`` is the relation's in
    :func:`relation_names`. ``rows`` are those that can be asked: some answers are right for them, and some are not.
    """

    place: int
    asked: str
    answer: str
    known: KnownPairs
    rows: Tensor
    backwards: bool

    def drawn(self, parts: int) -> Tensor:
        """Return one of ``parts`` equal parts of ``rows``, rounded up, drawn from torch's global generator."""
        order = torch.randperm(len(self.rows), device=self.rows.device)
        return self.rows[order[: -(-len(order) // parts)]]


def relation_names(schema: GraphSchema) -> tuple[str, ...]:
    """Name the relations of ``schema``: ``"*"`` for all interactions, then its edge types.

    Of interactions each type is one of its own only where there are several; a single one would be there twice.
    """
    interactions = schema.by_role("interaction")
    single = interactions if len(interactions) == 1 else {}
    return (ALL_INTERACTIONS, *(name for name in schema.edges if name not in single))


def sides_of(snapshot: GraphSnapshot, device: torch.device) -> Iterator[Side]:
    """Return both sides of every relation but ``"*"`` forwards, which training asks by itself; none that are empty.

    Every positive edge counts once, however strong, and an undirected one leads both ways.
    """
    for place, name in enumerate(relation_names(snapshot.schema)):
        source, target = _ends_of(snapshot.schema, name)
        edges = pattern(snapshot.matrix(name))
        turned = pattern(edges.T.tocsr())
        if place:
            yield from _side(place, (source, target), edges, device, backwards=False)
        yield from _side(place, (target, source), turned, device, backwards=True)


def _ends_of(schema: GraphSchema, name: str) -> tuple[str, str]:
    if name == ALL_INTERACTIONS:
        return schema.recommend_to, schema.recommend
    return schema.edges[name].source, schema.edges[name].target


def _side(
    place: int, ends: tuple[str, str], edges: sparse.csr_matrix, device: torch.device, *, backwards: bool
) -> Iterator[Side]:
    known = KnownPairs.of(edges, device)
    rows = known.learners()
    if len(rows):
        yield Side(place, *ends, known, rows, backwards)
