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
    found: dict[tuple[str, tuple[tuple[str, int], ...]], Contribution] = {}
    for factor, explanation in parts:
        for part in explanation.contributions:
            key, score = (part.kind, part.path), factor * part.score
            known = found.get(key)
            if known is None:
                found[key] = replace(part, score=score)
            else:
                told = max(known, part, key=lambda one: one.count)
                found[key] = replace(told, score=known.score + score)
    kept = sorted((part for part in found.values() if part.score > 0), key=lambda part: (-part.score, part.path))
    total = sum(factor * explanation.score for factor, explanation in parts)
    shown = tuple(kept[:limit])
    exact = all(explanation.exact for _, explanation in parts)
    return Explanation(total, shown, total - sum(part.score for part in shown), exact)
