"""Named models judged on one split, always with the baselines that nobody may leave out beside them."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.models import MODELS, create, model_class
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.evaluation import Evaluation, evaluate
from graphrec_neo4j.ranking.splits import Split, leave_last_split, random_split, time_split
from graphrec_neo4j.snapshot import GraphSnapshot

BASELINES = ("popularity", "p3")
EVERY_MODEL = "all"


class UnknownSplitError(GraphRecError):
    """A way to split that does not exist."""


def split_of(snapshot: GraphSnapshot, how: str, seed: int) -> Split:
    """Cut a snapshot by ``time`` (the latest fifth), ``leave-last`` (each user's last) or at ``random`` (a fifth)."""
    if how == "time":
        return time_split(snapshot)
    if how == "leave-last":
        return leave_last_split(snapshot)
    if how == "random":
        return random_split(snapshot, seed=seed)
    raise UnknownSplitError(f"there is no split {how!r}; use time, leave-last or random.")


def models_to_judge(asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """The models to fit, baselines first, and those left out because their extra is not installed.

    ``asked`` holds names, or ``all``; without any, ``auto`` is meant. A model that is named and cannot be fitted
    is not left out: it raises MissingExtraError when it is fitted.
    """
    has_torch = importlib.util.find_spec("torch") is not None
    missing = [name for name in MODELS if not has_torch and model_class(name).needs]
    wanted = [name for name in MODELS if name not in missing] if EVERY_MODEL in asked else list(asked or ("auto",))
    names = list(dict.fromkeys([*BASELINES, *wanted]))
    return names, missing if EVERY_MODEL in asked else []


def judge(
    split: Split,
    names: Sequence[str],
    *,
    k: int = 20,
    seed: int = 0,
    budget: float | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Fit and judge the named models on one split; ``budget`` seconds bound what ``auto`` may try."""
    models = [create(name, **({"budget": budget} if name == "auto" and budget else {})) for name in names]
    return evaluate(models, split, k, seed, progress)
