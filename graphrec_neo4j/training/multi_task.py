"""``MultiTask``: one loss for each type of interactions, added up by weights that are given or learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.training.graph import TrainingGraph
from graphrec_neo4j.training.known import KnownPairs
from graphrec_neo4j.training.objectives import Objective, objective_for
from graphrec_neo4j.training.settings import TrainingSettings


class MultiTask(nn.Module):
    """``sum_t a_t L_t``; learnt, ``sum_t a_t (exp(-s_t) L_t + s_t)`` with a log variance s_t for each type, 0 at first.

    ``L_t`` is the mean loss over pairs of type t and the a_t add up to 1. So learnt weights begin as equal ones, and
    tend to ``a_t / L_t``. With s_t the log of sigma_t^2 it is, but for a factor of 2, equation 7 of Kendall, Gal,
    Cipolla, CVPR 2018 (arXiv 1705.07115).

    A batch holds more of one type than of another. Its sum over the pairs of type t is divided by how many there would
    be if they were as common in it as overall: so each pair of a type weighs the same in all batches, a batch without
    the type adds nothing, and the loss is a mean over a batch's pairs that processes can share.
    """

    def __init__(
        self, objective: Objective, known: Mapping[str, KnownPairs], weights: Mapping[str, float], learned: bool
    ) -> None:
        """``objective`` is that of all interactions, and its negatives serve each of the ``known`` types."""
        super().__init__()
        self.objective = objective
        self.parts = {name: replace(objective, known=pairs) for name, pairs in known.items()}
        self.degrees = torch.stack([pairs.degrees for pairs in known.values()])
        shares = torch.tensor([weights[name] for name in known], device=self.degrees.device)
        self.shares = shares / shares.sum()
        self.log_variances = nn.Parameter(torch.zeros_like(shares)) if learned and len(known) > 1 else None

    def forward(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the loss of ``batch`` (b,), some of the :meth:`learners`, a scalar."""
        if len(self.parts) == 1:
            return next(iter(self.parts.values()))(users, items, batch)
        losses = self.losses(users, items, batch)
        if self.log_variances is not None:
            losses = (-self.log_variances).exp() * losses + self.log_variances
        return (self.shares * losses).sum()

    def losses(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the part of each type's ``L_t`` (t,) that ``batch`` has."""
        here, overall = self.degrees[:, batch].sum(1), self.degrees.sum(1)
        common = here / here.sum() / (overall / overall.sum())
        found = [
            part(users, items, mine) if len(mine) else users.new_zeros(())
            for part, mine in ((part, batch[part.known.degrees[batch] > 0]) for part in self.parts.values())
        ]
        return common * torch.stack(found)

    def begin(self, done: float, vectors: Callable[[], tuple[Tensor, Tensor]]) -> None:
        """Prepare an epoch: the share of all that is ``done``, and the ``vectors`` (users, items) it begins with."""
        self.objective.begin(done, vectors)

    def learners(self) -> Tensor:
        """The users who have something to learn from: a pair of one of the types, and an item that no type joins."""
        known = self.objective.known
        return torch.nonzero((self.degrees.sum(0) > 0) & (known.degrees < known.n_items)).squeeze(1)

    def pairs_of(self, batch: Tensor) -> float:
        """How many pairs the loss of ``batch`` is the mean of; one that several types join counts for each."""
        return float(self.degrees[:, batch].sum())

    def weights(self) -> dict[str, float]:
        """Return what each type's loss weighs now, as shares that add up to 1."""
        weights = self.shares if self.log_variances is None else self.shares * (-self.log_variances.detach()).exp()
        return dict(zip(self.parts, (weights / weights.sum()).tolist(), strict=True))


def multi_task(settings: TrainingSettings, graph: TrainingGraph, generator: torch.Generator) -> MultiTask:
    """Return what ``settings.tasks`` make of ``graph``; types without a positive edge, or of weight 0, have no part.

    Raises ModelError for a type that is not there, or where none is left.
    """
    schema = graph.snapshot.schema
    types = schema.by_role("interaction")
    weights, objective = settings.weights_among(types), objective_for(settings, graph.known, generator)
    if settings.tasks == "one":
        return MultiTask(objective, {ALL_INTERACTIONS: graph.known}, {ALL_INTERACTIONS: 1.0}, learned=False)
    known = {}
    for name in (name for name, weight in weights.items() if weight):
        edges = graph.snapshot.matrix(name, forward=types[name].source == schema.recommend_to)
        if edges.nnz:
            known[name] = KnownPairs.of(pattern(edges), graph.device)
    if not known:
        raise ModelError(f"no user has a positive interaction of the types that tasks {settings.tasks!r} names.")
    return MultiTask(objective, known, weights, settings.tasks == "learned")
