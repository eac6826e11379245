"""``VectorModel``: what all models have in common whose scores are dot products of vectors that they publish."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models.base import Mask, Recommender, Rows, Scores, State
from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.placing import Moved, placed
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.models.taste import Tastes, TasteVectors
from graphrec_neo4j.ranking.topk import top_k_of_vectors
from graphrec_neo4j.results import NO_ITEM, Explanation, TopK, Vectors


class VectorModel(Recommender):
    """``score(u, i) = users[u] . items[i]``, of which :class:`TasteVectors` say what goes through u's history.

    A model fills ``tastes`` and ``parts`` by ``_fit``, and ``heard`` where it knows of which messages a user's vector
    is the sum: these are its reasons then, else what ``parts`` say. Nothing is known of a user whose vector is 0, as
    without a history: she gets the most popular items.
    """

    reasons_are_exact: ClassVar[bool] = True
    history_power: ClassVar[float] = 0.5
    """What each item of a history of n adds to a user's vector goes by n to minus this power."""

    tastes: Tastes
    parts: TasteVectors
    heard: Heard = Heard()

    def vectors(self) -> Vectors:
        """Return vectors whose dot products are the scores."""
        return Vectors(self.parts.users, self.parts.items)

    def updated(self, changes: GraphChanges, seed: int) -> Self | None:
        """Place users and items by what was learnt; None where reasons are messages, which only a fit makes anew."""
        if self.heard.messages:
            return None
        other = self._over(changes.after)
        other.tastes = Tastes.of(changes.after)
        other.parts = placed(self.parts, Moved.between(changes), self.history_power)
        return other

    def reached(self, changes: GraphChanges) -> Mask | None:
        """Return those whose history changed; anybody where an item is new, or where :meth:`updated` is None."""
        moved = Moved.between(changes)
        return None if self.heard.messages or len(moved.new_items()) else moved.changed_users

    def _scores(self, users: Rows) -> Scores:
        return self.parts.users[users] @ self.parts.items.T

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """A vector of zeros, which all without a history have, ranks nothing."""
        top = top_k_of_vectors(self.parts.users, self.parts.items, users, k, seen)
        lonely = ~self.parts.users[users].any(axis=1)
        top.items[lonely], top.scores[lonely] = NO_ITEM, -np.inf
        return top

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons | None:
        if not self.heard.only_by_history:
            return None
        return self.heard.by_history(users, items, limit, self.tastes, self.parts, self.reasons_are_exact)

    def _explain_many(self, users: Rows, items: Rows, limit: int) -> list[list[Explanation | None]]:
        return self.heard.explain(users, items, limit, self.tastes, self.parts, self.reasons_are_exact)

    def _state(self) -> State:
        return {**self.tastes.state(), **self.parts.state(), **self.heard.state()}

    def _restore(self, state: State) -> None:
        self.tastes, self.parts = Tastes.restored(state), TasteVectors.restored(state)
        self.heard = Heard.restored(state)
