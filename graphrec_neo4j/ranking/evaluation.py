"""Models fitted on one part of the interactions and judged on the other, over all items that are not in train."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.foresee import must_fit
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.metrics import ACCURACY, coverage, diversity, hits_of, novelty, popularity_lift
from graphrec_neo4j.ranking.parts import in_parts
from graphrec_neo4j.ranking.peak_memory import peak_mib, reset_peak
from graphrec_neo4j.ranking.splits import Split
from graphrec_neo4j.results import NO_ITEM, TopK
from graphrec_neo4j.snapshot import GraphSnapshot

Floats = npt.NDArray[np.float64]

BYTES_A_PLACE, BYTES_A_PAIR = 64.0, 30.0
"""What is held of each place of each list, and of each train interaction, while all metrics are computed."""

CURVES = ("recall", "ndcg")
"""The metrics that are also given for lists of other lengths."""


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

    @property
    def chosen(self) -> Mapping[str, Any]:
        """What it chose and why, as plain values; empty where it chooses nothing."""
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
    metrics of all lists together; names do not carry the k. ``by_cutoff`` holds the means of recall and NDCG of
    the same lists cut at other lengths.
    """

    model: str
    chosen_on: str
    items: npt.NDArray[np.int32]
    per_user: Mapping[str, Floats]
    overall: Mapping[str, float]
    by_cutoff: Mapping[int, Mapping[str, float]]
    seconds: float
    peak_mib: float
    chosen: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What :func:`evaluate` found, model by model in the order asked, and why some models were left out."""

    split: Split
    k: int
    seed: int
    judged: Sequence[Judged]
    left_out: Mapping[str, str] = field(default_factory=dict)

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
        metrics = {f"{name}@{self.k}": without_nan(value) for name, value in judged.overall.items()}
        cost = {"seconds": round(judged.seconds, 2), "peak_mib": without_nan(round(judged.peak_mib, 1))}
        chosen = {"chosen": dict(judged.chosen)} if judged.chosen else {}
        return {"model": judged.model, "chosen_on": judged.chosen_on, **metrics, **cost, **chosen}


def evaluate(
    models: Iterable[Ranker],
    split: Split,
    k: int = 20,
    seed: int = 0,
    progress: Progress = silent,
    *,
    cutoffs: Collection[int] = (),
    optional: Collection[str] = (),
) -> Evaluation:
    """Fit every model on ``split.train``, rank all items without those seen there, and judge by ``split.test``.

    Metrics are means over the users with test items. Lists are made once, as long as the longest of ``k`` and
    ``cutoffs``. Seconds and peak memory (of the whole process) are those of fitting and ranking together. A model
    whose name is in ``optional`` is left out with its own words if it cannot be fitted; any other raises them.
    Raises ModelError before any work where the lists of all users do not fit into memory.
    """
    models, cuts = list(models), sorted(set(cutoffs))
    _foresee(split, max(k, *cuts, 0))
    judged, left_out = [], {}
    for number, model in enumerate(models):
        progress(f"evaluating {model.name}", number, len(models))
        try:
            judged.append(_judge(model, split, k, cuts, seed, progress))
        except (ModelError, MissingExtraError) as error:
            if model.name not in optional:
                raise
            left_out[model.name] = str(error)
    return Evaluation(split, k, seed, judged, left_out)


def _foresee(split: Split, longest: int) -> None:
    """Raise ModelError if judging lists of ``longest`` items would take more memory than there is."""
    users, pairs = len(split.users), split.train.interactions.nnz
    needed = BYTES_A_PLACE * users * longest + BYTES_A_PAIR * pairs
    must_fit(f"judging {users:,} lists of {longest:,} items", needed, None, "cut the lists shorter or test fewer users")


def accuracy(items: npt.NDArray[np.int32], truth: sparse.csr_matrix) -> dict[str, Floats]:
    """Return every accuracy metric (n,) of the lists ``items`` (n, k) against the rows of ``truth``."""
    hits, sizes = hits_of(items, truth), np.diff(truth.indptr)
    return {name: metric(hits, sizes) for name, metric in ACCURACY.items()}


def popularity_in(train: GraphSnapshot) -> Floats:
    """Return how many users have each item in ``train``: (n_items,)."""
    return np.bincount(train.interactions.indices, minlength=len(train.items)).astype(np.float64)


def without_nan(value: float) -> float | None:
    """Return a number as JSON can hold it: None where there is none."""
    return None if np.isnan(value) else value


def _judge(model: Ranker, split: Split, k: int, cutoffs: list[int], seed: int, progress: Progress) -> Judged:
    reset_peak()
    started, longest = perf_counter(), max(k, *cutoffs, 0)
    model.fit(split.train, seed=seed, progress=progress)
    top = in_parts(lambda users: model.top_k(users, longest, split.train.seen), split.users, progress)
    lists = _padded(top.items, longest)
    seconds, peak = perf_counter() - started, peak_mib()
    truth, items = split.test[split.users], lists[:, :k].copy()
    per_user = accuracy(items, truth)
    overall = {name: float(np.mean(values)) for name, values in per_user.items()} | _beyond_accuracy(items, split)
    by_cutoff = _by_cutoff(lists, truth, cutoffs)
    return Judged(model.name, model.chosen_on, items, per_user, overall, by_cutoff, seconds, peak, model.chosen)


def _padded(items: npt.NDArray[np.int32], k: int) -> npt.NDArray[np.int32]:
    """Lists of a catalogue with fewer than k items still count as lists of k places."""
    return np.pad(items, ((0, 0), (0, k - items.shape[1])), constant_values=NO_ITEM)


def _by_cutoff(
    lists: npt.NDArray[np.int32], truth: sparse.csr_matrix, cutoffs: list[int]
) -> dict[int, dict[str, float]]:
    if not cutoffs:
        return {}
    hits, sizes = hits_of(lists, truth), np.diff(truth.indptr)
    return {cut: {name: float(np.mean(ACCURACY[name](hits[:, :cut], sizes))) for name in CURVES} for cut in cutoffs}


def _beyond_accuracy(items: npt.NDArray[np.int32], split: Split) -> dict[str, float]:
    train, popularity = split.train, popularity_in(split.train)
    return {
        "coverage": coverage(items, len(train.items)),
        "novelty": novelty(items, popularity, len(train.users)),
        "diversity": diversity(items, train.interactions),
        "popularity_lift": popularity_lift(items, train.interactions[split.users], popularity),
    }
