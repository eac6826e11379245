"""Exact reasons for a model whose user vector is a weighted sum over the items of her history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation
from graphrec_neo4j.schema import GraphSchema

Floats = npt.NDArray[np.float32]
_Part = tuple[int, float]


@dataclass(frozen=True, eq=False)
class TasteParts:
    """``score(u, i) = users[u] . items[i]`` and the part of it that goes through each item j of u's history.

    That part is ``scale[u] * (through[j] . items[i])``; what remains does not come from the history. ``users``
    (n_users, d), ``items`` and ``through`` (n_items, d), ``scale`` (n_users,), ``history`` (n_users, n_items)
    a pattern with sorted rows; ``node_type`` and ``edge`` say what a walk through j passes and follows.
    """

    users: Floats
    items: Floats
    through: Floats
    scale: Floats
    history: sparse.csr_matrix
    node_type: str
    edge: str

    @cached_property
    def _liked_by(self) -> sparse.csr_matrix:
        return self.history.T.tocsr().sorted_indices()

    def explain(
        self, users: npt.NDArray[np.integer], items: npt.NDArray[np.integer], limit: int
    ) -> list[list[Explanation | None]]:
        """Explain ``items`` (m, k) for ``users`` (m,) by at most ``limit`` positive contributions, largest first."""
        found = [
            (score, parts)
            for user, of_user in zip(users.tolist(), items, strict=True)
            for score, parts in self._parts_of(user, of_user, limit)
        ]
        flat = items.ravel().tolist()
        pairs = [(node, item) for (_, parts), item in zip(found, flat, strict=True) for node, _ in parts]
        counts = iter(self._counts(pairs))
        made = [
            None if item == NO_ITEM else self._told(score, parts, counts)
            for (score, parts), item in zip(found, flat, strict=True)
        ]
        width = items.shape[1]
        return [made[start : start + width] for start in range(0, len(made), width)] if width else [[] for _ in users]

    def _parts_of(self, user: int, items: npt.NDArray[np.integer], limit: int) -> Iterator[tuple[float, list[_Part]]]:
        """The score of each of ``items`` (k,) and its largest positive parts as (history item, part)."""
        mine = self.history.indices[self.history.indptr[user] : self.history.indptr[user + 1]]
        vectors = self.items[items].astype(np.float64)
        scores = vectors @ self.users[user].astype(np.float64)
        parts = vectors @ self.through[mine].astype(np.float64).T * float(self.scale[user])
        order = np.argsort(-parts, axis=1, kind="stable")[:, :limit]
        best = np.take_along_axis(parts, order, axis=1)
        listed = zip(items.tolist(), scores.tolist(), mine[order].tolist(), best.tolist(), strict=True)
        for item, score, nodes, values in listed:
            positive = [(node, value) for node, value in zip(nodes, values, strict=True) if value > 0]
            yield score, positive if item != NO_ITEM else []

    def _counts(self, pairs: list[tuple[int, int]]) -> list[int]:
        """How many users like both items of each pair."""
        from graphrec_neo4j.models.pair_counts import shared_counts

        left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return shared_counts(self._liked_by.indptr, self._liked_by.indices, left, right).tolist()

    def _told(self, score: float, parts: list[_Part], counts: Iterator[int]) -> Explanation:
        contributions = tuple(
            Contribution("taste", value, ((self.node_type, node),), next(counts), (self.edge,) * 3)
            for node, value in parts
        )
        return Explanation(score, contributions, score - sum(value for _, value in parts), exact=True)


def interaction_edge(schema: GraphSchema) -> str:
    """The name of the one interaction type, or ``*`` where there are several, as meta-paths spell it."""
    names = list(schema.by_role("interaction"))
    return names[0] if len(names) == 1 else ALL_INTERACTIONS
