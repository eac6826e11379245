"""What ``auto`` tries: families of models, each with the axes along which one of its variants is chosen."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphrec_neo4j.models import create, model_class
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.explanations import Grouping

Variant = tuple[str, dict[str, Any]]
"""A model's name and its settings."""

Point = dict[str, Any]
"""A value for each axis of a family."""

OPERATIONS_A_SECOND = 2e10
"""What two cores of a small machine do of the dense work that costs the time; only to leave out what cannot fit."""

EASE_ITEMS = 8_000
"""Above that many items SLIM finds much the same ties in a fraction of the time."""
RANKS = (1024, 512, 256, 128, 64)


@dataclass(frozen=True)
class Family:
    """Models of one kind: ``axes`` gives each axis its values, the first being where the search starts.

    ``settings`` makes a point's settings; ``seconds`` is how long the dearest fit takes, roughly. What ``gated``
    models go by is not the user's own history, so that they may count for more the shorter that is.
    """

    model: str
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    settings: Callable[[Point], dict[str, Any]] = dict
    seconds: float = 0.0
    gated: bool = False

    @property
    def start(self) -> Point:
        """The point at which the search begins."""
        return {axis: values[0] for axis, values in self.axes.items()}

    def variant(self, point: Point) -> Variant:
        """Return the variant of a point."""
        return self.model, self.settings(point)

    def around(self, best: Callable[[], Point]) -> Iterator[Point]:
        """Yield the points that differ from ``best()``, asked each time, along one axis; axis after axis."""
        for axis, values in self.axes.items():
            for value in values:
                point = {**best(), axis: value}
                if point != best():
                    yield point


def families(snapshot: GraphSnapshot, seconds: float = math.inf, *, exact_reasons: bool = True) -> dict[str, Family]:
    """Return the families that ``snapshot`` has edges for, those that are cheap to fit first.

    With ``exact_reasons`` only models whose reasons are their own arithmetic; else DistMult too. Low passes have the
    largest rank whose fit takes no more than ``seconds`` and smaller ones, or else the smallest.

    One walk for each default meta-path of the schema, named like it, and the first without any exponents, which errs
    elsewhere; popularity always, that of late where there are times; where there are interactions, filters and linear
    models of the item graph and, where they are installed, trained models. Where a search starts held on the first, the
    last and a random part of each user's interactions in Gowalla's train part, whose order carries time.
    """
    schema = snapshot.schema
    paths = list(_paths(snapshot).items())
    found = {f"walk {name}": _walk(text, schema) for name, text in paths}
    found |= {f"plain walk {name}": Family("p3", {"meta_paths": ((text,),)}) for name, text in paths[:1]}
    found["popularity"] = Family("popularity", gated=True)
    if any(snapshot.edges[name].time is not None for name in schema.by_role("interaction")):
        found["recent popularity"] = Family("recent-popularity", gated=True)
    if snapshot.interactions.nnz:
        found |= _of_interactions(snapshot, seconds)
        found |= _learnt(snapshot, exact_reasons)
    return found


def _paths(snapshot: GraphSnapshot) -> dict[str, str]:
    """The default meta-paths that can be walked from users to items in this graph."""
    schema, kept = snapshot.schema, {}
    for name, text in schema.default_meta_paths().items():
        path = schema.meta_path(text)
        ends = (path.source, path.target) == (schema.recommend_to, schema.recommend)
        if ends and len(path.steps) > 1 and all(matrix.nnz for matrix in snapshot.step_matrices(path.steps)):
            kept[name] = text
    return kept


def _walk(text: str, schema: GraphSchema) -> Family:
    """Degree exponents of each step and of the target: P3 where all are 1 and beta is 0."""
    path = schema.meta_path(text)
    axes: dict[str, tuple[float, ...]] = {"beta": (0.2, 0.0, 0.1, 0.3, 0.4), "second": (0.7, 0.4, 0.55, 0.85, 1.0)}
    if len(path.steps) > 2:
        axes["third"] = (0.85, 0.55, 0.7, 1.0)

    def settings(point: Point) -> dict[str, Any]:
        alpha = (1.0, *(point[axis] for axis in ("second", "third") if axis in point))
        return {"meta_paths": (text,), "alpha": alpha, "beta": point["beta"]}

    return Family("rp3beta", axes, settings, gated=not Grouping.of(path, schema).folds_in)


