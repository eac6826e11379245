"""What training makes small for a batch of users: a loss joined with its negatives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

from graphrec_neo4j.training.knowledge_graph import margin_ranking, self_adversarial
from graphrec_neo4j.training.known import KnownPairs
from graphrec_neo4j.training.losses import (
    alignment,
    bilateral_softmax,
    bpr,
    cosine_contrastive,
    log_sum,
    sampled_softmax,
    uniformity,
    weighted_odds,
)
from graphrec_neo4j.training.mixed_negatives import negatives_for
from graphrec_neo4j.training.negatives import Negatives, Shared, known_among
from graphrec_neo4j.training.settings import TrainingSettings
from graphrec_neo4j.training.table_sums import Against


@dataclass(frozen=True, eq=False)
class Objective(ABC):
    """From the vectors of all users (n_users, d) and items (n_items, d) and a batch of user rows (b,) to a scalar."""

    known: KnownPairs
    negatives: Negatives
    settings: TrainingSettings
    generator: torch.Generator

    @abstractmethod
    def __call__(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the mean over all interactions of ``batch``."""

    def begin(self, done: float, vectors: Callable[[], tuple[Tensor, Tensor]]) -> None:
        """Prepare an epoch: the share of all that is ``done``, and the ``vectors`` (users, items) it begins with."""
        self.negatives.begin(done, vectors)


