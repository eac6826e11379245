"""``TrainingSettings``: what every trained model lets one choose. Importing this module imports no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from graphrec_neo4j.errors import ModelError

LOSSES = ("softmax", "bpr")
SCHEDULES = ("linear", "cosine", "constant")
LEAST_TEMPERATURE = 0.02


@dataclass(frozen=True)
class TrainingSettings:
    """``dimensions`` of a vector, and how it is learnt.

    ``loss``: ``"softmax"`` learns cosines, each liked item against up to ``negatives`` items that a batch
    shares, at a ``temperature`` t; ``"bpr"`` learns dot products, one negative each. Without a
    temperature, t = 1 / ln(n) for n items compared, where a perfect item weighs as much as n unrelated ones.
    ``item_length`` is the power of an item's length that stays in its score: after a loss on cosines 0 ranks by cosine
    and 1 by dot product, which favours popular items; bpr always ranks by dot product.

    An epoch deals the users into ``batches``, so ``epochs * batches`` steps are made whatever the graph's size; the
    ``learning_rate`` follows ``schedule`` over them, and ``l2`` pulls all parameters towards 0. With a ``patience``
    above 0, ``validation`` of each user's interactions are not learnt from but judged on after every epoch (NDCG@20):
    training ends after so many epochs without a better one, and the best one's parameters are kept.
    """

    dimensions: int = 64
    epochs: int = 16
    batches: int = 30
    learning_rate: float = 0.02
    schedule: str = "linear"
    loss: str = "softmax"
    temperature: float | None = None
    negatives: int = 8192
    item_length: float = 0.35
    l2: float = 0.0
    patience: int = 0
    validation: float = 0.1

    def __post_init__(self) -> None:
        if min(self.dimensions, self.epochs, self.batches, self.negatives) < 1 or not self.learning_rate > 0:
            raise ModelError("dimensions, epochs, batches, negatives and learning_rate must be above 0.")
        if self.patience < 0 or self.l2 < 0 or not 0 < self.validation < 1:
            raise ModelError("patience and l2 must be 0 or more, and validation between 0 and 1.")
        if self.temperature is not None and not self.temperature >= LEAST_TEMPERATURE:
            raise ModelError(f"temperature must be at least {LEAST_TEMPERATURE:g}, or its exponentials overflow.")
        if self.loss not in LOSSES:
            raise ModelError(f"there is no loss {self.loss!r}; models learn by {', '.join(LOSSES)}.")
        if self.schedule not in SCHEDULES:
            raise ModelError(f"there is no schedule {self.schedule!r}; there are {', '.join(SCHEDULES)}.")

    @property
    def learns_cosines(self) -> bool:
        """Whether the loss compares directions, so that users' lengths mean nothing."""
        return self.loss != "bpr"

    def temperature_for(self, n_items: int) -> float:
        """The temperature of a softmax in a catalogue of ``n_items``."""
        return self.temperature or 1 / math.log(max(2, min(n_items, self.negatives)))

    def rate_at(self, done: float) -> float:
        """The learning rate once the share ``done`` (0 to 1) of all steps has been made."""
        if self.schedule == "constant":
            return self.learning_rate
        left = 1 - done if self.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
        return self.learning_rate * left