def _of_interactions(snapshot: GraphSnapshot, most_seconds: float) -> dict[str, Family]:
    liked = snapshot.interactions
    n_users, n_items = (int((np.diff(matrix.indptr) > 0).sum()) for matrix in (liked, liked.T.tocsr()))
    of_user = np.diff(liked.indptr).astype(np.float64)
    room = min(n_users, n_items) // 2
    low_pass = {rank: _low_pass_operations(rank, n_users, n_items, liked.nnz) for rank in RANKS}
    most = most_seconds * OPERATIONS_A_SECOND
    ranks = tuple(rank for rank in RANKS if rank <= room and low_pass[rank] <= most) or RANKS[-1:]
    operations = {
        "turbo-cf": 60 * float(of_user @ of_user),
        "spectral": low_pass[ranks[0]],
        "slim": 30_000.0 * liked.nnz * np.sqrt(float(of_user @ of_user) / max(1, liked.nnz)),
        "ease": float(n_items) ** 3,
    }
    seconds = {name: count / OPERATIONS_A_SECOND for name, count in operations.items()}
    found = {
        "turbo-cf": Family(
            "turbo-cf",
            {"power": (0.5, 0.3, 0.7, 1.0), "alpha": (0.5, 0.4, 0.6)},
            seconds=seconds["turbo-cf"],
        ),
        "spectral": Family("spectral", _spectral_axes(ranks), _spectral_settings, seconds["spectral"]),
    }
    found["gf-cf"] = Family(
        "gf-cf", {"dimensions": ranks, "alpha": (0.5, 0.25, 1.0)}, _gf_cf_settings, seconds["spectral"]
    )
    found["slim"] = Family(
        "slim", {"neighbours": (200,), "l1": (0.5, 0.1), "l2": (50.0, 100.0)}, seconds=seconds["slim"]
    )
    if n_items <= EASE_ITEMS:
        found["ease"] = Family("ease", {"l2": (300.0, 100.0, 1000.0)}, seconds=seconds["ease"])
    return found


def _learnt(snapshot: GraphSnapshot, exact_reasons: bool) -> dict[str, Family]:
    """Models that are learnt step by step."""
    liked, roles = snapshot.interactions, snapshot.schema.roles
    beside = sum(len(snapshot.edges[name]) for name, role in roles.items() if role != "interaction")
    training = 480.0 * (1600 * liked.nnz + 400 * min(len(snapshot.items), 8192) * len(snapshot.users) / 30)
    operations = {"lightgcn": training}
    if not exact_reasons:
        operations["distmult"] = training * (1 + beside / liked.nnz)
    return {
        name: Family(name, seconds=count / OPERATIONS_A_SECOND)
        for name, count in operations.items()
        if all(importlib.util.find_spec(module) for module in model_class(name).needs)
    }


def _low_pass_operations(rank: int, n_users: int, n_items: int, pairs: int) -> float:
    """A decomposition, and the product that ranks all items for everybody, at four times the speed."""
    return 12.0 * rank * (4 * pairs + rank * (n_users + n_items)) + 0.5 * rank * float(n_users) * n_items


def _spectral_axes(ranks: tuple[int, ...]) -> dict[str, tuple[Any, ...]]:
    """The first axes need no new decomposition, so that they are the cheap ones."""
    return {
        "softness": (0.5, 0.0, 1.0),
        "dimensions": ranks,
        "scale_exponent": (0.25, 0.15, 0.2, 0.3),
        "exponents": ((0.35, 0.35), (0.2, 0.35), (0.5, 0.5)),
    }


def _spectral_settings(point: Point) -> dict[str, Any]:
    user, item = point["exponents"]
    rest = {axis: value for axis, value in point.items() if axis != "exponents"}
    return {**rest, "user_exponent": user, "item_exponent": item}


def _gf_cf_settings(point: Point) -> dict[str, Any]:
    exponents = {"user_exponent": 0.3, "item_exponent": 0.4, "low_pass_exponent": 0.25, "linear_exponent": 0.25}
    return {**point, **exponents, "softness": 0.5}


def made(variant: Variant) -> Recommender:
    """Return the unfitted model of a variant."""
    name, settings = variant
    return create(name, **settings)


def without_choice(snapshot: GraphSnapshot) -> dict[str, Variant]:
    """Return what to take where there is nothing to choose on: plain walks and the filter, else popularity."""
    found: dict[str, Variant] = {
        f"walk {name}": ("p3", {"meta_paths": (text,)}) for name, text in _paths(snapshot).items()
    }
    if snapshot.interactions.nnz:
        found["spectral"] = ("spectral", {})
    return found or {"popularity": ("popularity", {})}


def spells_out(variant: Variant) -> str:
    """Return a variant in words for the run's report."""
    name, settings = variant
    told = ", ".join(f"{key} {_plain(value)}" for key, value in settings.items() if key != "meta_paths")
    path = "".join(f" along {text}" for text in settings.get("meta_paths", ()))
    return f"{name}{path}" + (f" ({told})" if told else "")


def _plain(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(_plain, value))
    return value if isinstance(value, str) else f"{value:g}"
