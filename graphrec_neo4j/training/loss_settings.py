"""What a trained model makes small, and what it compares a liked item with. Importing this module imports no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from graphrec_neo4j.errors import ModelError, nearest

LOSSES = ("softmax", "bsl", "infonce", "ccl", "directau", "margin", "self-adversarial", "bpr", "constraint")
LOSSES_ON_DOT_PRODUCTS = ("bpr", "constraint")
SAMPLINGS = ("uniform", "popularity", "in-batch", "hard")
LEAST_TEMPERATURE = 0.02


@dataclass(frozen=True)
class NegativeSettings:
    """Which items stand against a liked one: up to ``negatives`` that a batch shares, or one a pair for bpr and margin.

    ``negative_sampling`` names how they are drawn: ``"uniform"``; by ``"popularity"`` to the power
    ``popularity_exponent``; ``"in-batch"``, from what the batch's users like; or ``"hard"``, from each user's
    ``hardest`` nearest unknown items by the vectors that an epoch begins with. Several are mixed by shares, as
    ``"uniform:3+hard:1"``; with a ``curriculum`` of c the hard ones come in little by little over the first share c of
    the epochs. Without one, infonce draws in-batch and every other loss uniformly. With ``known_negatives`` liked items
    may stand against liked ones too.
    """

    negatives: int = 8192
    negative_sampling: str | None = None
    popularity_exponent: float = 0.75
    hardest: int = 200
    curriculum: float = 0.0
    known_negatives: bool = False

    def __post_init__(self) -> None:
        if min(self.negatives, self.hardest) < 1:
            raise ModelError("negatives and hardest must be above 0.")
        if self.popularity_exponent < 0 or not 0 <= self.curriculum <= 1:
            raise ModelError("popularity_exponent must be 0 or more, and curriculum between 0 and 1.")
        if self.curriculum and set(shares_of(self.negative_sampling or "uniform")) <= {"hard"}:
            raise ModelError("a curriculum mixes hard negatives with others, as in negative_sampling 'uniform+hard'.")


@dataclass(frozen=True)
class LossSettings(NegativeSettings):
    """``loss``, on cosines unless it is said otherwise, and what belongs to one loss alone.

    ``"softmax"``: each liked item against the batch's negatives at a ``temperature`` t; without one, t = 1 / ln(n) for
    n items compared, where a perfect item weighs as much as n unrelated ones. ``"bsl"``: the same, but what a user
    likes is pooled at a ``positive_temperature``, so that what she likes by mistake pulls less. ``"infonce"``: softmax
    with every score corrected by the chance that its item was drawn. ``"ccl"``: liked items pull, and negatives push
    that come nearer than ``margin``, all together as much as ``negative_weight`` liked ones. ``"directau"``: liked
    items pull, and users among themselves and items among themselves spread, ``uniformity`` times as much; no
    negatives. ``"margin"``: as long as a liked item leads by less than ``margin``, it pulls and one negative pushes.
    ``"self-adversarial"``: odds of coming nearer than ``margin``, of liked items and of negatives, which weigh by the
    softmax of their own. ``"bpr"``: dot products, against one negative each. ``"constraint"``: dot products as odds,
    weighted by degrees, the negatives ``negative_weight`` times.
    """

    loss: str = "softmax"
    temperature: float | None = None
    positive_temperature: float = 1.0
    margin: float = 0.4
    negative_weight: float = 150.0
    uniformity: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss not in LOSSES:
            raise ModelError(f"there is no loss {self.loss!r}; models learn by {', '.join(LOSSES)}.")
        coldest = self.positive_temperature if self.temperature is None else self.temperature
        if not min(coldest, self.positive_temperature) >= LEAST_TEMPERATURE:
            raise ModelError(f"temperatures must be at least {LEAST_TEMPERATURE:g}, or their exponentials overflow.")
        if not -1 <= self.margin < 1 or self.negative_weight < 0 or self.uniformity < 0:
            raise ModelError("margin is a cosine below 1, and negative_weight and uniformity must be 0 or more.")
        if self.loss == "infonce" and "hard" in self.sampling_shares():
            raise ModelError("infonce corrects for the chance of a draw, which hard negatives do not tell.")

    @property
    def learns_cosines(self) -> bool:
        """Whether the loss compares directions, so that users' lengths mean nothing."""
        return self.loss not in LOSSES_ON_DOT_PRODUCTS

    def temperature_for(self, n_items: int) -> float:
        """The temperature of a softmax in a catalogue of ``n_items``."""
        return self.temperature or 1 / math.log(max(2, min(n_items, self.negatives)))

    def sampling_shares(self) -> dict[str, float]:
        """The share of each way in which negatives are drawn; they add up to 1."""
        return shares_of(self.negative_sampling or ("in-batch" if self.loss == "infonce" else "uniform"))


def shares_of(mixture: str) -> dict[str, float]:
    """Parse ``"uniform:3+hard:1"`` into shares that add up to 1; raises ModelError for what is no mixture."""
    parts: dict[str, float] = {}
    for part in mixture.split("+"):
        name, _, share = part.strip().partition(":")
        if name not in SAMPLINGS:
            known = ", ".join(SAMPLINGS)
            raise ModelError(f"negatives cannot be drawn by {name!r}{nearest(name, SAMPLINGS)}; there are {known}.")
        parts[name] = parts.get(name, 0.0) + _positive(share or "1", part)
    return {name: share / sum(parts.values()) for name, share in parts.items()}


def _positive(text: str, part: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 < share < math.inf:
        raise ModelError(f"the share in {part!r} of negative_sampling must be a number above 0.")
    return share
