"""How strongly a walk follows an edge, from the edge's weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import SnapshotError

Floats = npt.NDArray[np.float64]


def walk_strengths(weight: Floats, strength: Literal["weight", "log"], name: str, ends: Callable[[int], str]) -> Floats:
    """Return the strengths (m,) of edges with ``weight`` (m,), 1 where it is missing (NaN).

    ``name`` is the edge type, ``ends`` tells what the edge of a row joins. Raises SnapshotError for an infinite or
    negative weight, and where all weights are 0, so that a walk could go nowhere.
    """
    known = np.where(np.isnan(weight), 1.0, weight)
    bad = np.flatnonzero(~np.isfinite(known) | (known < 0))
    remedy = f"(or set strength = 'one' for {name} in graphrec.toml)"
    if len(bad):
        raise SnapshotError(
            f"{name} {ends(int(bad[0]))} has weight {known[bad[0]]}, which no walk can use; "
            f"weights are finite and not negative {remedy}."
        )
    if len(known) and not known.any():
        raise SnapshotError(
            f"all {len(known):,} {name} have weight 0, the first {ends(0)}, so no walk can use them; "
            f"some weight must be above 0 {remedy}."
        )
    return np.log1p(known) if strength == "log" else known
