"""What ``auto`` tries: families of models, and for each the variants among which it chooses one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.snapshot import GraphSnapshot

Variant = tuple[str, dict[str, Any]]
"""A model's name and its settings."""

WALKS = ((1.0, 0.0), (1.0, 0.2), (1.0, 0.4), (0.8, 0.2), (0.8, 0.4))
"""(alpha, beta) of RP3beta; the first is P3."""

FILTERS = ((64, 0.35, 0.35, 0.3, 0.5), (256, 0.35, 0.35, 0.3, 0.0), (512, 0.35, 0.35, 0.3, 0.0))
"""(dimensions, user, item and scale exponent, softness) of Spectral, cheapest first.

An ideal low pass (softness 0) of more waves than half of what there is keeps hardly anything out, so it is not tried.
"""

_FILTER_SETTINGS = ("dimensions", "user_exponent", "item_exponent", "scale_exponent", "softness")


def families(snapshot: GraphSnapshot) -> dict[str, list[Variant]]:
    """Return the variants of each family that ``snapshot`` has edges for; the first of each is the default.

    One walk for each default meta-path of the schema, named like it; ``spectral`` and ``popularity`` where there
    are interactions.
    """
    found: dict[str, list[Variant]] = {}
    for name, text in snapshot.schema.default_meta_paths().items():
        path = snapshot.schema.meta_path(text)
        ends = (path.source, path.target) == (snapshot.schema.recommend_to, snapshot.schema.recommend)
        if ends and len(path.steps) > 1 and all(matrix.nnz for matrix in snapshot.step_matrices(path.steps)):
            found[f"walk {name}"] = [
                ("rp3beta", {"meta_paths": (text,), "alpha": alpha, "beta": beta}) for alpha, beta in WALKS
            ]
    if snapshot.interactions.nnz:
        room = min(snapshot.interactions.shape) // 2
        kept = [values for values in FILTERS if values == FILTERS[0] or values[0] <= room]
        found["spectral"] = [("spectral", dict(zip(_FILTER_SETTINGS, values, strict=True))) for values in kept]
    return found | {"popularity": [("popularity", {})]}


def made(variant: Variant) -> Recommender:
    """Return the unfitted model of a variant."""
    name, settings = variant
    return create(name, **settings)


def default_weights(names: Mapping[str, Any]) -> dict[str, float]:
    """Equal weights of all members but popularity, which counts only where it is alone."""
    return {name: float(name != "popularity" or len(names) == 1) for name in names}


def spells_out(variant: Variant) -> str:
    """Return a variant in words for the run's report."""
    name, settings = variant
    told = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "meta_paths")
    path = "".join(f" along {text}" for text in settings.get("meta_paths", ()))
    return f"{name}{path}" + (f" ({told})" if told else "")
