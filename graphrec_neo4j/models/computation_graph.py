"""The computation graph of one pair: what a network's layers carry to a user and to an item, and over which edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

Rows = npt.NDArray[np.int64]
Node = tuple[str, int]
"""A block of nodes, as a network has them, and a row of it."""


class Channel(NamedTuple):
    """Who hears whom in every layer: nodes of block ``to`` those of block ``of``, by ``weights`` (n_to, n_of).

    Channels of one ``name`` between two blocks run along the same edges; ``turned`` says that an edge leads from ``of``
    to ``to``, which it otherwise does the other way, and ``mutual`` that it has no direction.
    """

    name: str
    to: str
    of: str
    weights: sparse.csr_matrix
    turned: bool = False
    mutual: bool = False


@dataclass(frozen=True, eq=False)
class Entries:
    """The m entries of one channel that are in a computation graph: places of their ends in its rows, by target.

    ``weight`` (m,) is the network's, of the whole graph; ``edge`` (m,) names the edge that each runs along.
    """

    target: Rows
    source: Rows
    weight: npt.NDArray[np.float32]
    edge: Rows


@dataclass(frozen=True, eq=False)
class ComputationGraph:
    """What is heard within as many hops as there are layers, by the user and the item, the first row of its block each.

    ``rows`` (n,) of each block are those of the whole graph; ``entries`` are those of each channel; ``edges`` (e, 3)
    the place of a channel with the edge's name, and the rows of its first and second end. ``cap`` is how many
    neighbours of a node were followed, in the hop where it was fewest, if not all.
    """

    channels: tuple[Channel, ...]
    rows: Mapping[str, Rows]
    entries: tuple[Entries, ...]
    edges: Rows
    cap: int | None

    def __len__(self) -> int:
        return len(self.edges)

    def ends(self, edge: int) -> tuple[str, Node, Node]:
        """Return the name of an edge, the node that it leads from and the one that it leads to."""
        place, first, second = self.edges[edge].tolist()
        channel = self.channels[place]
        blocks = (channel.of, channel.to) if channel.turned else (channel.to, channel.of)
        return channel.name, (blocks[0], first), (blocks[1], second)

    def only(self, kept: Rows) -> ComputationGraph:
        """Return the part that runs along the edges ``kept`` (k,), which keep their order."""
        number = np.full(len(self), -1, dtype=np.int64)
        number[kept] = np.arange(len(kept))
        stays = [number[each.edge] >= 0 for each in self.entries]
        there = {block: np.zeros(len(rows), dtype=bool) for block, rows in self.rows.items()}
        for block in there:
            there[block][:1] = block in _ENDS
        for channel, each, left in zip(self.channels, self.entries, stays, strict=True):
            there[channel.to][each.target[left]] = True
            there[channel.of][each.source[left]] = True
        place = {block: np.cumsum(mask) - 1 for block, mask in there.items()}
        entries = tuple(
            Entries(
                place[channel.to][each.target[left]],
                place[channel.of][each.source[left]],
                each.weight[left],
                number[each.edge[left]],
            )
            for channel, each, left in zip(self.channels, self.entries, stays, strict=True)
        )
        rows = {block: held[there[block]] for block, held in self.rows.items()}
        return ComputationGraph(self.channels, rows, entries, self.edges[kept], self.cap)


USERS, ITEMS = "users", "items"
_ENDS = (USERS, ITEMS)


class _Found(NamedTuple):
    target: Rows
    source: Rows
    weight: npt.NDArray[np.float32]


def computation_graph(
    channels: Sequence[Channel], sizes: Mapping[str, int], user: int, item: int, hops: int, most: int
) -> ComputationGraph:
    """Follow ``channels`` back from ``user`` and ``item`` for ``hops`` steps, over about ``most`` entries at most.

    ``sizes`` are those of the blocks. Where a hop would go beyond, each of its nodes is followed to an equal number of
    neighbours only, those that weigh most; ties go to the lower row.
    """
    seen = {block: np.zeros(size, dtype=bool) for block, size in sizes.items()}
    order: dict[str, list[Rows]] = {block: [] for block in sizes}
    frontier = {USERS: np.array([user], dtype=np.int64), ITEMS: np.array([item], dtype=np.int64)}
    found: list[list[_Found]] = [[] for _ in channels]
    caps, total = [], 0
    for hop in range(hops + 1):
        for block, rows in frontier.items():
            seen[block][rows] = True
            order[block].append(rows)
        if hop == hops:
            break
        cap = _cap(channels, frontier, most - total)
        caps += [cap] if cap else []
        reached: dict[str, list[Rows]] = {block: [] for block in sizes}
        for channel, parts in zip(channels, found, strict=True):
            made = _entries(channel.weights, frontier.get(channel.to, _NONE), cap)
            parts.append(made)
            reached[channel.of].append(made.source)
            total += len(made.source)
        frontier = {block: _unseen(parts, seen[block]) for block, parts in reached.items()}
    held = {block: np.concatenate(parts) if parts else _NONE for block, parts in order.items()}
    return _assembled(tuple(channels), held, sizes, [_joined(parts) for parts in found], min(caps, default=None))


_NONE: Rows = np.empty(0, dtype=np.int64)


def _cap(channels: Sequence[Channel], frontier: Mapping[str, Rows], left: int) -> int | None:
    """How many neighbours in a channel a node may have in this hop, or None for all of them."""
    counts = [np.diff(each.weights.indptr)[frontier.get(each.to, _NONE)] for each in channels]
    if sum(int(each.sum()) for each in counts) <= left:
        return None
    return max(1, left // max(sum(len(each) for each in counts), 1))


def _entries(weights: sparse.csr_matrix, rows: Rows, cap: int | None) -> _Found:
    counts = np.diff(weights.indptr)[rows]
    starts = weights.indptr[rows].astype(np.int64)
    target = np.repeat(rows, counts)
    within = np.arange(len(target)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = np.repeat(starts, counts) + within
    source, weight = weights.indices[place].astype(np.int64), weights.data[place].astype(np.float32)
    if cap is not None and len(target):
        group = np.repeat(np.arange(len(rows)), counts)
        order = np.lexsort((source, -weight, group))
        kept = np.sort(order[within < cap])
        target, source, weight = target[kept], source[kept], weight[kept]
    return _Found(target, source, weight)


def _unseen(parts: list[Rows], seen: npt.NDArray[np.bool_]) -> Rows:
    rows = np.unique(np.concatenate(parts)) if parts else _NONE
    return rows[~seen[rows]]


def _joined(parts: list[_Found]) -> _Found:
    return _Found(*(np.concatenate([each[column] for each in parts]) for column in range(3)))


def _run_along(channel: Channel) -> tuple[str, frozenset[str]]:
    return channel.name, frozenset((channel.to, channel.of))


def _assembled(
    channels: tuple[Channel, ...],
    rows: Mapping[str, Rows],
    sizes: Mapping[str, int],
    found: list[_Found],
    cap: int | None,
) -> ComputationGraph:
    """Number rows and edges: the two directions of an edge are one."""
    place = {block: np.full(size, -1, dtype=np.int64) for block, size in sizes.items()}
    for block, held in rows.items():
        place[block][held] = np.arange(len(held))
    first_of = {_run_along(channel): number for number, channel in reversed(list(enumerate(channels)))}
    named = []
    for channel, each in zip(channels, found, strict=True):
        ends = (each.source, each.target) if channel.turned else (each.target, each.source)
        if channel.mutual:
            ends = (np.minimum(*ends), np.maximum(*ends))
        named.append(np.column_stack([np.full(len(each.target), first_of[_run_along(channel)]), *ends]))
    edges, number = np.unique(np.concatenate(named), axis=0, return_inverse=True)
    numbers = np.split(number.ravel(), np.cumsum([len(each) for each in named])[:-1])
    entries = tuple(
        Entries(place[channel.to][each.target], place[channel.of][each.source], each.weight, of_edges)
        for channel, each, of_edges in zip(channels, found, numbers, strict=True)
    )
    return ComputationGraph(channels, rows, entries, edges, cap)
