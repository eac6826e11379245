"""``Heard``: all that users' vectors are made of, as reasons for their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.messages import Messages
from graphrec_neo4j.models.taste import Tastes, TasteVectors, Terms
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation

Rows = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
State = dict[str, "npt.NDArray | sparse.csr_matrix"]


@dataclass(frozen=True, eq=False)
class Heard:
    """The ``messages`` that users' vectors are sums of, beside what is their own; none where that is not known.

    What comes through the items of a history is told as taste, what comes through others under their own names.
    """

    messages: tuple[Messages, ...] = ()

    def explain(
        self, users: Rows, items: Rows, limit: int, tastes: Tastes, vectors: TasteVectors, exact: bool
    ) -> list[list[Explanation | None]]:
        """Explain ``items`` (m, k) for ``users`` (m,) by at most ``limit`` positive parts, largest first.

        Where no messages come through histories, the terms of ``vectors`` say what does, and ``exact`` whether these
        are what the model computes.
        """
        liked = [each for each in self.messages if each.kind == "taste"]
        terms = _terms(liked, vectors) if liked else vectors.terms
        exact = all(each.exact for each in self.messages) if liked else exact
        whys = tastes.explain(users, items, limit, terms, exact)
        if not self._others:
            return whys
        return [
            [
                why and _with(why, parts, limit)
                for why, parts in zip(row, self._beside(user, listed, limit, tastes, vectors), strict=True)
            ]
            for user, listed, row in zip(users.tolist(), items, whys, strict=True)
        ]

    @cached_property
    def _others(self) -> list[list[Messages]]:
        """The messages that do not come through histories, by kind and type of those who are told."""
        beside = [each for each in self.messages if each.kind != "taste"]
        by_type = sorted(beside, key=lambda each: (each.kind, each.node_type))
        return [list(group) for _, group in groupby(by_type, key=lambda each: (each.kind, each.node_type))]

    def _beside(
        self, user: int, items: Rows, limit: int, tastes: Tastes, vectors: TasteVectors
    ) -> list[list[Contribution]]:
        """The ``limit`` largest positive parts of each of ``items`` (k,) from each of the other groups."""
        asked = vectors.items[items].astype(np.float64)
        told: list[list[Contribution]] = [[] for _ in items]
        for group in self._others:
            nodes, edges, parts = _joined(group, user, asked)
            order = np.argsort(-parts, axis=1, kind="stable")[:, :limit]
            for item, best, row, mine in zip(items.tolist(), order.tolist(), parts, told, strict=True):
                for place in best:
                    if row[place] > 0 and item != NO_ITEM:
                        path, walked = _path(group[0], int(nodes[place]), edges[place], item, tastes, vectors)
                        mine.append(Contribution(group[0].kind, float(row[place]), path, 0, walked))
        return told

    def state(self) -> State:
        """Return what :meth:`restored` takes: nothing where there are no messages."""
        state: State = {"heard": np.array(len(self.messages))} if self.messages else {}
        for number, each in enumerate(self.messages):
            state |= {f"heard{number}_{name}": array for name, array in each.state().items()}
        return state

    @classmethod
    def restored(cls, state: State) -> Self:
        """The inverse of :meth:`state`; other arrays beside are left alone."""
        count = int(cast(npt.NDArray, state["heard"])) if "heard" in state else 0
        return cls(tuple(Messages.restored(_under(f"heard{number}_", state)) for number in range(count)))


def _under(prefix: str, state: State) -> State:
    return {name.removeprefix(prefix): each for name, each in state.items() if name.startswith(prefix)}


def _terms(liked: Sequence[Messages], vectors: TasteVectors) -> Terms:
    """What comes through each item of a history, over all messages of taste."""

    def terms(user: int, mine: Rows, items: Rows) -> tuple[Floats, Floats]:
        asked = vectors.items[items].astype(np.float64)
        parts = np.zeros((len(items), len(mine)))
        for each in liked:
            nodes, found = each.parts(user, asked)
            parts[:, np.searchsorted(mine, nodes)] += found
        return asked @ vectors.users[user].astype(np.float64), parts

    return terms


def _joined(group: Sequence[Messages], user: int, asked: Floats) -> tuple[Rows, list[str], Floats]:
    """Through whom a user hears of ``group`` (n,), the edge type that comes first, and the parts (k, n) added up."""
    found = [each.parts(user, asked) for each in group]
    every = np.concatenate([senders for senders, _ in found])
    nodes, first, places = np.unique(every, return_index=True, return_inverse=True)
    parts = np.zeros((len(nodes), len(asked)))
    np.add.at(parts, places, np.concatenate([each.T for _, each in found]))
    edges = [each.edge for each, (senders, _) in zip(group, found, strict=True) for _ in senders]
    return nodes, [edges[place] for place in first.tolist()], parts.T


def _path(
    heard: Messages, node: int, edge: str, item: int, tastes: Tastes, vectors: TasteVectors
) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """The path over ``node`` to ``item`` and its edges; over a friend who does not like it, with what she likes that is
    nearest to it.
    """
    path: tuple[tuple[str, int], ...] = ((heard.node_type, node),)
    if heard.kind == "tie":
        hers = tastes.history.indices[tastes.history.indptr[node] : tastes.history.indptr[node + 1]]
        if len(hers) and item not in hers:
            nearest = int(hers[np.argmax(vectors.items[hers] @ vectors.items[item])])
            return (*path, (tastes.node_type, nearest)), (edge, *(tastes.edge,) * 3)
    return path, (edge, tastes.edge)


def _with(why: Explanation, more: list[Contribution], limit: int) -> Explanation:
    """Return ``why`` with ``more`` among its contributions, of which the ``limit`` largest are kept."""
    kept = tuple(sorted((*why.contributions, *more), key=lambda part: -part.score)[:limit])
    return replace(why, contributions=kept, other=why.score - sum(part.score for part in kept))
