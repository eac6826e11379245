"""``TrainingSettings``: what every trained model lets one choose. Importing this module imports no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.training.task_settings import TaskSettings

SCHEDULES = ("linear", "cosine", "constant")


@dataclass(frozen=True)
class Range:
    """What a search may set a setting to: whole numbers where both ends are; ``logarithmic`` over powers of ten."""

    low: float
    high: float
    logarithmic: bool = False


@dataclass(frozen=True)
class TrainingSettings(TaskSettings):
    """``dimensions`` of a vector, and how it is learnt, beside the loss, its negatives and what it is summed over.

    ``item_length`` is the power of an item's length that stays in its score: after a loss on cosines 0 ranks by cosine
    and 1 by dot product, which favours popular items; a loss on dot products always ranks by them.

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
    item_length: float = 0.35
    l2: float = 0.0
    patience: int = 0
    validation: float = 0.1

    tunable: ClassVar[Mapping[str, Range]] = MappingProxyType(
        {
            "learning_rate": Range(0.003, 0.06, logarithmic=True),
            "temperature": Range(0.05, 0.3, logarithmic=True),
            "item_length": Range(0.0, 1.0),
            "layers": Range(1, 4),
            "epochs": Range(8, 48),
        }
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.dimensions, self.epochs, self.batches) < 1 or not self.learning_rate > 0:
            raise ModelError("dimensions, epochs, batches and learning_rate must be above 0.")
        if self.patience < 0 or self.l2 < 0 or not 0 < self.validation < 1:
            raise ModelError("patience and l2 must be 0 or more, and validation between 0 and 1.")
        if self.schedule not in SCHEDULES:
            raise ModelError(f"there is no schedule {self.schedule!r}; there are {', '.join(SCHEDULES)}.")

    def rate_at(self, done: float) -> float:
        """The learning rate once the share ``done`` (0 to 1) of all steps has been made."""
        if self.schedule == "constant":
            return self.learning_rate
        left = 1 - done if self.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
        return self.learning_rate * left