class PairwiseRanking(Objective):
    """BPR: each liked item of a batch's users against one item that they do not know."""

    def __call__(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the mean over all interactions of ``batch``."""
        row, item = self.known.of_users(batch)
        negative = self.negatives.draw(batch[row], self.generator)
        mine = _of(_of(users, batch), row)
        return bpr((mine * _of(items, item)).sum(1), (mine * _of(items, negative)).sum(1))


class MarginRanking(Objective):
    """TransE's loss, on cosines: each liked item against one item that its user does not know."""

    def __call__(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the mean over all interactions of ``batch``."""
        row, item = self.known.of_users(batch)
        negative = self.negatives.draw(batch[row], self.generator)
        mine = _of(normalize(_of(users, batch)), row)
        liked, other = ((mine * normalize(_of(items, rows))).sum(1) for rows in (item, negative))
        return margin_ranking(liked, other, self.settings.margin)


class AlignmentAndUniformity(Objective):
    """DirectAU: a batch's liked pairs pull; and what up to ``negatives`` of all pairs join spreads, on either side.

    The paper spreads a batch's own users and items; ours has all that its users like, and would be of few users.
    """

    def __call__(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the mean over all interactions of ``batch``, and the mean of both uniformities."""
        row, item = self.known.of_users(batch)
        of_pairs = (_of(_of(users, batch), row) * _of(items, item)).sum(1)
        aligned = alignment(of_pairs / _lengths(users)[batch][row] / _lengths(items)[item])
        some_users, some_items = self._ends_of_some_pairs()
        spread = (uniformity(normalize(users[some_users])) + uniformity(normalize(items[some_items]))) / 2
        return aligned + self.settings.uniformity * spread

    def _ends_of_some_pairs(self) -> tuple[Tensor, Tensor]:
        known, device = self.known, self.known.items.device
        drawn = torch.randperm(len(known.items), generator=self.generator, device=device)[: self.settings.negatives]
        user = torch.searchsorted(known.pointers, drawn, right=True) - 1
        return torch.unique(user), torch.unique(known.items[drawn])


def _of(vectors: Tensor, rows: Tensor) -> Tensor:
    """``vectors[rows]``, forward in a seventh of its time: indexing asks more of ``rows`` than that they are rows."""
    return vectors.index_select(0, rows)


def _lengths(items: Tensor) -> Tensor:
    """To divide scores by, which is less work than to normalise the items of all pairs."""
    return items.norm(dim=1).clamp(min=1e-12)


@dataclass(frozen=True, eq=False)
class Compared:
    """A batch's users (b, d), what they like, and what they do not: the scores ``positive`` (m,), each of a user
    ``row`` and an ``item`` (m,), and ``shared`` items ``against`` all users.
    """

    users: Tensor
    positive: Tensor
    row: Tensor
    item: Tensor
    shared: Shared
    against: Against


class AgainstShared(Objective):
    """Each liked item against items that the whole batch shares."""

    def __call__(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor:
        """Return the mean over all interactions of ``batch``."""
        row, item = self.known.of_users(batch)
        shared = self.negatives.shared(batch, self.settings.negatives, self.generator)
        mine, theirs = _of(users, batch), _of(items, shared.items)
        if self.settings.learns_cosines:
            mine, theirs = normalize(mine), normalize(theirs)
        positive = (_of(mine, row) * _of(items, item)).sum(1)
        if self.settings.learns_cosines:
            positive = positive / _lengths(items)[item]
        hidden = known_among(self.negatives.hidden, batch, shared.items)
        against = Against(theirs, shared.times * self._weights(shared.items), *hidden)
        return self._loss(Compared(mine, positive, row, item, shared, against), batch)

    def _weights(self, items: Tensor) -> Tensor:
        """What each draw of ``items`` (n,) weighs, as (n,)."""
        return torch.ones_like(items, dtype=torch.float32)

    @property
    def _temperature(self) -> float:
        return self.settings.temperature_for(self.known.n_items)

    @abstractmethod
    def _loss(self, compared: Compared, batch: Tensor) -> Tensor: ...


class Softmax(AgainstShared):
    """Softmax of cosines."""

    def _loss(self, compared: Compared, batch: Tensor) -> Tensor:
        total = log_sum(compared.users, compared.against, self._temperature)
        return sampled_softmax(compared.positive, total, compared.row, self._temperature)


class CorrectedSoftmax(AgainstShared):
    """InfoNCE: softmax, each score less the logarithm of its item's chance to be drawn.

    So, however negatives are drawn, it comes near a softmax over all items. Yi et al., RecSys 2019, section 3. Chances
    are told in those of a uniform draw, with which nothing is corrected.
    """

    def _weights(self, items: Tensor) -> Tensor:
        return 1 / (self.known.n_items * self.negatives.chance()[items])

    def _loss(self, compared: Compared, batch: Tensor) -> Tensor:
        total = log_sum(compared.users, compared.against, self._temperature)
        corrected = compared.positive + self._temperature * self._weights(compared.item).log()
        return sampled_softmax(corrected, total, compared.row, self._temperature)


class BilateralSoftmax(AgainstShared):
    """BSL: cosines pooled at one temperature for negatives and another for positives."""

    def _loss(self, compared: Compared, batch: Tensor) -> Tensor:
        settings, against = self.settings, compared.against
        counts = against.counts(compared.users)
        total = log_sum(compared.users, against, self._temperature)
        mean = torch.where(counts > 0, total - counts.log(), 0.0)
        return bilateral_softmax(
            compared.positive, mean, compared.row, self._temperature, settings.positive_temperature
        )


class CosineContrast(AgainstShared):
    """SimpleX's loss: cosines of negatives count above a margin only."""

    def _loss(self, compared: Compared, batch: Tensor) -> Tensor:
        settings = self.settings
        return cosine_contrastive(
            compared.positive,
            compared.users,
            compared.against,
            compared.row,
            settings.margin,
            settings.negative_weight,
        )


class SelfAdversarial(AgainstShared):
    """RotatE's loss, on cosines: negatives weigh by the softmax of their own scores."""

    def _loss(self, compared: Compared, batch: Tensor) -> Tensor:
        users, against, margin = compared.users, compared.against, self.settings.margin
        return self_adversarial(compared.positive, users, against, compared.row, margin, self._temperature)


class Constraint(AgainstShared):
    """UltraGCN's: odds weighted by ``beta_ui = sqrt((d_u + 1) / (d_i + 1)) / d_u``, as an endless LightGCN weighs them.

    The unweighted odds that the paper adds are left out: the authors' code gives them a millionth of the weight.
    """

    def _weights(self, items: Tensor) -> Tensor:
        return (self.known.item_degrees[items] + 1).rsqrt()

    def _loss(self, compared: Compared, batch: Tensor) -> Tensor:
        degrees = self.known.degrees[batch]
        of_users = (degrees + 1).sqrt() / degrees
        counted = replace(compared.against, weights=compared.shared.times)
        shares = self.settings.negative_weight / counted.counts(compared.users).clamp(min=1)
        beta = of_users[compared.row] * self._weights(compared.item)
        return weighted_odds(compared.positive, beta, compared.users, compared.against, compared.row, of_users * shares)


OBJECTIVES: dict[str, type[Objective]] = {
    "softmax": Softmax,
    "bsl": BilateralSoftmax,
    "infonce": CorrectedSoftmax,
    "ccl": CosineContrast,
    "directau": AlignmentAndUniformity,
    "margin": MarginRanking,
    "self-adversarial": SelfAdversarial,
    "bpr": PairwiseRanking,
    "constraint": Constraint,
}


def objective_for(settings: TrainingSettings, known: KnownPairs, generator: torch.Generator) -> Objective:
    """Return the objective that ``settings.loss`` names, with negatives as they say."""
    negatives = negatives_for(settings, settings.sampling_shares(), known)
    return OBJECTIVES[settings.loss](known, negatives, settings, generator)
