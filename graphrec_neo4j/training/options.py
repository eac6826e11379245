"""``TrainingOptions``: how one run is watched and kept, which changes no number. Importing this imports no torch."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def is_first_process() -> bool:
    """Whether this process is the one that writes and answers, among those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: its ``number`` from 1 of ``of``, mean ``loss``, the judge's ``score`` or NaN, seconds."""

    number: int
    of: int
    loss: float
    score: float = math.nan
    learning_rate: float = math.nan
    seconds: float = math.nan


def nobody(epoch: Epoch) -> None:
    """The watcher that is used where nobody watches."""


@dataclass(frozen=True)
class TrainingOptions:
    """``checkpoint``: a file that is written after every epoch, and from which a run that was cut off goes on with the
    numbers of one that was not. ``watch`` is called after each epoch.
    """

    checkpoint: Path | None = None
    watch: Callable[[Epoch], None] = nobody
