"""What a user's learnt vector owes to her friends, as parts of her scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.taste import Tastes
from graphrec_neo4j.models.ties import kinds_of, tie_types
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation
from graphrec_neo4j.snapshot import GraphSnapshot

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Heard:
    """``share[u, v] * (users[v] . items[i])`` is the part of u's score of i that comes from her friend v.

    ``share`` (n_users, n_users) is CSR; ``kinds`` (m,) names the tie type of each of its entries by its place in
    ``names``; ``user_type`` is the type of the nodes that the friends are.
    """

    share: sparse.csr_matrix
    kinds: npt.NDArray[np.int64]
    names: tuple[str, ...]
    user_type: str

    @classmethod
    def of(
        cls, snapshot: GraphSnapshot, ties: sparse.csr_matrix, names: tuple[str, ...], left: Floats, users: Floats
    ) -> Self:
        """Give friends what of each of ``left`` (n_users, d), the part of a vector that no history explains, lies
        along ``ties @ users``, if it points there and not away.
        """
        heard = ties @ users
        along = (left * heard).sum(axis=1) / np.maximum((heard * heard).sum(axis=1), 1e-12)
        share = (sparse.diags(np.maximum(along, 0)) @ ties).tocsr().astype(np.float32)
        share.eliminate_zeros()
        types = tuple(tie_types(snapshot.schema, names))
        return cls(share, kinds_of(snapshot, types, share), types, snapshot.schema.recommend_to)

    def contributions(
        self, user: int, items: npt.NDArray[np.integer], limit: int, tastes: Tastes, users: Floats, vectors: Floats
    ) -> Iterator[list[Contribution]]:
        """Yield the ``limit`` largest positive parts of each of ``items`` (k,), largest first.

        ``users`` (n_users, d) and ``vectors`` (n_items, d) are those of the scores. A friend who does not like the
        item is told with what she likes that is nearest to it; ``tastes`` says what she likes.
        """
        mine = slice(self.share.indptr[user], self.share.indptr[user + 1])
        friends, kinds = self.share.indices[mine], self.kinds[mine]
        parts = vectors[items].astype(np.float64) @ (users[friends] * self.share.data[mine, None]).astype(np.float64).T
        order = np.argsort(-parts, axis=1, kind="stable")[:, :limit]
        for item, best, row in zip(items.tolist(), order, parts, strict=True):
            yield [
                self._told(int(friends[place]), item, float(row[place]), self.names[kinds[place]], tastes, vectors)
                for place in best.tolist()
                if row[place] > 0 and item != NO_ITEM
            ]

    def _told(self, friend: int, item: int, score: float, name: str, tastes: Tastes, vectors: Floats) -> Contribution:
        path: tuple[tuple[str, int], ...] = ((self.user_type, friend),)
        edges: tuple[str, ...] = (name, tastes.edge)
        hers = tastes.history.indices[tastes.history.indptr[friend] : tastes.history.indptr[friend + 1]]
        if len(hers) and item not in hers:
            nearest = int(hers[np.argmax(vectors[hers] @ vectors[item])])
            path, edges = (*path, (tastes.node_type, nearest)), (name, *(tastes.edge,) * 3)
        return Contribution("tie", score, path, 0, edges)

    def state(self) -> dict[str, npt.NDArray | sparse.csr_matrix]:
        """Return what :meth:`restored` takes."""
        return {
            "heard": self.share,
            "heard_kinds": self.kinds,
            "heard_names": np.array([self.user_type, *self.names]),
        }

    @classmethod
    def restored(cls, state: dict[str, npt.NDArray | sparse.csr_matrix]) -> Self:
        """The inverse of :meth:`state`; other arrays beside are left alone."""
        user_type, *names = cast(npt.NDArray, state["heard_names"]).tolist()
        share, kinds = cast(sparse.csr_matrix, state["heard"]), cast(npt.NDArray, state["heard_kinds"])
        return cls(share, kinds, tuple(names), user_type)


def with_ties(why: Explanation, ties: list[Contribution], limit: int) -> Explanation:
    """Return ``why`` with ``ties`` among its contributions, of which the ``limit`` largest are kept."""
    kept = tuple(sorted((*why.contributions, *ties), key=lambda part: -part.score)[:limit])
    return replace(why, contributions=kept, other=why.score - sum(part.score for part in kept))
