"""Exact reasons for models whose scores are sums over the items of a user's history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.integer]
Terms = Callable[[int, Rows, Rows], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]
"""Of a user, her history (h,) and items (k,): the scores (k,) and the part (k, h) that goes through each of hers."""
_Part = tuple[int, float]


@dataclass(frozen=True, eq=False)
class Tastes:
    """What users like, as reasons: ``history`` (n_users, n_items) is a pattern with sorted rows.

    ``node_type`` and ``edge`` say what a walk from a user over an item of hers to another item passes and follows.
    """

    history: sparse.csr_matrix
    node_type: str
    edge: str

    @classmethod
    def of(cls, snapshot: GraphSnapshot) -> Self:
        """Take every positive interaction of ``snapshot``, however strong, as 1."""
        schema = snapshot.schema
        return cls(pattern(snapshot.interactions), schema.recommend, _interaction_edge(schema))

    def explain(
        self, users: Rows, items: Rows, limit: int, terms: Terms, exact: bool = True
    ) -> list[list[Explanation | None]]:
        """Explain ``items`` (m, k) for ``users`` (m,) by at most ``limit`` positive ``terms``, largest first.

        Their count is how many users like both items. What is left of a score does not come from these. ``exact`` says
        whether the terms are what the model computes, or come near it.
        """
        found = [
            (score, parts)
            for user, of_user in zip(users.tolist(), items, strict=True)
            for score, parts in self._parts_of(user, of_user, limit, terms)
        ]
        flat = items.ravel().tolist()
        pairs = [(node, item) for (_, parts), item in zip(found, flat, strict=True) for node, _ in parts]
        counts = iter(self.shared(*np.array(pairs, dtype=np.int64).reshape(-1, 2).T).tolist())
        made = [
            None if item == NO_ITEM else self._told(score, parts, counts, exact)
            for (score, parts), item in zip(found, flat, strict=True)
        ]
        width = items.shape[1]
        return [made[start : start + width] for start in range(0, len(made), width)] if width else [[] for _ in users]

    def shared(self, left: Rows, right: Rows) -> npt.NDArray[np.int64]:
        """Return how many users like both ``left[p]`` and ``right[p]``, for each of p pairs."""
        from graphrec_neo4j.models.pair_counts import shared_counts

        return shared_counts(self._liked_by.indptr, self._liked_by.indices, left, right)

    def state(self) -> dict[str, npt.NDArray | sparse.csr_matrix]:
        """Return what :meth:`restored` takes."""
        return {"history": self.history, "tastes": np.array([self.node_type, self.edge])}

    @classmethod
    def restored(cls, state: dict[str, npt.NDArray | sparse.csr_matrix]) -> Self:
        """The inverse of :meth:`state`; other arrays beside are left alone."""
        return cls(cast(sparse.csr_matrix, state["history"]), *cast(npt.NDArray, state["tastes"]).tolist())

    @cached_property
    def _liked_by(self) -> sparse.csr_matrix:
        return self.history.T.tocsr().sorted_indices()

    def _parts_of(self, user: int, items: Rows, limit: int, terms: Terms) -> Iterator[tuple[float, list[_Part]]]:
        """The score of each of ``items`` (k,) and its largest positive parts as (history item, part)."""
        mine = self.history.indices[self.history.indptr[user] : self.history.indptr[user + 1]]
        scores, parts = terms(user, mine, items)
        order = np.argsort(-parts, axis=1, kind="stable")[:, :limit]
        best = np.take_along_axis(parts, order, axis=1)
        listed = zip(items.tolist(), scores.tolist(), mine[order].tolist(), best.tolist(), strict=True)
        for item, score, nodes, values in listed:
            positive = [(node, value) for node, value in zip(nodes, values, strict=True) if value > 0]
            yield score, positive if item != NO_ITEM else []

    def _told(self, score: float, parts: list[_Part], counts: Iterator[int], exact: bool) -> Explanation:
        contributions = tuple(
            Contribution("taste", value, ((self.node_type, node),), next(counts), (self.edge,) * 3)
            for node, value in parts
        )
        return Explanation(score, contributions, score - sum(value for _, value in parts), exact)


@dataclass(frozen=True, eq=False)
class TasteVectors:
    """``score(u, i) = users[u] . items[i]`` and the part of it that goes through each item j of u's history.

    That part is ``scale[u] * (through[j] . items[i])``; what remains does not come from the history. ``users``
    (n_users, d), ``items`` and ``through`` (n_items, d), ``scale`` (n_users,).
    """

    users: Floats
    items: Floats
    through: Floats
    scale: Floats

    def terms(self, user: int, mine: Rows, items: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return :data:`Terms`, summed in 64 bits."""
        vectors = self.items[items].astype(np.float64)
        scores = vectors @ self.users[user].astype(np.float64)
        return scores, vectors @ self._through(user, mine).T

    def losses(self, user: int, mine: Rows, items: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return :data:`Terms` whose parts are what the scores lose without each of hers, at length one again."""
        vectors, own = self.items[items].astype(np.float64), self.users[user].astype(np.float64)
        return vectors @ own, losses(own, self._through(user, mine), vectors, normalised=True)

    def _through(self, user: int, mine: Rows) -> npt.NDArray[np.float64]:
        """The part (h, d) of a user's vector that goes through each of ``mine`` (h,)."""
        return self.through[mine].astype(np.float64) * float(self.scale[user])

    def state(self) -> dict[str, npt.NDArray]:
        """Return what :meth:`restored` takes."""
        return {"users": self.users, "items": self.items, "through": self.through, "scale": self.scale}

    @classmethod
    def restored(cls, state: dict[str, npt.NDArray | sparse.csr_matrix]) -> Self:
        """The inverse of :meth:`state`; other arrays beside are left alone."""
        arrays = cast("dict[str, npt.NDArray]", state)
        return cls(arrays["users"], arrays["items"], arrays["through"], arrays["scale"])


def losses(
    own: npt.NDArray[np.float64], heard: npt.NDArray[np.float64], asked: npt.NDArray[np.float64], *, normalised: bool
) -> npt.NDArray[np.float64]:
    """By how much the products of ``own`` (d,) with ``asked`` (k, d) fall without each of ``heard`` (n, d): (k, n).

    ``normalised`` brings what is left to length one.
    """
    left = own - heard
    if normalised:
        lengths = np.linalg.norm(left, axis=1, keepdims=True)
        left /= np.where(lengths > 0, lengths, 1)
    return (asked @ own)[:, None] - asked @ left.T


def pattern(interactions: sparse.csr_matrix) -> sparse.csr_matrix:
    """1 (float32) for every positive interaction, however strong, with sorted rows."""
    liked = (interactions > 0).astype(np.float32)
    liked.sort_indices()
    return liked


def _interaction_edge(schema: GraphSchema) -> str:
    """The name of the one interaction type, or ``*`` where there are several, as meta-paths spell it."""
    names = list(schema.by_role("interaction"))
    return names[0] if len(names) == 1 else ALL_INTERACTIONS
