"""``ResultRows``: results as the columns that a batch of Cypher takes, and a digest of each node's part.

Only business ids leave here, so a digest says the same whatever rows the ids have in the next snapshot.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.results import NO_ITEM, Results, TopK
from graphrec_neo4j.snapshot import GraphSnapshot

Digests = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BLOCK = 2_000
_POPULAR = 1_000


class ResultRows:
    """The results of one snapshot, cut as they are written; checked when built (PublishError).

    ``relationships`` is how many of each list are drawn, ``kind`` the type that they are drawn as; ``lengths``
    (n_users,) is how long the lists are, and ``has_user_vector``, ``has_item_vector`` say who has a vector.
    """

    def __init__(self, snapshot: GraphSnapshot, results: Results) -> None:
        self.users, self.items = snapshot.users.ids, snapshot.items.ids
        self.relationships = snapshot.schema.results.relationships
        self.kind = snapshot.schema.results.recommended
        self._results = results
        _check_list(results.top, len(self.users), len(self.items), "top")
        _check_list(results.walk, len(self.users), len(self.items), "walk")
        self._check_sizes()
        self.lengths = (results.top.items != NO_ITEM).sum(axis=1)
        self._check_texts("reasons", results.reasons)
        self._check_texts("why", results.why)
        self._walk_lengths = (results.walk.items != NO_ITEM).sum(axis=1)
        # A vector without a direction has no cosine, and Neo4j refuses to index or compare it.
        self.has_user_vector = _has_direction(results.vectors.users)
        self.has_item_vector = _has_direction(results.vectors.items)

    def _check_sizes(self) -> None:
        results, n_users, n_items = self._results, len(self.users), len(self.items)
        vectors = results.vectors
        sizes = (len(vectors.users), len(vectors.items), len(results.item_scores))
        if sizes != (n_users, n_items, n_items) or vectors.users.shape[1:] != vectors.items.shape[1:]:
            raise PublishError(f"vectors and item scores do not fit {n_users} users and {n_items} items.")
        if not all(np.isfinite(table).all() for table in (vectors.users, vectors.items, results.item_scores)):
            raise PublishError("a vector or an item score is not a finite number; nothing was written.")

    def _check_texts(self, name: str, texts: Sequence[Sequence[str]]) -> None:
        if len(texts) != len(self.users):
            raise PublishError(f"there are {name} for {len(texts)} of {len(self.users)} users.")
        for row, length in enumerate(self.lengths.tolist()):
            if len(texts[row]) != length:
                raise PublishError(f"user {self.users.key(row)!r} has {len(texts[row])} {name} for {length} items.")

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

    def drawn(self, rows: Rows) -> int:
        """How many relationships the users at ``rows`` get."""
        return int(np.minimum(self.lengths[rows], self.relationships).sum())

    @cached_property
    def user_digests(self) -> Digests:
        """One row a user (n_users, 2): the digest of all that is written on her, and of what is drawn."""
        made = np.empty((len(self.users), 2), dtype=np.int64)
        for rows in _blocks(len(made)):
            made[rows, 0] = _digests(self.user_columns(rows))
            made[rows, 1] = _digests(self.relationship_columns(rows), self.kind)
        return made

    @cached_property
    def item_digests(self) -> Digests:
        """One digest an item (n_items,) of all that is written on it."""
        made = np.empty(len(self.items), dtype=np.int64)
        for rows in _blocks(len(made)):
            made[rows] = _digests(self.item_columns(rows))
        return made

    def user_columns(self, rows: Rows) -> dict[str, list[Any]]:
        """The parameters of ``write/results_users`` for the users at ``rows``, but for the digests."""
        results = self._results
        items, scores = _lists(results.top, self.lengths, rows, self.items.keys)
        walk_items, walk_scores = _lists(results.walk, self._walk_lengths, rows, self.items.keys)
        return {
            "users": self.users.keys_of(rows),
            "items": items,
            "scores": scores,
            "reasons": [list(results.reasons[row]) for row in rows.tolist()],
            "why": [list(results.why[row]) for row in rows.tolist()],
            "walk_items": walk_items,
            "walk_scores": walk_scores,
            "vectors": _vectors(results.vectors.users, self.has_user_vector, rows),
        }

    def item_columns(self, rows: Rows) -> dict[str, list[Any]]:
        """The parameters of ``write/results_items`` for the items at ``rows``, but for the digests."""
        return {
            "items": self.items.keys_of(rows),
            "scores": self._results.item_scores[rows].tolist(),
            "vectors": _vectors(self._results.vectors.items, self.has_item_vector, rows),
        }

    def relationship_columns(self, rows: Rows) -> dict[str, list[Any]]:
        """The parameters of ``write/results_relationships`` for the users at ``rows``."""
        lengths = np.minimum(self.lengths, self.relationships)
        items, scores = _lists(self._results.top, lengths, rows, self.items.keys)
        reasons = [
            list(self._results.reasons[row][:length])
            for row, length in zip(rows.tolist(), lengths[rows].tolist(), strict=True)
        ]
        return {"users": self.users.keys_of(rows), "items": items, "scores": scores, "reasons": reasons}


def _check_list(top: TopK, n_users: int, n_items: int, name: str) -> None:
    """Raise PublishError unless ``top`` has a list for each user, of items that are there, once each."""
    if len(top) != n_users:
        raise PublishError(f"the {name} lists are for {len(top)} users, and the graph has {n_users}.")
    there = top.items != NO_ITEM
    if (there & ((top.items < 0) | (top.items >= n_items))).any():
        raise PublishError(f"a {name} list holds a row outside the {n_items} items.")
    if (there[:, 1:] & ~there[:, :-1]).any():
        raise PublishError(f"a {name} list has a gap before its end.")
    if not np.isfinite(top.scores[there]).all():
        raise PublishError(f"a {name} list holds a score that is not a finite number; nothing was written.")
    ordered = np.sort(top.items, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != NO_ITEM)).any():
        raise PublishError(f"a {name} list holds an item twice.")


def _has_direction(vectors: npt.NDArray[np.float32]) -> Mask:
    """Which vectors Neo4j takes for cosine: those whose squared length, as float32, is not zero."""
    squared = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float32)
    if not np.isfinite(squared).all():
        raise PublishError("a vector is too long to be compared; nothing was written.")
    return np.asarray(squared > 0)


def _blocks(n: int) -> Iterator[Rows]:
    return (np.arange(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK))


def _lists(
    top: TopK, lengths: npt.NDArray, rows: Rows, keys: Sequence[Key]
) -> tuple[list[list[Key]], list[list[float]]]:
    """The business ids and the scores of the lists at ``rows``, each cut to its length."""
    cut = lengths[rows].tolist()
    items = [
        [keys[item] for item in listed[:length]] for listed, length in zip(top.items[rows].tolist(), cut, strict=True)
    ]
    scores = [listed[:length] for listed, length in zip(top.scores[rows].tolist(), cut, strict=True)]
    return items, scores


def _vectors(table: npt.NDArray[np.float32], there: Mask, rows: Rows) -> list[list[float] | None]:
    return [vector if has else None for vector, has in zip(table[rows].tolist(), there[rows].tolist(), strict=True)]


def _digests(columns: dict[str, list[Any]], kind: str = "") -> list[int]:
    """A signed 64-bit number for each place of the columns, which says whether what they hold there is the same."""
    # Version 2 of marshal writes values and nothing about objects, several times as fast as anything else would.
    packed = (marshal.dumps((kind, *parts), 2) for parts in zip(*columns.values(), strict=True))
    return [int.from_bytes(blake2b(part, digest_size=8).digest(), "little", signed=True) for part in packed]
