"""How the walks of a meta-path are grouped to be explained, and their shares as explanations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.meta_path import ALL_INTERACTIONS, MetaPath
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation, Shares
from graphrec_neo4j.schema import GraphSchema


class Telling(NamedTuple):
    """How contributions are told: their kind, the type of their nodes ("" for none) and the edges walked."""

    kind: str
    node_type: str
    edges: tuple[str, ...]


@dataclass(frozen=True)
class Grouping:
    """How walks along ``path`` are told: as ``kind``, one contribution for each node that they pass at ``level``.

    Level 0 is where the first step leads; ``folds_in`` says whether the path begins with an interaction, so
    that a history is enough to walk it.
    """

    path: MetaPath
    kind: str
    level: int
    folds_in: bool

    @classmethod
    def of(cls, path: MetaPath, schema: GraphSchema) -> Grouping:
        """Group by the first node that is neither user nor item; without one, by where the first step leads."""
        first, ends = path.steps[0], {schema.recommend_to, schema.recommend}
        liked = first.edge == ALL_INTERACTIONS or schema.roles[first.edge] == "interaction"
        folds_in = liked and first.target == schema.recommend
        for level, step in enumerate(path.steps[:-1]):
            if step.target not in ends:
                return cls(path, "category", level, folds_in)
        return cls(path, "taste" if liked else "tie", 0, folds_in)

    @property
    def telling(self) -> Telling:
        """How its contributions are told."""
        edges = tuple(step.edge for step in self.path.steps)
        return Telling(self.kind, self.path.steps[self.level].target, edges)


def explanations(
    shares: Shares, items: npt.NDArray, tellings: Sequence[Telling], exact: bool = True
) -> list[list[Explanation | None]]:
    """Turn the shares of ``items`` (m, k) into explanations, None where an item is NO_ITEM."""
    columns = zip(
        items.tolist(),
        shares.totals.tolist(),
        shares.parts.tolist(),
        shares.chains.tolist(),
        shares.nodes.tolist(),
        shares.ways.tolist(),
        strict=True,
    )
    return [
        [
            None if item == NO_ITEM else _explanation(total, parts, tellings, exact)
            for item, total, *parts in zip(*row, strict=True)
        ]
        for row in columns
    ]


def _explanation(total: float, parts: list[list], tellings: Sequence[Telling], exact: bool) -> Explanation:
    kept = []
    for part, chain, node, ways in zip(*parts, strict=True):
        if node == NO_ITEM:
            break
        kind, node_type, edges = tellings[chain]
        kept.append(Contribution(kind, part, ((node_type, node),) if node_type else (), ways, edges))
    return Explanation(total, tuple(kept), total - sum([part.score for part in kept]), exact)


def as_arrays(groupings: Sequence[Grouping]) -> dict[str, npt.NDArray]:
    """Groupings as named arrays, from which :func:`from_arrays` makes equal ones."""
    return {
        "paths": np.array([grouping.path.text for grouping in groupings]),
        "kinds": np.array([grouping.kind for grouping in groupings]),
        "levels": np.array([grouping.level for grouping in groupings]),
        "fold_in": np.array([grouping.folds_in for grouping in groupings]),
    }


def from_arrays(arrays: dict[str, npt.NDArray]) -> list[Grouping]:
    """The inverse of :func:`as_arrays`."""
    columns = (arrays[name].tolist() for name in ("paths", "kinds", "levels", "fold_in"))
    return [Grouping(MetaPath.parse(text), *rest) for text, *rest in zip(*columns, strict=True)]
