"""Named models judged on one split, always with the baselines that nobody may leave out beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.models import MODELS, create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.comparison import compared
from graphrec_neo4j.ranking.evaluation import evaluate
from graphrec_neo4j.ranking.faithfulness import faithfulness
from graphrec_neo4j.ranking.splits import Split, leave_last_split, random_split, time_split
from graphrec_neo4j.snapshot import MISSING_TIME, GraphSnapshot

BASELINES = ("popularity", "recent-popularity", "p3", "item-knn")
NEEDS_TIMES = "recent-popularity"
EVERY_MODEL = "all"
CUTOFFS = (1, 5, 10, 20, 50, 100)
"""The lengths at which a comparison cuts its lists, beside k."""


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


@dataclass(frozen=True)
class Entrants:
    """The models to judge, baselines first; which of them may be left out; and why some already are."""

    names: Sequence[str]
    optional: frozenset[str]
    left_out: Mapping[str, str] = field(default_factory=dict)


def entrants(asked: Sequence[str], train: GraphSnapshot) -> Entrants:
    """Say who takes part: the baselines and what is ``asked`` for: names, or ``all``; without any, ``auto``.

    Recent popularity is a baseline where ``train`` has times. A model that is named must be fitted; any other that
    cannot be, because of its size or of an extra that is not installed, is left out with its reason.
    """
    named = [name for name in asked or ("auto",) if name != EVERY_MODEL]
    wanted = list(dict.fromkeys([*BASELINES, *named, *(MODELS if EVERY_MODEL in asked else ())]))
    left_out = {}
    if NEEDS_TIMES not in named and not _has_times(train):
        wanted.remove(NEEDS_TIMES)
        if EVERY_MODEL in asked:
            left_out[NEEDS_TIMES] = "no interaction has a time, so it would be popularity."
    return Entrants(wanted, frozenset(wanted) - frozenset(named), left_out)


def judge(
    split: Split,
    who: Entrants,
    *,
    k: int = 20,
    seed: int = 0,
    budget: float | None = None,
    settings: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    cutoffs: Sequence[int] = (),
    explanations: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Fit and judge the entrants on one split and compare them, as :func:`compared` tells.

    ``budget`` seconds bound what ``auto`` may try; ``settings`` are those of models by name, where they are not their
    defaults; ``cutoffs`` longer than the catalogue are left out. With ``explanations`` each row has what
    :func:`faithfulness` finds, for which each model is fitted three times more.
    """
    budgets = {"auto": {"budget": budget}} if budget else {}
    models = [create(name, **{**budgets.get(name, {}), **settings.get(name, {})}) for name in who.names]
    lengths = {cut for cut in cutoffs if cut <= len(split.train.items)} | ({k} if cutoffs else set())
    found = evaluate(models, split, k, seed, progress, cutoffs=lengths, optional=who.optional)
    table = compared(replace(found, left_out={**who.left_out, **found.left_out}), BASELINES)
    if explanations:
        judged = {row["model"]: row for row in table["models"]}
        for number, model in enumerate(model for model in models if model.name in judged):
            progress("explaining", number, len(judged))
            judged[model.name]["explanations"] = _explained(model, split.train, seed)
    return table


def _explained(model: Recommender, train: GraphSnapshot, seed: int) -> dict[str, Any]:
    def fit(snapshot: GraphSnapshot, seed: int) -> Recommender:
        return create(model.name, **asdict(model.settings)).fit(snapshot, seed=seed)

    return faithfulness(model, train, fit, seed=seed)


def _has_times(train: GraphSnapshot) -> bool:
    times = [train.edges[name].time for name in train.schema.by_role("interaction")]
    return any(time is not None and bool((time != MISSING_TIME).any()) for time in times)
