"""``Results``: what one run offers, in rows of a snapshot: vectors, lists, reasons, metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, overload

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import PublishError

NO_ITEM = -1


@dataclass(frozen=True, eq=False)
class TopK:
    """The best items of n users, best first: ``items`` (n, k) int32 rows, ``scores`` (n, k) float32.

    A list with fewer than k items is filled up with NO_ITEM and a score of minus infinity.
    """

    items: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.items.shape != self.scores.shape or self.items.ndim != 2:
            raise PublishError("top-k items and scores must be two tables of one shape.")

    def __len__(self) -> int:
        return len(self.items)

    def cut(self, k: int) -> TopK:
        """Return the first k columns."""
        return TopK(self.items[:, :k], self.scores[:, :k])


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest items of n items, nearest first: ``top`` (n, k) rows and scores, ``counts`` (n, k) int64.

    ``counts`` says how many users both items share; it is 0 where ``top`` holds NO_ITEM.
    """

    top: TopK
    counts: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.counts.shape != self.top.items.shape:
            raise PublishError("the counts of neighbours must be a table of the shape of their lists.")


@dataclass(frozen=True, eq=False)
class Vectors:
    """One vector a user (n_users, d) and one an item (n_items, d), float32, with similarity by cosine."""

    users: npt.NDArray[np.float32]
    items: npt.NDArray[np.float32]

    @property
    def dimensions(self) -> int:
        """The length d of every vector."""
        return int(self.items.shape[1])


@dataclass(frozen=True)
class Contribution:
    """A part of one score and the typed nodes that it goes through.

    ``kind`` is ``"taste"`` (through an item of the user's history), ``"tie"`` (through another user),
    ``"category"`` (through a category), ``"popularity"`` or ``"start"`` (what newcomers take first); ``path`` lists
    (node type, row) from the user's side to the item's, both ends left out; ``count`` is how many walks' middle nodes
    it gathers; ``edges`` names the edge types walked.
    """

    kind: str
    score: float
    path: tuple[tuple[str, int], ...] = ()
    count: int = 0
    edges: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why one item has its score: largest contributions first, ``other`` is what they leave out.

    ``score == other + sum of the contributions``; ``exact`` says whether the contributions are the model's
    own arithmetic or an approximation of it.
    """

    score: float
    contributions: tuple[Contribution, ...]
    other: float
    exact: bool


class Shares(NamedTuple):
    """Contributions to the scores of k items for each of m users, at most ``limit`` each, in columns.

    ``totals`` (m, k) are the scores; the others (m, k, limit) the contributions, largest first: their
    ``parts`` of the score, the numbers of their ``chains``, of which somebody else knows how they are told, the rows
    of their ``nodes``, NO_ITEM where there are no more, and their ``ways``, which a :class:`Contribution` calls count.
    """

    totals: npt.NDArray[np.float64]
    parts: npt.NDArray[np.float64]
    chains: npt.NDArray[np.int32]
    nodes: npt.NDArray[np.int32]
    ways: npt.NDArray[np.int32]

    @classmethod
    def none(cls, shape: tuple[int, int], limit: int) -> Self:
        """Scores of 0 (m, k) without contributions, to be filled in."""
        whole = (*shape, limit)
        parts, nodes = np.zeros(whole), np.full(whole, NO_ITEM, dtype=np.int32)
        return cls(np.zeros(shape), parts, np.zeros(whole, dtype=np.int32), nodes, np.zeros(whole, dtype=np.int32))


class Texts(Sequence[list[str]]):
    """Texts of many rows, ``[row][rank]``, of which each row is packed as UTF-8: as strings they take thrice the room.

    ``lengths`` (rows,) is how many texts each row has, without unpacking it; at first none.
    """

    _BETWEEN = b"\xff"  # In no UTF-8.

    def __init__(self, rows: int) -> None:
        self._packed = [b""] * rows
        self.lengths = np.zeros(rows, dtype=np.int32)

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> Self:
        """Pack ``rows``."""
        texts = cls(len(rows))
        for row, given in enumerate(rows):
            texts[row] = given
        return texts

    def __setitem__(self, row: int, texts: Sequence[str]) -> None:
        self._packed[row] = self._BETWEEN.join([text.encode("utf-8", "surrogatepass") for text in texts])
        self.lengths[row] = len(texts)

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, row: int) -> list[str]: ...
    @overload
    def __getitem__(self, row: slice) -> list[list[str]]: ...
    def __getitem__(self, row: int | slice) -> list[str] | list[list[str]]:
        if isinstance(row, slice):
            return [self[each] for each in range(len(self))[row]]
        packed = self._packed[row]
        if not self.lengths[row]:
            return []
        return [text.decode("utf-8", "surrogatepass") for text in packed.split(self._BETWEEN)]


@dataclass(frozen=True, eq=False)
class Results:
    """What one run publishes, in the row order of its snapshot.

    ``top`` is the final list of every user, ``reasons[row][rank]`` its sentences and ``why[row][rank]`` its
    contributions as texts; ``because[row][rank]`` are the ids, as text, and the labels of the nodes that these name;
    ``walk`` is the meta-path PageRank list; ``item_scores`` (n_items,) is the
    global score of every item; ``metrics`` is how good the model is, and what was chosen on what; ``similar`` is
    the item graph of a model that has one. ``kept`` (n_users,) are the users for whom all of that but ``walk`` is as
    the current run has it, so that the database copies it from there; their texts are not here. Without it, nobody is.
    """

    top: TopK
    walk: TopK
    vectors: Vectors
    item_scores: npt.NDArray[np.float64]
    reasons: Sequence[Sequence[str]]
    why: Sequence[Sequence[str]]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    similar: Neighbours | None = None
    because: Sequence[Sequence[tuple[list[str], list[str]]]] | None = None
    kept: npt.NDArray[np.bool_] | None = None
