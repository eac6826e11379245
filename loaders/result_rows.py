"""``ResultRows``: results as the columns that a batch of Cypher takes, and a digest of each node's part.

Only business ids leave here, so a digest says the same whatever rows the ids have in the next snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.results import NO_ITEM, Neighbours, Results, TopK
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.result_lists import NOTHING, Digests, Drawing, Rows, blocks, check_lists, cut_lists, digests, lengths_of

Mask = npt.NDArray[np.bool_]

_POPULAR = 1_000


class ResultRows:
    """The results of one snapshot, cut as they are written; checked when built (PublishError).

    ``recommended`` and ``similar`` are what is drawn of them as relationships; ``lengths`` (n_users,) is how long
    the users' lists are, and ``has_user_vector``, ``has_item_vector`` say who has a vector. ``kept`` (n_users,) are the
    users of whom the database has it all, but the walk's lists, and whose texts are not here.
    """

    def __init__(self, snapshot: GraphSnapshot, results: Results) -> None:
        self.users, self.items = snapshot.users.ids, snapshot.items.ids
        self._results = results
        self.kept = np.zeros(len(self.users), dtype=bool) if results.kept is None else results.kept
        for name, top in (("top", results.top), ("walk", results.walk)):
            check_lists(top, name, (len(self.users), "users"), len(self.items))
        self._check_sizes()
        self.lengths = lengths_of(results.top)
        self._check_texts("reasons", results.reasons)
        self._check_texts("why", results.why)
        if results.because is not None:
            self._check_texts("because", results.because)
        self._walk_lengths = lengths_of(results.walk)
        # A vector without a direction has no cosine, and Neo4j refuses to index or compare it.
        self.has_user_vector = _has_direction(results.vectors.users)
        self.has_item_vector = _has_direction(results.vectors.items)
        self.recommended = self._recommended(snapshot.schema)
        self.similar = self._similar(snapshot.schema)

    def _recommended(self, schema: GraphSchema) -> Drawing:
        names, top = schema.results, self._results.top
        ends = schema.nodes[schema.recommend_to], schema.nodes[schema.recommend]
        lengths = lengths_of(top, names.relationships)
        told = self._results
        return Drawing(
            names.recommended, ends, self.users, self.items, top, lengths, reasons=told.reasons, because=told.because
        )

    def _similar(self, schema: GraphSchema) -> Drawing:
        """The item graph; one without edges where the model has none."""
        names, item, n_items = schema.results, schema.nodes[schema.recommend], len(self.items)
        nearest = self._results.similar or _no_neighbours(n_items)
        _check_neighbours(nearest, n_items)
        lengths = lengths_of(nearest.top, names.neighbours)
        return Drawing(names.similar, (item, item), self.items, self.items, nearest.top, lengths, counts=nearest.counts)

    def _check_sizes(self) -> None:
        results, n_users, n_items = self._results, len(self.users), len(self.items)
        vectors = results.vectors
        sizes = (len(vectors.users), len(vectors.items), len(results.item_scores))
        if sizes != (n_users, n_items, n_items) or vectors.users.shape[1:] != vectors.items.shape[1:]:
            raise PublishError(f"vectors and item scores do not fit {n_users} users and {n_items} items.")
        if not all(np.isfinite(table).all() for table in (vectors.users, vectors.items, results.item_scores)):
            raise PublishError("a vector or an item score is not a finite number; nothing was written.")

    def _check_texts(self, name: str, texts: Sequence[Sequence[Any]]) -> None:
        if len(texts) != len(self.users):
            raise PublishError(f"there are {name} for {len(texts)} of {len(self.users)} users.")
        wanted = np.where(self.kept, 0, self.lengths)
        # What is packed knows how much there is without unpacking it.
        known = getattr(texts, "lengths", None)
        counts = np.array([len(row) for row in texts]) if known is None else known
        for row in np.flatnonzero(counts != wanted).tolist():
            raise PublishError(f"user {self.users.key(row)!r} has {counts[row]} {name} for {wanted[row]} items.")

    @property
    def recommendations(self) -> int:
        """The entries of all lists."""
        return int(self.lengths.sum())

    @property
    def dimensions(self) -> int:
        """The length of every vector; 0 where there are none."""
        return self._results.vectors.dimensions

    @property
    def vector_counts(self) -> dict[str, int]:
        """How many nodes each vector index will cover."""
        return {"user_vector": int(self.has_user_vector.sum()), "item_vector": int(self.has_item_vector.sum())}

    def popular(self) -> list[Key]:
        """The ids of the items with the highest global scores, best first: what fills every short answer up."""
        best = np.argsort(-self._results.item_scores, kind="stable")[:_POPULAR]
        return self.items.keys_of(best)

    @cached_property
    def user_digests(self) -> Digests:
        """One row a user (n_users, 3): the digest of what a slot holds of her, of what is drawn, of the walk's lists.

        The first two are NOTHING for those who are kept.
        """
        drawn = self.recommended.digests(~self.kept)
        made, walked = (np.full(len(self.users), NOTHING, dtype=np.int64) for _ in range(2))
        for block in blocks(len(made)):
            rows = block[~self.kept[block]]
            made[rows] = digests({**self._own_columns(rows), "drawn": drawn[rows].tolist()})
            walked[block] = digests(self.walk_columns(block))
        return np.column_stack((made, drawn, walked))

    @cached_property
    def item_digests(self) -> Digests:
        """One row an item (n_items, 2): the digest of all that a slot holds of it, and of what is drawn."""
        drawn = self.similar.digests()
        made = np.empty(len(self.items), dtype=np.int64)
        for rows in blocks(len(made)):
            made[rows] = digests({**self.item_columns(rows), "drawn": drawn[rows].tolist()})
        return np.column_stack((made, drawn))

    def user_columns(self, rows: Rows) -> dict[str, list[Any]]:
        """The parameters of ``write/results_users`` for the users at ``rows``, but for the digests."""
        return {**self._own_columns(rows), **self.walk_columns(rows)}

    def walk_columns(self, rows: Rows) -> dict[str, list[Any]]:
        """Those of them that are the walk's lists, with whose they are."""
        walk_items, walk_scores = cut_lists(self._results.walk, self._walk_lengths, rows, self.items.keys)
        return {"users": self.users.keys_of(rows), "walk_items": walk_items, "walk_scores": walk_scores}

    def _own_columns(self, rows: Rows) -> dict[str, list[Any]]:
        results = self._results
        items, scores = cut_lists(results.top, self.lengths, rows, self.items.keys)
        return {
            "users": self.users.keys_of(rows),
            "items": items,
            "scores": scores,
            "reasons": [list(results.reasons[row]) for row in rows.tolist()],
            "why": [list(results.why[row]) for row in rows.tolist()],
            "vectors": _vectors(results.vectors.users, self.has_user_vector, rows),
        }

    def item_columns(self, rows: Rows) -> dict[str, list[Any]]:
        """The parameters of ``write/results_items`` for the items at ``rows``, but for the digests."""
        return {
            "items": self.items.keys_of(rows),
            "scores": self._results.item_scores[rows].tolist(),
            "vectors": _vectors(self._results.vectors.items, self.has_item_vector, rows),
        }


def _no_neighbours(n_items: int) -> Neighbours:
    items = np.empty((n_items, 0), dtype=np.int32)
    return Neighbours(TopK(items, items.astype(np.float32)), items.astype(np.int64))


def _check_neighbours(nearest: Neighbours, n_items: int) -> None:
    """Raise PublishError unless each item has a list of other items, and a count with each."""
    check_lists(nearest.top, "similar", (n_items, "items"), n_items)
    if (nearest.top.items == np.arange(n_items)[:, None]).any():
        raise PublishError("a similar list holds the item itself.")
    if (nearest.counts[nearest.top.items != NO_ITEM] < 0).any():
        raise PublishError("a similar list holds a count below zero.")


def _has_direction(vectors: npt.NDArray[np.float32]) -> Mask:
    """Which vectors Neo4j takes for cosine: those whose squared length, as float32, is not zero."""
    squared = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float32)
    if not np.isfinite(squared).all():
        raise PublishError("a vector is too long to be compared; nothing was written.")
    return np.asarray(squared > 0)


def _vectors(table: npt.NDArray[np.float32], there: Mask, rows: Rows) -> list[list[float] | None]:
    return [vector if has else None for vector, has in zip(table[rows].tolist(), there[rows].tolist(), strict=True)]
