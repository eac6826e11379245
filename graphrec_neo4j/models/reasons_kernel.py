"""Numba kernels that keep the largest contributions; import inside functions only, because numba is slow to import."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.results import NO_ITEM, Shares

Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]


@numba.njit(cache=True, nogil=True)
def keep_largest(parts: Floats, nodes: npt.NDArray, items: npt.NDArray, kept: Floats, kept_nodes: Int32s) -> None:
    """Put the largest positive of ``parts`` (k, h), which come through ``nodes`` (h,), into ``kept`` (k, limit).

    Largest first, equals as they come; nothing where an item is NO_ITEM.
    """
    limit = kept.shape[1]
    for place, item in enumerate(items):
        count = 0
        for at in range(parts.shape[1] if item != NO_ITEM else 0):
            part = parts[place, at]
            if not part > 0 or (count == limit and (limit == 0 or part <= kept[place, limit - 1])):
                continue
            count = min(count + 1, limit)
            slot = count - 1
            while slot > 0 and kept[place, slot - 1] < part:
                kept[place, slot], kept_nodes[place, slot] = kept[place, slot - 1], kept_nodes[place, slot - 1]
                slot -= 1
            kept[place, slot], kept_nodes[place, slot] = part, nodes[at]


@numba.njit(cache=True, nogil=True)
def join(given: Shares, kinds: npt.NDArray, joined: Shares) -> None:
    """Put the largest positive contributions of ``given``, in any order, into ``joined``, which comes empty.

    Those through the same node, in chains of the same of ``kinds``, are one, told as by the chain with most ways.
    Equals go by kind, then by node.
    """
    users, listed, most = given.parts.shape
    scores, found = np.empty(most), np.empty(most, dtype=np.int64)
    for user in range(users):
        for item in range(listed):
            parts, chains = given.parts[user, item], given.chains[user, item]
            nodes, ways = given.nodes[user, item], given.ways[user, item]
            distinct = 0
            for at in range(most):
                if nodes[at] == NO_ITEM:
                    continue
                same = 0
                while same < distinct and (
                    nodes[found[same]] != nodes[at] or kinds[chains[found[same]]] != kinds[chains[at]]
                ):
                    same += 1
                if same == distinct:
                    found[same], scores[same] = at, 0.0
                    distinct += 1
                elif ways[at] > ways[found[same]]:
                    found[same] = at
                scores[same] += parts[at]
            _largest_first(scores[:distinct], found, kinds, chains, nodes)
            for rank in range(min(distinct, joined.parts.shape[2])):
                if not scores[rank] > 0:
                    break
                at = found[rank]
                joined.parts[user, item, rank], joined.chains[user, item, rank] = scores[rank], chains[at]
                joined.nodes[user, item, rank], joined.ways[user, item, rank] = nodes[at], ways[at]


@numba.njit(cache=True, nogil=True)
def _largest_first(
    scores: Floats, found: npt.NDArray, kinds: npt.NDArray, chains: npt.NDArray, nodes: npt.NDArray
) -> None:
    """Sort ``scores`` and what they are found for, by insertion: they are few."""
    for at in range(1, len(scores)):
        score, one, slot = scores[at], found[at], at
        kind, node = kinds[chains[one]], nodes[one]
        while slot > 0:
            other = found[slot - 1]
            if scores[slot - 1] > score:
                break
            if scores[slot - 1] == score and (kinds[chains[other]], nodes[other]) < (kind, node):
                break
            scores[slot], found[slot] = scores[slot - 1], other
            slot -= 1
        scores[slot], found[slot] = score, one
