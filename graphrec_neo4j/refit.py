"""When a model that is only brought up to date is learnt anew: a rule over what became of the graph since it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

LEAST_ARRIVALS = 200
"""New interactions below which it is chance how many of them were recommended."""


@dataclass(frozen=True)
class Refit:
    """Why a model is learnt anew, in words, and whether what it had chosen by itself is ``chosen`` anew too."""

    because: str
    chosen: bool


@dataclass(frozen=True)
class RefitRule:
    """A model is learnt anew once more than ``share`` of its edges changed, after ``days``, or when it misses more.

    ``drop``: when of the interactions that came since the run before a smaller part was in the lists than this part
    of what was at first; 0 never. In the last two cases it chooses anew, too.
    """

    share: float = 0.05
    days: float = 7.0
    drop: float = 0.7

    def refit(self, since: SinceFit) -> Refit | None:
        """Return why everything must be learnt anew, None where it need not be."""
        if since.days > self.days:
            return Refit(f"it was fitted {since.days:.1f} days ago, more than {self.days:g}", True)
        if since.first_hit_rate and since.hit_rate is not None and since.hit_rate < self.drop * since.first_hit_rate:
            told = f"{since.hit_rate:.1%} of what was chosen since had been recommended"
            return Refit(f"{told}, after {since.first_hit_rate:.1%} at first", True)
        if since.changed > self.share:
            told = f"{since.changed:.1%} of the edges changed since it was fitted"
            return Refit(f"{told}, more than {self.share:.1%}", False)
        return None


@dataclass(frozen=True)
class SinceFit:
    """What became of the graph since a model was fitted ``at`` a time: ``changed`` is the share of edges that did.

    ``hit_rate`` is the part of the newest interactions that had been recommended, None where they are few, and
    ``first_hit_rate`` what it was when it was first known.
    """

    at: datetime
    changed: float
    hit_rate: float | None = None
    first_hit_rate: float | None = None

    @classmethod
    def of(cls, metrics: Mapping[str, Any], changed: float, arrivals: tuple[int, int]) -> Self | None:
        """Go on from what a run's ``metrics`` say of its model, after ``changed`` of the edges did since.

        ``arrivals`` are how many new interactions had been recommended, and of how many. None where the run does not
        say when its model was fitted.
        """
        told = metrics.get("fitted")
        if not told:
            return None
        listed, arrived = arrivals
        rate = listed / arrived if arrived >= LEAST_ARRIVALS else None
        first = told.get("first_hit_rate")
        return cls(
            datetime.fromisoformat(told["at"]), told["changed"] + changed, rate, rate if first is None else first
        )

    @property
    def days(self) -> float:
        """How many days ago the model was fitted."""
        return (datetime.now(UTC) - self.at).total_seconds() / 86_400

    def to_json(self) -> dict[str, Any]:
        """Return what the run's metrics keep under ``fitted``."""
        told = {"at": self.at.isoformat(timespec="seconds"), "changed": round(self.changed, 6)}
        rates = {"hit_rate": self.hit_rate, "first_hit_rate": self.first_hit_rate}
        return told | {name: round(rate, 6) for name, rate in rates.items() if rate is not None}
