"""What is learnt where a graph has several types of interactions. Importing this module imports no torch."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from graphrec_neo4j.errors import ModelError, nearest
from graphrec_neo4j.training.loss_settings import LossSettings

TASKS = ("one", "equal", "learned")
LOSSES_BELOW_ZERO = ("bsl", "directau")


@dataclass(frozen=True)
class TaskSettings(LossSettings):
    """``tasks`` says what several types of interactions weigh; with a single type all choices are the same.

    ``"one"`` makes no difference between them: a pair counts once, by whatever it is joined. Otherwise each type has
    the loss over its own pairs, so that a rare type is not drowned, and what is made small is their mean: ``"equal"``;
    by given weights, as ``"BOUGHT:3+VIEWED:1"``, 0 for a type that is not named; or by ``"learned"`` ones, which fall
    where a type is hard to foretell. What any type joins to a user is no negative of hers in any of them.
    """

    tasks: str = "one"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tasks not in TASKS:
            weights_of(self.tasks)
        if self.tasks == "learned" and self.loss in LOSSES_BELOW_ZERO:
            raise ModelError(
                f"weights are learnt for losses that are never below 0, which {self.loss} may be; take tasks 'equal'."
            )

    def weights_among(self, types: Collection[str]) -> dict[str, float]:
        """What each of the interaction ``types`` weighs at the start; raises ModelError for a name not among them."""
        if self.tasks in TASKS:
            return dict.fromkeys(types, 1.0)
        weights = weights_of(self.tasks)
        for name in weights:
            if name not in types:
                close, known = nearest(name, (*types, *TASKS)), ", ".join(types)
                raise ModelError(f"tasks name {name!r}, which is no type of interactions{close}; there are {known}.")
        return {name: weights.get(name, 0.0) for name in types}


def weights_of(text: str) -> dict[str, float]:
    """Parse ``"BOUGHT:3+VIEWED:1"``, a weight being 1 where none is given; raises ModelError for what is none."""
    weights: dict[str, float] = {}
    for part in text.split("+"):
        name, _, weight = part.strip().rpartition(":") if ":" in part else (part.strip(), "", "1")
        weights[name] = weights.get(name, 0.0) + _weight(weight, part)
    if not sum(weights.values()):
        raise ModelError(f"all weights of tasks {text!r} are 0, so nothing would be learnt.")
    return weights


def _weight(text: str, part: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise ModelError(f"the weight in {part!r} of tasks must be a number of 0 or more.")
    return weight
