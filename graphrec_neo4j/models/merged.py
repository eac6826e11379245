"""Explanations of several members made one of their blend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphrec_neo4j.results import Contribution, Explanation


def merged(parts: Sequence[tuple[float, Explanation]], limit: int) -> Explanation:
    """Return the explanation of ``sum of factor * score`` over (factor, explanation) ``parts``.

    Contributions of one kind through the same nodes become one, which counts what the member that knows most
    counts; the ``limit`` largest positive ones are kept. What a member leaves out stays in ``other``.
    """
    scores: dict[tuple[str, tuple[tuple[str, int], ...]], float] = {}
    told: dict[tuple[str, tuple[tuple[str, int], ...]], Contribution] = {}
    for factor, explanation in parts:
        for part in explanation.contributions:
            key = (part.kind, part.path)
            scores[key] = scores.get(key, 0.0) + factor * part.score
            if key not in told or part.count > told[key].count:
                told[key] = part
    best = sorted((-score, key) for key, score in scores.items() if score > 0)[:limit]
    shown = tuple(replace(told[key], score=-negative) for negative, key in best)
    total = sum(factor * explanation.score for factor, explanation in parts)
    exact = all(explanation.exact for _, explanation in parts)
    return Explanation(total, shown, total - sum(part.score for part in shown), exact)
