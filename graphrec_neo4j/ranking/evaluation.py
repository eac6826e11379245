"""Models fitted on one part of the interactions and judged on the other, over all items that are not in train."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.metrics import ACCURACY, coverage, diversity, hits_of, novelty
from graphrec_neo4j.ranking.peak_memory import peak_mib, reset_peak
from graphrec_neo4j.ranking.splits import Split
from graphrec_neo4j.results import NO_ITEM, TopK
from graphrec_neo4j.snapshot import GraphSnapshot

Floats = npt.NDArray[np.float64]

HISTORY_SLICES: dict[str, tuple[int, float]] = {"1-5": (1, 5), "6-20": (6, 20), "more than 20": (21, np.inf)}


class Ranker(Protocol):
    """What evaluation asks of a model; every Recommender has it."""

    @property
    def name(self) -> str:
        """What its row of the table is called."""
        ...

    @property
    def chosen_on(self) -> str:
        """On what its settings were chosen, once it is fitted."""
        ...

    def fit(self, snapshot: GraphSnapshot, *, seed: int = 0, progress: Progress = silent) -> Any:
        """Learn from ``snapshot`` alone."""
        ...

    def top_k(self, users: npt.NDArray[np.integer], k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        """Rank the unseen items of ``users``."""
        ...


@dataclass(frozen=True, eq=False)
class Judged:
    """One model's lists for the users of a split, and what they are worth.

    ``per_user`` holds each accuracy metric (n,) for :attr:`Split.users`; ``overall`` their means and the
    metrics of all lists together; names do not carry the k.
    """

    model: str
    chosen_on: str
    items: npt.NDArray[np.int32]
    per_user: Mapping[str, Floats]
    overall: Mapping[str, float]
    seconds: float
    peak_mib: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What :func:`evaluate` found, model by model in the order asked."""

    split: Split
    k: int
    seed: int
    judged: Sequence[Judged]

    def table(self) -> dict[str, Any]:
        """The evaluation as plain values: split, k, users, users_without_train, seed, and one row a model.

        A metric without a value (the diversity of lists of one item) is None.
        """
        return {
            "split": self.split.about,
            "k": self.k,
            "users": len(self.split.users),
            "users_without_train": self.split.users_without_train,
            "seed": self.seed,
            "models": [self._row(judged) for judged in self.judged],
        }

    def _row(self, judged: Judged) -> dict[str, Any]:
        metrics = {f"{name}@{self.k}": None if np.isnan(v) else v for name, v in judged.overall.items()}
        cost = {"seconds": round(judged.seconds, 2), "peak_mib": round(judged.peak_mib, 1)}
        return {"model": judged.model, "chosen_on": judged.chosen_on, **metrics, **cost}

    def by_history(self, judged: Judged, metric: str = "recall") -> dict[str, tuple[int, float]]:
        """(users, mean of ``metric``) for users with 1-5, 6-20 and more train items; NaN for no users."""
        sizes = np.diff(self.split.train.interactions.indptr)[self.split.users]
        return {
            name: _count_and_mean(judged.per_user[metric][(sizes >= low) & (sizes <= high)])
            for name, (low, high) in HISTORY_SLICES.items()
        }

    def by_popularity(self, judged: Judged) -> dict[str, tuple[int, float]]:
        """(test pairs, share of them in the lists) for each quarter of the items by popularity in train."""
        test = self.split.test[self.split.users]
        quarter = _quarters(_popularity(self.split.train))
        found = judged.items[hits_of(judged.items, test)]
        asked = np.bincount(quarter[test.indices], minlength=4)
        hit = np.bincount(quarter[found], minlength=4)
        names = ("most popular quarter", "second", "third", "least popular quarter")
        return {
            name: (int(a), float(h / a) if a else float("nan")) for name, a, h in zip(names, asked, hit, strict=True)
        }


def evaluate(
    models: Iterable[Ranker],
    split: Split,
    k: int = 20,
    seed: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Fit every model on ``split.train``, rank all items without those seen there, and judge by ``split.test``.

    Metrics are means over the users with test items. Seconds and peak memory (of the whole process) are those
    of fitting and ranking together.
    """
    models = list(models)
    judged = []
    for number, model in enumerate(models):
        progress(f"evaluating {model.name}", number, len(models))
        judged.append(_judge(model, split, k, seed, progress))
    return Evaluation(split, k, seed, judged)


def bootstrap_difference(one: Floats, other: Floats, seed: int = 0, rounds: int = 1000) -> tuple[float, float, float]:
    """Return the mean of ``one - other`` (n,), paired by user, and its 95 % percentile interval.

    Users are drawn with replacement ``rounds`` times (Efron 1979); users without a value in either are left out.
    """
    gains = (one - other)[~np.isnan(one - other)]
    if not len(gains):
        return np.nan, np.nan, np.nan
    random = np.random.default_rng(seed)
    means = [gains[random.integers(0, len(gains), len(gains))].mean() for _ in range(rounds)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(gains.mean()), float(low), float(high)


def accuracy(items: npt.NDArray[np.int32], truth: sparse.csr_matrix) -> dict[str, Floats]:
    """Return every accuracy metric (n,) of the lists ``items`` (n, k) against the rows of ``truth``."""
    hits, sizes = hits_of(items, truth), np.diff(truth.indptr)
    return {name: metric(hits, sizes) for name, metric in ACCURACY.items()}


def _judge(model: Ranker, split: Split, k: int, seed: int, progress: Progress) -> Judged:
    reset_peak()
    started = perf_counter()
    model.fit(split.train, seed=seed, progress=progress)
    items = _padded(model.top_k(split.users, k, split.train.seen).items, k)
    seconds, peak = perf_counter() - started, peak_mib()
    per_user = accuracy(items, split.test[split.users])
    overall = {name: float(np.mean(values)) for name, values in per_user.items()} | _beyond_accuracy(items, split.train)
    return Judged(model.name, model.chosen_on, items, per_user, overall, seconds, peak)


def _padded(items: npt.NDArray[np.int32], k: int) -> npt.NDArray[np.int32]:
    """Lists of a catalogue with fewer than k items still count as lists of k places."""
    return np.pad(items, ((0, 0), (0, k - items.shape[1])), constant_values=NO_ITEM)


def _beyond_accuracy(items: npt.NDArray[np.int32], train: GraphSnapshot) -> dict[str, float]:
    return {
        "coverage": coverage(items, len(train.items)),
        "novelty": novelty(items, _popularity(train), len(train.users)),
        "diversity": diversity(items, train.interactions),
    }


def _popularity(train: GraphSnapshot) -> Floats:
    return np.bincount(train.interactions.indices, minlength=len(train.items)).astype(np.float64)


def _quarters(popularity: Floats) -> npt.NDArray[np.int64]:
    """0 for the most popular quarter of the items to 3 for the least; ties by row."""
    rank = np.empty(len(popularity), dtype=np.int64)
    rank[np.lexsort((np.arange(len(popularity)), -popularity))] = np.arange(len(popularity))
    return rank * 4 // max(1, len(popularity))


def _count_and_mean(values: Floats) -> tuple[int, float]:
    return len(values), float(values.mean()) if len(values) else float("nan")
