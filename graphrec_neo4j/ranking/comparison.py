"""An evaluation with what makes its rows comparable: intervals, paired differences, slices, other cutoffs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from graphrec_neo4j.ranking.bootstrap import percentile_interval, resampled_means
from graphrec_neo4j.ranking.evaluation import Evaluation, Floats, Judged, without_nan
from graphrec_neo4j.ranking.slices import by_history, by_popularity
from graphrec_neo4j.ranking.splits import Split

METRICS = ("recall", "ndcg")
"""The metrics whose differences get an interval."""


def compared(evaluation: Evaluation, baselines: Collection[str] = ()) -> dict[str, Any]:
    """Return :meth:`Evaluation.table` with ``best``, ``baseline``, ``left_out``, and more in each model's row.

    ``best`` is the model of the highest NDCG on this very split, ``baseline`` that of the highest among
    ``baselines`` (or None), so that no row is flattered by an easy opponent. A row gains ``interval`` (95 %
    percentile bootstrap over users), ``difference`` to each of the two (``best``, ``baseline``; mean, low, high,
    paired by user), ``slices`` and ``cutoffs``.
    """
    table = evaluation.table()
    best = _best(evaluation.judged)
    baseline = _best([judged for judged in evaluation.judged if judged.model in baselines])
    table |= {
        "best": best.model if best else None,
        "baseline": baseline.model if baseline else None,
        "left_out": [{"model": name, "reason": why} for name, why in evaluation.left_out.items()],
        "items": len(evaluation.split.train.items),
        "train_interactions": int(evaluation.split.train.interactions.nnz),
    }
    for row, judged in zip(table["models"], evaluation.judged, strict=True):
        row["slices"] = _slices(judged, evaluation.split, evaluation.k)
        row["cutoffs"] = {str(cut): dict(means) for cut, means in judged.by_cutoff.items()}
        row["interval"], row["difference"] = {}, {}
    for metric in METRICS:
        _add_intervals(table, evaluation, metric, {"best": best, "baseline": baseline})
    return table


def _best(judged: Collection[Judged]) -> Judged | None:
    return max(judged, key=lambda one: one.overall["ndcg"], default=None)


def _add_intervals(
    table: dict[str, Any], evaluation: Evaluation, metric: str, references: dict[str, Judged | None]
) -> None:
    """Add the intervals of one metric to every row of ``table``.

    Differences are resampled themselves, not subtracted afterwards, so that equal lists differ by exactly nothing.
    """
    columns: list[Floats] = []
    places: list[tuple[dict[str, Any], str]] = []
    for row, judged in zip(table["models"], evaluation.judged, strict=True):
        columns.append(judged.per_user[metric])
        places.append((row, ""))
        for role, reference in references.items():
            if reference is not None and reference is not judged:
                columns.append(judged.per_user[metric] - reference.per_user[metric])
                places.append((row, role))
    if not columns:
        return
    values, name = np.stack(columns, axis=1), f"{metric}@{evaluation.k}"
    ends = zip(values.mean(axis=0), *percentile_interval(resampled_means(values, evaluation.seed)), strict=True)
    for (row, role), numbers in zip(places, ends, strict=True):
        mean, low, high = map(float, numbers)
        if role:
            to = row["difference"].setdefault(role, {"to": table[role]})
            to[name] = {"mean": mean, "low": low, "high": high}
        else:
            row["interval"][name] = [low, high]


def _slices(judged: Judged, split: Split, k: int) -> dict[str, Any]:
    histories = {metric: by_history(judged, split, metric) for metric in METRICS}
    users = {
        name: {"users": count, **{f"{metric}@{k}": without_nan(of[name][1]) for metric, of in histories.items()}}
        for name, (count, _) in histories[METRICS[0]].items()
    }
    items = {
        name: {"test_pairs": pairs, f"recall@{k}": without_nan(found)}
        for name, (pairs, found) in by_popularity(judged, split).items()
    }
    return {"users_by_history": users, "items_by_popularity": items}
