"""A comparison as the page looks at it: rows in order, numbers as text, the colour of each model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
COLOURS = 8


@dataclass(frozen=True)
class View:
    """The JSON of ``evaluate`` and what is asked of it again and again."""

    found: Mapping[str, Any]

    @property
    def k(self) -> int:
        """The length of the lists."""
        return int(self.found["k"])

    @property
    def baseline(self) -> str | None:
        """The best baseline's name."""
        return self.found["baseline"]

    @property
    def rows(self) -> list[Row]:
        """The models, that of the highest NDCG first."""
        return sorted(self.found["models"], key=lambda row: -row[f"ndcg@{self.k}"])

    @property
    def cutoffs(self) -> list[int]:
        """The lengths at which the lists were cut, ascending; the same for every model."""
        return sorted({int(cut) for row in self.rows for cut in row["cutoffs"]})

    def colour(self, model: str) -> str:
        """Return the class of a model's colour: the best baseline and the first eight others have their own."""
        if model == self.baseline:
            return "base"
        place = [row["model"] for row in self.rows if row["model"] != self.baseline].index(model)
        return f"c{place}" if place < COLOURS else "rest"

    def at_k(self, name: str) -> str:
        """Return a metric's name in the JSON."""
        return f"{name}@{self.k}"


def number(value: float | None, places: int = 4) -> str:
    """Return a number as a person reads it; a dash where there is none."""
    return "–" if value is None else f"{value:,.{places}f}"


def signed(value: float, places: int = 4) -> str:
    """Return a difference with its sign, the minus as long as the plus; none where it rounds to nothing."""
    text = f"{value:+.{places}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def verdict(told: Mapping[str, float]) -> str:
    """Return ``better``, ``worse`` or ``even``: whether a difference's interval leaves nothing out."""
    return "better" if told["low"] > 0 else "worse" if told["high"] < 0 else "even"
