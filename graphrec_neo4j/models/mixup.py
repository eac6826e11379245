"""``MixupSettings``: what models share whose networks read numeric features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.training.settings import TrainingSettings

LEAST_MIXUP = 0.01
"""Below, draws of a Beta distribution come to 0 / 0 even in 64 bits, which PyTorch takes for 1/2."""


@dataclass(frozen=True)
class MixupSettings(TrainingSettings):
    """With a ``feature_mixup`` above 0 training mixes each node's numeric features with those of a random other node of
    its type, by a weight of Beta(``feature_mixup``, ``feature_mixup``) whose larger part is the node's own.
    """

    feature_mixup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.feature_mixup and not LEAST_MIXUP <= self.feature_mixup < np.inf:
            raise ModelError(f"feature_mixup must be 0, for none, or at least {LEAST_MIXUP:g}.")
