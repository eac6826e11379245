"""``Heard``: all that users' vectors are made of, as reasons for their scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby
from typing import NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.messages import Kind, Messages
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.models.taste import Tastes, TasteVectors, Terms, losses
from graphrec_neo4j.results import Contribution, Explanation

Rows = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
State = dict[str, "npt.NDArray | sparse.csr_matrix"]

_NOTHING = 1e-6
"""A weight below which nothing is left of a mean."""


@dataclass(frozen=True, eq=False)
class Heard:
    """The ``messages`` that users' vectors are sums of, beside what is their own; none where that is not known.

    A reason is how much lower the score were without what comes through a node, all other messages being as they are:
    a summand of the score, or, ``normalised``, what is lost once what is left has length one again. Then a message that
    says what all others say counts little, since it makes a vector longer and no cosine higher. Or vectors are means,
    ``averaged`` messages that have their weight in the mean as last entry: then the others weigh more without one, and
    without all a user stands where users do on average. What comes through the items of a history is told as taste.
    ``near`` says that the messages only come near what the model computes.
    """

    messages: tuple[Messages, ...] = ()
    normalised: bool = False
    near: bool = False
    averaged: bool = False

    def explain(
        self, users: Rows, items: Rows, limit: int, tastes: Tastes, vectors: TasteVectors, exact: bool
    ) -> list[list[Explanation | None]]:
        """Explain ``items`` (m, k) for ``users`` (m,) by at most ``limit`` positive parts, largest first."""
        whys = self.by_history(users, items, limit, tastes, vectors, exact).explanations(items)
        for user, listed, row in zip(users.tolist(), items, whys, strict=True) if self._others else ():
            found = [self._joined(group, user, listed, vectors) for group in self._others]
            for place, (item, why) in enumerate(zip(listed.tolist(), row, strict=True)):
                if why:
                    itself = (tastes.node_type, item)
                    parts = [part for each in found for part in each.largest(place, limit) if part.node != itself]
                    row[place] = _with(why, parts, limit, partial(_told, user, item, tastes, vectors))
        return whys

    @property
    def only_by_history(self) -> bool:
        """Whether nothing is heard but what comes through histories."""
        return not self._others

    def by_history(
        self, users: Rows, items: Rows, limit: int, tastes: Tastes, vectors: TasteVectors, exact: bool
    ) -> Reasons:
        """Return that part of :meth:`explain` which comes through histories.

        Where no messages do, the terms of ``vectors`` say what does, and ``exact`` whether these are what the model
        computes.
        """
        liked = [each for each in self.messages if each.kind == "taste"]
        alone = vectors.losses if self.normalised else vectors.terms
        terms = self._terms(liked, vectors) if liked else alone
        exact = not self.near and (all(each.exact for each in self.messages) if liked else exact)
        return tastes.reasons(users, items, limit, terms, exact)

    def _terms(self, liked: Sequence[Messages], vectors: TasteVectors) -> Terms:
        """What comes through each item of a history, over all messages of taste."""

        def terms(user: int, mine: Rows, items: Rows) -> tuple[Floats, Floats]:
            found, parts = self._joined(liked, user, items, vectors), np.zeros((len(items), len(mine)))
            parts[:, np.searchsorted(mine, found.nodes)] = found.parts
            return vectors.items[items].astype(np.float64) @ vectors.users[user].astype(np.float64), parts

        return terms

    def _joined(self, group: Sequence[Messages], user: int, items: Rows, vectors: TasteVectors) -> _Joined:
        """What the scores of ``items`` (k,) lose without each node through which ``user`` hears of ``group``.

        Of the edge types that lead to a node the first is told.
        """
        found = [each.to(user) for each in group]
        every = np.concatenate([senders for senders, _ in found])
        nodes, first, places = np.unique(every, return_index=True, return_inverse=True)
        heard = np.zeros((len(nodes), vectors.users.shape[1]))
        np.add.at(heard, places, np.concatenate([each for _, each in found]))
        edges = [each.edge for each, (senders, _) in zip(group, found, strict=True) for _ in senders]
        asked = vectors.items[items].astype(np.float64)
        if self.averaged:
            parts = self._moved(user, heard, vectors) @ asked.T
        else:
            parts = losses(vectors.users[user].astype(np.float64), heard, asked, normalised=self.normalised).T
        return _Joined(group[0].kind, group[0].node_type, nodes, [edges[place] for place in first.tolist()], parts.T)

    def means(self, n_users: int, dimensions: int) -> npt.NDArray[np.float32]:
        """Return the mean (n_users, d) of ``averaged`` messages; 0 for who hears nothing."""
        total = np.zeros((n_users, dimensions + 1))
        for each in self.messages:
            total += each.weights() @ each.table
        return _means(total)

    def brought_by(self, n_items: int, dimensions: int) -> npt.NDArray[np.float32]:
        """Return what each item (n_items, d) brings on average to those who like it; 0 where nobody does."""
        total = np.zeros((n_items, dimensions + 1))
        for each in self.messages:
            if each.kind == "taste":
                total[: len(each.table)] += each.table * np.asarray(each.weights().sum(axis=0)).reshape(-1, 1)
        return _means(total)

    def _moved(self, user: int, heard: Floats, vectors: TasteVectors) -> Floats:
        """How far the mean of all that ``user`` hears moves without each of ``heard`` (n, d)."""
        whole = np.sum([each.to(user)[1].sum(axis=0) for each in self.messages], axis=0)
        left = whole - heard
        weight = left[:, -1:]
        alone = weight <= _NOTHING
        centre = vectors.users[vectors.users.any(axis=1)].mean(axis=0, dtype=np.float64) if alone.any() else whole
        return whole / whole[-1] - np.where(alone, centre, left / np.where(alone, 1, weight))

    @cached_property
    def _others(self) -> list[list[Messages]]:
        """The messages that do not come through histories, by kind and type of those who are told."""
        beside = [each for each in self.messages if each.kind != "taste"]
        by_type = sorted(beside, key=lambda each: (each.kind, each.node_type))
        return [list(group) for _, group in groupby(by_type, key=lambda each: (each.kind, each.node_type))]

    def state(self) -> State:
        """Return what :meth:`restored` takes: nothing where there are no messages."""
        about = np.array([len(self.messages), self.normalised, self.near, self.averaged])
        state: State = {"heard": about} if about.any() else {}
        for number, each in enumerate(self.messages):
            state |= {f"heard{number}_{name}": array for name, array in each.state().items()}
        return state

    @classmethod
    def restored(cls, state: State) -> Self:
        """The inverse of :meth:`state`; other arrays beside are left alone."""
        count, *told = cast(npt.NDArray, state["heard"]).tolist() if "heard" in state else (0,)
        messages = (Messages.restored(_under(f"heard{number}_", state)) for number in range(count))
        return cls(tuple(messages), *map(bool, told))


def _means(total: Floats) -> npt.NDArray[np.float32]:
    """Sums (n, d + 1), whose last entries are weights, as means (n, d); 0 where nothing weighs."""
    weight = total[:, -1:]
    return np.where(weight > _NOTHING, total[:, :-1] / np.maximum(weight, _NOTHING), 0).astype(np.float32)


def _under(prefix: str, state: State) -> State:
    return {name.removeprefix(prefix): each for name, each in state.items() if name.startswith(prefix)}


class _Part(NamedTuple):
    """A positive part of a score, through a node and the edge type that leads there."""

    score: float
    kind: Kind
    node: tuple[str, int]
    edge: str


class _Joined(NamedTuple):
    """Through whom a user hears of one kind and type (n,), by which edges, and the parts (k, n) of k scores."""

    kind: Kind
    node_type: str
    nodes: Rows
    edges: list[str]
    parts: Floats

    def largest(self, place: int, limit: int) -> Iterator[_Part]:
        """Yield the ``limit`` largest positive parts of the score at ``place``."""
        row = self.parts[place]
        for best in np.argsort(-row, kind="stable")[:limit].tolist():
            if row[best] > 0:
                node = (self.node_type, int(self.nodes[best]))
                yield _Part(float(row[best]), self.kind, node, self.edges[best])


def _told(user: int, item: int, tastes: Tastes, vectors: TasteVectors, part: _Part) -> Contribution:
    """``part`` as a reason for ``item``; a friend who does not like it with what she likes that is nearest to it.

    Among people that is not the user herself.
    """
    path: tuple[tuple[str, int], ...] = (part.node,)
    edges: tuple[str, ...] = (part.edge, tastes.edge)
    if part.kind == "tie":
        friend = part.node[1]
        hers = tastes.history.indices[tastes.history.indptr[friend] : tastes.history.indptr[friend + 1]]
        if part.node[0] == tastes.node_type:
            hers = hers[hers != user]
        if len(hers) and item not in hers:
            nearest = int(hers[np.argmax(vectors.items[hers] @ vectors.items[item])])
            path, edges = (*path, (tastes.node_type, nearest)), (part.edge, *(tastes.edge,) * 3)
    return Contribution(part.kind, part.score, path, 0, edges)


def _with(why: Explanation, more: Sequence[_Part], limit: int, told: Callable[[_Part], Contribution]) -> Explanation:
    """Return ``why`` with ``more`` among its contributions, of which the ``limit`` largest are kept."""
    every: list[Contribution | _Part] = [*why.contributions, *more]
    best = sorted(every, key=lambda part: -part.score)[:limit]
    kept = tuple(told(part) if isinstance(part, _Part) else part for part in best)
    return replace(why, contributions=kept, other=why.score - sum(part.score for part in kept))
