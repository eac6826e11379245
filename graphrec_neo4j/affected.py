"""Whose recommendations a changed graph touches beside those whose scores it changes: own edges, names, lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.results import NO_ITEM, TopK
from graphrec_neo4j.snapshot import GraphSnapshot

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Affected:
    """A changed graph, as its users and their lists see it."""

    changes: GraphChanges

    @property
    def after(self) -> GraphSnapshot:
        """The graph as it is now."""
        return self.changes.after

    @property
    def user_rows(self) -> Rows:
        """The later row of each earlier user (n_before,), -1 for gone."""
        return self.changes.rows[self.after.schema.recommend_to]

    @property
    def item_rows(self) -> Rows:
        """The later row of each earlier item (n_before,), -1 for gone."""
        return self.changes.rows[self.after.schema.recommend]

    def carried(self, top: TopK) -> TopK:
        """Return lists of the users and items before as lists of those after; a place is NO_ITEM where one is gone.

        New users have empty lists.
        """
        there = self.user_rows >= 0
        shape = (len(self.after.users), top.items.shape[1])
        items, scores = np.full(shape, NO_ITEM, dtype=np.int32), np.full(shape, -np.inf, dtype=np.float32)
        listed = top.items[there]
        items[self.user_rows[there]] = np.where(listed == NO_ITEM, NO_ITEM, self.item_rows[listed])
        scores[self.user_rows[there]] = np.where(listed == NO_ITEM, -np.inf, top.scores[there])
        return TopK(items, scores)

    def new_users(self) -> Mask:
        """Return which users (n_users,) were not there before."""
        new = np.ones(len(self.after.users), dtype=bool)
        new[self.user_rows[self.user_rows >= 0]] = False
        return new

    def with_own_changes(self) -> Mask:
        """Return the users (n_users,) that are new or changed themselves, or of whose own edges one did."""
        name = self.after.schema.recommend_to
        mine = self.new_users()
        mine[self.changes.nodes[name].changed] = True
        for rows in self._ends(name):
            mine[rows] = True
        return mine

    def arrivals(self, top: TopK) -> tuple[int, int]:
        """Return how many new interactions of users and items that were there before, ``top`` listed, and of how many.

        ``top`` are the lists that those users (n_before, k) were shown.
        """
        schema, listed, arrived = self.after.schema, 0, 0
        of_user = _earlier(self.user_rows, len(self.after.users))
        of_item = _earlier(self.item_rows, len(self.after.items))
        for name, kind in schema.by_role("interaction").items():
            edges, new = self.after.edges[name], self.changes.edges[name].added
            source, target = edges.source[new], edges.target[new]
            ends = (source, target) if kind.source == schema.recommend_to else (target, source)
            users, items = of_user[ends[0]], of_item[ends[1]]
            known = (users >= 0) & (items >= 0)
            listed += int((top.items[users[known]] == items[known, None]).any(axis=1).sum())
            arrived += int(known.sum())
        return listed, arrived

    def named_anew(self, top: TopK) -> Mask:
        """Return the users (n_users,) whose sentences may name a node that is called, or described, otherwise now.

        ``top`` are the lists of all users after the change. Nodes named are an item of the list, one of the user's
        history, a friend, or a category of a listed item; where everybody may be named, everybody counts.
        """
        schema, after = self.after.schema, self.after
        renamed = {name: _mask(len(after.nodes[name]), each.changed) for name, each in self.changes.nodes.items()}
        touched = np.zeros(len(after.users), dtype=bool)
        if not any(each.any() for each in renamed.values()):
            return touched
        if renamed[schema.recommend_to].any() and schema.reasons.people == "everybody":
            return ~touched
        items = renamed[schema.recommend].copy()
        for name, kind in schema.edges.items():
            ends, edges = (kind.source, kind.target), after.edges[name]
            sides = ((edges.source, edges.target), (edges.target, edges.source))
            for (own, other), (mine, theirs) in zip((ends, ends[::-1]), sides, strict=True):
                if own == schema.recommend_to:
                    touched[mine[renamed[other][theirs]]] = True
                elif own == schema.recommend and other != schema.recommend_to:
                    items[mine[renamed[other][theirs]]] = True
        return touched | (items[np.maximum(top.items, 0)] & (top.items != NO_ITEM)).any(axis=1)

    def _ends(self, name: str) -> Iterator[Rows]:
        """The rows of the nodes ``name`` after the change at which an edge of each type was added, removed, changed."""
        for edge, kind in self.after.schema.edges.items():
            changed, was, now = self.changes.edges[edge], self.changes.before.edges[edge], self.after.edges[edge]
            here = np.concatenate([changed.added, changed.changed])
            for end, column in ((kind.source, "source"), (kind.target, "target")):
                if end == name:
                    gone = self.changes.rows[name][getattr(was, column)[changed.removed]]
                    yield np.concatenate([getattr(now, column)[here], gone[gone >= 0]])


def _earlier(rows: Rows, n_after: int) -> Rows:
    """The inverse of later rows: the earlier row of each of ``n_after`` nodes, -1 for new."""
    earlier = np.full(n_after, -1, dtype=np.int64)
    there = np.flatnonzero(rows >= 0)
    earlier[rows[there]] = there
    return earlier


def _mask(n: int, rows: Rows) -> Mask:
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    return mask
