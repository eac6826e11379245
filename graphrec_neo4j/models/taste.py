"""Exact reasons for models whose scores are sums over the items of a user's history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.results import NO_ITEM, Shares
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.explanations import Telling

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.integer]
Terms = Callable[[int, Rows, Rows], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]
"""Of a user, her history (h,) and items (k,): the scores (k,) and the part (k, h) that goes through each of hers."""


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

    def reasons(self, users: Rows, items: Rows, limit: int, terms: Terms, exact: bool = True) -> Reasons:
        """Explain ``items`` (m, k) for ``users`` (m,) by at most ``limit`` positive ``terms``, largest first.

        Their count is how many users like both items. What is left of a score does not come from these. ``exact`` says
        whether the terms are what the model computes, or come near it.
        """
        from graphrec_neo4j.models.reasons_kernel import keep_largest

        most = int(np.diff(self.history.indptr)[users].max(initial=0))
        shares = Shares.none((len(users), items.shape[1]), min(limit, most))
        listed = np.ascontiguousarray(items)
        asked = np.where(listed == NO_ITEM, 0, listed)
        for row, user in enumerate(users.tolist()):
            mine = self.history.indices[self.history.indptr[user] : self.history.indptr[user + 1]]
            shares.totals[row], parts = terms(user, mine, asked[row])
            keep_largest(np.ascontiguousarray(parts), mine, listed[row], shares.parts[row], shares.nodes[row])
        return Reasons(shares, [self.telling], exact, self)

    @property
    def telling(self) -> Telling:
        """How what comes through items of a history is told."""
        return Telling("taste", self.node_type, (self.edge,) * 3)

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
