"""The numba kernels of random walks and of what they visit."""

from __future__ import annotations

import numba
import numpy as np

from graphrec_neo4j.sampling.graph import Int32s, Int64s


@numba.njit(cache=True, nogil=True)
def step(pointers: Int64s, columns: Int32s, node: int, rng: np.random.Generator) -> int:
    """One of the neighbours of ``node``, all alike, or -1 if it has none."""
    first, degree = pointers[node], pointers[node + 1] - pointers[node]
    return columns[first + int(rng.random() * degree)] if degree else -1


@numba.njit(cache=True, nogil=True)
def walks(pointers: Int64s, columns: Int32s, roots: Int64s, length: int, rng: np.random.Generator) -> Int64s:
    """Walk ``length`` uniform steps from every root: (r, length + 1); a walk without a way on stays where it is."""
    paths = np.empty((len(roots), length + 1), np.int64)
    for walk in range(len(roots)):
        paths[walk, 0] = roots[walk]
        for at in range(length):
            there = step(pointers, columns, paths[walk, at], rng)
            paths[walk, at + 1] = there if there >= 0 else paths[walk, at]
    return paths


@numba.njit(cache=True, nogil=True)
def count_visited(
    pointers: Int64s,
    columns: Int32s,
    visited: Int64s,
    sample: int,
    last_sample: Int64s,
    of_nodes: Int64s,
    of_places: Int64s,
) -> None:
    """Add 1 for each node of ``visited`` (k,), however often it is there, and for each edge between two of them.

    ``last_sample`` (n,) keeps which sample saw a node last; ``sample`` must be greater than all before.
    """
    distinct = np.empty(len(visited), np.int64)
    count = 0
    for node in visited:
        if last_sample[node] != sample:
            last_sample[node] = sample
            of_nodes[node] += 1
            distinct[count] = node
            count += 1
    for node in distinct[:count]:
        for place in range(pointers[node], pointers[node + 1]):
            of_places[place] += last_sample[columns[place]] == sample


@numba.njit(cache=True, nogil=True)
def _visit(
    there: tuple[Int64s, Int32s],
    back: tuple[Int64s, Int32s],
    start: int,
    num_walks: int,
    walk_length: int,
    restart: float,
    visits: Int64s,
    touched: Int64s,
    rng: np.random.Generator,
) -> int:
    """Count where walks from ``start`` come to, but for ``start``; list the nodes in ``touched``, return how many."""
    count = 0
    for _ in range(num_walks):
        node = start
        for at in range(walk_length):
            if at and rng.random() < restart:
                node = start
            between = step(there[0], there[1], node, rng)
            arrived = step(back[0], back[1], between, rng) if between >= 0 else -1
            if arrived < 0:
                break
            node = arrived
            if node != start:
                if visits[node] == 0:
                    touched[count] = node
                    count += 1
                visits[node] += 1
    return count


@numba.njit(cache=True, nogil=True)
def most_visited(
    there: tuple[Int64s, Int32s],
    back: tuple[Int64s, Int32s],
    num_nodes: int,
    num_neighbors: int,
    num_walks: int,
    walk_length: int,
    restart: float,
    rng: np.random.Generator,
) -> tuple[Int64s, Int64s, Int64s]:
    """The nodes that walks from each node visit most: ``(pointers (n + 1,), node (k,), visits (k,))``, most first.

    A walk goes from node to node by a step along ``there`` and one along ``back``; of equals the lower row is first.
    """
    pointers = np.zeros(num_nodes + 1, np.int64)
    node, best = np.empty(num_nodes * num_neighbors, np.int64), np.empty(num_nodes * num_neighbors, np.int64)
    visits, touched = np.zeros(num_nodes, np.int64), np.empty(num_walks * walk_length, np.int64)
    for start in range(num_nodes):
        count = _visit(there, back, start, num_walks, walk_length, restart, visits, touched, rng)
        seen = np.sort(touched[:count])
        order = np.argsort(-visits[seen], kind="mergesort")[:num_neighbors]
        first = pointers[start]
        for at in range(len(order)):
            node[first + at], best[first + at] = seen[order[at]], visits[seen[order[at]]]
        pointers[start + 1] = first + len(order)
        visits[seen] = 0
    return pointers, node[: pointers[-1]].copy(), best[: pointers[-1]].copy()
