"""A small search for a trained model's settings on a validation part, with Optuna."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.models import create, model_class
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.metrics import hits_of, ndcg
from graphrec_neo4j.ranking.splits import Split, random_split
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.settings import Range, TrainingSettings

if TYPE_CHECKING:
    import optuna

DEPTH = 20
MOST_USERS = 4000
SHARE = 0.1


@dataclass(frozen=True)
class Tuned:
    """The best ``settings`` that were tried, their NDCG@20 and ``on`` what, and all ``trials``."""

    settings: Mapping[str, Any]
    merit: float
    on: str
    trials: list[dict[str, Any]]

    def report(self) -> dict[str, Any]:
        """The search as plain values."""
        return {"on": self.on, f"ndcg@{DEPTH}": self.merit, "trials": self.trials}


def tuned(
    snapshot: GraphSnapshot, model: str, settings: Mapping[str, Any], trials: int, seed: int, progress: Progress
) -> Tuned:
    """Try ``trials`` settings of ``model`` on a random tenth of each user's edges; the first are those that are given.

    What ``settings`` names stays as it is. The others are drawn by a tree-structured Parzen estimator (Bergstra et
    al., NIPS 2011), the same ones for the same seed. Settings that break down count as worthless. Raises ModelError
    where nothing is left to tune, MissingExtraError without Optuna.
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("--tune", "tune") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ranges = {name: found for name, found in _ranges(model).items() if name not in settings}
    if not ranges:
        raise ModelError(f"nothing of {model} is left to tune: every setting with a range is given.")
    split = random_split(snapshot, SHARE, seed)
    told: list[dict[str, Any]] = []

    def objective(trial: optuna.Trial) -> float:
        progress("tuning", len(told), trials)
        tried = {**settings, **({name: _drawn(trial, name, found) for name, found in ranges.items()} if told else {})}
        try:
            merit = _merit(split, model, tried, seed)
        except ModelError as error:
            told.append({"settings": tried, "left_out": str(error)})
            return 0.0
        told.append({"settings": tried, f"ndcg@{DEPTH}": merit})
        return merit

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    progress("tuning", trials, trials)
    best = max(told, key=lambda one: one.get(f"ndcg@{DEPTH}", -1.0))
    return Tuned(best["settings"], best.get(f"ndcg@{DEPTH}", 0.0), split.about, told)


def _ranges(model: str) -> dict[str, Range]:
    settings_class = cast("type[TrainingSettings]", model_class(model).settings_class)
    known = {setting.name for setting in fields(settings_class)}
    return {name: found for name, found in settings_class.tunable.items() if name in known}


def _drawn(trial: optuna.Trial, name: str, found: Range) -> float | int:
    if isinstance(found.low, int) and isinstance(found.high, int):
        return trial.suggest_int(name, found.low, found.high)
    return trial.suggest_float(name, found.low, found.high, log=found.logarithmic)


def _merit(split: Split, model: str, settings: Mapping[str, Any], seed: int) -> float:
    users = split.users
    if len(users) > MOST_USERS:
        users = np.sort(np.random.default_rng(seed).choice(users, MOST_USERS, replace=False))
    fitted = create(model, **settings).fit(split.train, seed=seed)
    truth = split.test[users]
    hits = hits_of(fitted.top_k(users, DEPTH, split.train.seen).items, truth)
    return float(np.nanmean(ndcg(hits, np.diff(truth.indptr))))
