"""Lists in rows of a snapshot: checked, cut to business ids, told apart by digests, drawn as relationships.

Only business ids leave here, so a digest says the same whatever rows the ids have in the next snapshot.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.ids import IdMap, Key
from graphrec_neo4j.results import NO_ITEM, TopK
from graphrec_neo4j.schema import NodeType

Digests = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Lengths = npt.NDArray[np.int64]

NOTHING = 0
"""The digest of an empty list, and of what a node does not hold."""

_BLOCK = 2_000


@dataclass(frozen=True, eq=False)
class Drawing:
    """Lists as they are drawn in the graph: one relationship of type ``kind`` for each entry.

    List n leads from key n of ``sources`` to keys of ``targets``, which are nodes of the types ``ends``; its first
    ``lengths[n]`` entries are drawn. Each carries a rank, a score and what there is of ``reasons``, of ``counts``, and
    of the ids and labels of the nodes that it is drawn ``because`` of.
    """

    kind: str
    ends: tuple[NodeType, NodeType]
    sources: IdMap
    targets: IdMap
    top: TopK
    lengths: Lengths
    reasons: Sequence[Sequence[str]] | None = None
    counts: npt.NDArray[np.int64] | None = None
    because: Sequence[Sequence[tuple[list[str], list[str]]]] | None = None

    @property
    def total(self) -> int:
        """How many relationships all lists are."""
        return int(self.lengths.sum())

    def size(self, rows: Rows) -> int:
        """How many relationships the lists at ``rows`` are."""
        return int(self.lengths[rows].sum())

    def columns(self, rows: Rows) -> dict[str, list[Any]]:
        """The parameters of ``write/results_relationships`` for the lists at ``rows``."""
        cut = self.lengths[rows].tolist()
        targets, scores = cut_lists(self.top, self.lengths, rows, self.targets.keys)
        reasons, counts, because = self.reasons, self.counts, self.because
        named = _cut(cut, None if because is None else (because[row] for row in rows.tolist()))
        return {
            "sources": self.sources.keys_of(rows),
            "targets": targets,
            "scores": scores,
            "reasons": _cut(cut, None if reasons is None else (reasons[row] for row in rows.tolist())),
            "counts": _cut(cut, None if counts is None else counts[rows].tolist()),
            "because": [listed and [ids or None for ids, _ in listed] for listed in named],
            "because_labels": [listed and [labels or None for _, labels in listed] for listed in named],
        }

    def digests(self, wanted: npt.NDArray[np.bool_] | None = None) -> Digests:
        """One digest a list (n,) of what is drawn for it; NOTHING where it is empty, or not ``wanted`` (n,)."""
        made = np.full(len(self.sources), NOTHING, dtype=np.int64)
        asked = self.lengths > 0 if wanted is None else (self.lengths > 0) & wanted
        for rows in blocks(len(made)):
            drawn = rows[asked[rows]]
            made[drawn] = digests(self.columns(drawn), self.kind)
        return made


def check_lists(top: TopK, name: str, sources: tuple[int, str], n_items: int) -> None:
    """Raise PublishError unless ``top`` has a list for each of ``sources``, a number of what, of items once each."""
    if len(top) != sources[0]:
        raise PublishError(f"the {name} lists are for {len(top)} {sources[1]}, and the graph has {sources[0]}.")
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


def lengths_of(top: TopK, limit: int | None = None) -> Lengths:
    """How long each list is (n,), or how much of it is within ``limit``."""
    return np.asarray((top.items[:, :limit] != NO_ITEM).sum(axis=1), dtype=np.int64)


def cut_lists(
    top: TopK, lengths: Lengths, rows: Rows, keys: Sequence[Key]
) -> tuple[list[list[Key]], list[list[float]]]:
    """The business ids and the scores of the lists at ``rows``, each cut to its length."""
    cut = lengths[rows].tolist()
    items = [
        [keys[item] for item in listed[:length]] for listed, length in zip(top.items[rows].tolist(), cut, strict=True)
    ]
    scores = [listed[:length] for listed, length in zip(top.scores[rows].tolist(), cut, strict=True)]
    return items, scores


def _cut(lengths: list[int], said: Iterable[Sequence[Any]] | None) -> list[list[Any] | None]:
    """The first entries of each list; None for each where nothing is said."""
    if said is None:
        return [None] * len(lengths)
    return [list(listed[:length]) for listed, length in zip(said, lengths, strict=True)]


def blocks(n: int) -> Iterator[Rows]:
    """The rows 0 to n, some thousands at a time."""
    return (np.arange(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK))


def digests(columns: Mapping[str, Sequence[Any]], kind: str = "") -> list[int]:
    """A signed 64-bit number for each place of the columns, which says whether what they hold there is the same."""
    # Version 2 of marshal writes values and nothing about objects, several times as fast as anything else would.
    packed = (marshal.dumps((kind, *parts), 2) for parts in zip(*columns.values(), strict=True))
    return [int.from_bytes(blake2b(part, digest_size=8).digest(), "little", signed=True) for part in packed]
