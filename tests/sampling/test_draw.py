"""Neighbours of one node drawn many times, against the exact probability of every outcome."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations, product

import numpy as np
import pytest
from sampled_graphs import assert_distributed

from graphrec_neo4j.sampling.draw_kernel import Frontier, LeftOut, draw
from graphrec_neo4j.sampling.expansion import NONE_LEFT_OUT
from graphrec_neo4j.sampling.graph import ONLY_EDGES, Adjacency, EdgeColumns, adjacency

DRAWS = 20_000


def star(degree: int, weight: list[float] | None = None, time: list[int] | None = None) -> Adjacency:
    """Edges 0, 1, ... into node 1, which stands between the columns of two other nodes."""
    source, target = np.zeros(degree + 2, dtype=np.int64), np.full(degree + 2, 1)
    target[-2:] = 0, 2
    columns = EdgeColumns(
        source,
        target,
        None if weight is None else np.array([*weight, 1.0, 1.0]),
        None if time is None else np.array([*time, 0, 0]),
    )
    return adjacency(columns, {"": 3}, ONLY_EDGES)


def outcomes(
    graph: Adjacency, count: int, *, replace: bool = False, left_out: LeftOut = NONE_LEFT_OUT, before: int | None = None
) -> list[tuple[int, ...]]:
    node = np.ones(DRAWS, dtype=np.int64)
    times = np.empty(0, dtype=np.int64) if before is None else np.full(DRAWS, before)
    frontier = Frontier(node, np.zeros_like(node), times)
    places, rows = draw(graph, frontier, left_out, count, replace, np.random.default_rng(1))
    drawn: list[list[int]] = [[] for _ in range(DRAWS)]
    for place, row in zip(graph.edge[places].tolist(), rows.tolist(), strict=True):
        drawn[row].append(place)
    return [tuple(one) for one in drawn]


def without(graph: Adjacency, edges: list[int]) -> LeftOut:
    places = np.flatnonzero(np.isin(graph.edge, edges))
    return LeftOut(np.array([0, len(places)]), places, np.zeros(1, dtype=np.int64))


def successively(weights: dict[int, float], count: int) -> dict[frozenset[int], float]:
    """The chance of every set where edges are drawn one after another by weight, by enumeration."""
    chances: dict[frozenset[int], float] = {}
    for order in permutations(weights, count):
        chance, left = 1.0, sum(weights.values())
        for edge in order:
            chance *= weights[edge] / left
            left -= weights[edge]
        chances[frozenset(order)] = chances.get(frozenset(order), 0.0) + chance
    return chances


# 2 * 2 < 5 takes Floyd's way, 3 * 3 >= 5 the selection.
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_subset_is_equally_likely(count: int) -> None:
    observed = Counter(map(frozenset, outcomes(star(5), count)))
    subsets = list(map(frozenset, combinations(range(5), count)))
    assert_distributed(observed, {subset: 1 / len(subsets) for subset in subsets})


@pytest.mark.parametrize("count", [2, 3])
def test_what_is_left_out_is_never_drawn_and_the_rest_stays_equally_likely(count: int) -> None:
    graph = star(7)
    observed = Counter(map(frozenset, outcomes(graph, count, left_out=without(graph, [0, 3, 4]))))
    subsets = list(map(frozenset, combinations([1, 2, 5, 6], count)))
    assert_distributed(observed, {subset: 1 / len(subsets) for subset in subsets})


def test_with_replacement_every_tuple_is_equally_likely() -> None:
    graph = star(4)
    observed = Counter(outcomes(graph, 2, replace=True, left_out=without(graph, [1])))
    assert_distributed(observed, dict.fromkeys(product([0, 2, 3], repeat=2), 1 / 9))


def test_with_replacement_more_come_than_there_are() -> None:
    assert Counter(map(len, outcomes(star(2), 5, replace=True))) == {5: DRAWS}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_weights_decide_one_draw_after_another(count: int) -> None:
    weight = [1.0, 2.0, 0.0, 3.0, 4.0, 10.0]
    graph = star(6, weight)
    observed = Counter(map(frozenset, outcomes(graph, count, left_out=without(graph, [5]))))
    assert_distributed(observed, successively({0: 1.0, 1: 2.0, 3: 3.0, 4: 4.0}, count))


def test_weights_decide_with_replacement() -> None:
    weight = [1.0, 2.0, 0.0, 5.0]
    observed = Counter(outcomes(star(4, weight), 2, replace=True))
    chances = {(a, b): weight[a] * weight[b] / 64 for a, b in product([0, 1, 3], repeat=2)}
    assert_distributed(observed, chances)


def test_what_weighs_nothing_is_not_drawn_even_where_all_are_asked_for() -> None:
    assert Counter(outcomes(star(3, [1.0, 0.0, 2.0]), -1)) == {(0, 2): DRAWS}
    assert Counter(outcomes(star(3, [0.0, 0.0, 0.0]), 2)) == {(): DRAWS}
    assert Counter(outcomes(star(3, [0.0, 0.0, 0.0]), 2, replace=True)) == {(): DRAWS}


@pytest.mark.parametrize("weight", [None, [1.0] * 6])
def test_only_edges_strictly_before_are_drawn(weight: list[float] | None) -> None:
    graph = star(6, weight, time=[30, 10, 20, 40, 10, 20])
    observed = Counter(map(frozenset, outcomes(graph, 2, before=30, left_out=without(graph, [4]))))
    assert_distributed(observed, {frozenset(pair): 1 / 3 for pair in combinations([1, 2, 5], 2)})


def test_a_node_without_edges_gets_none() -> None:
    graph = star(2)
    frontier = Frontier(np.array([0, 1, 2, 1]), np.zeros(4, dtype=np.int64), np.empty(0, dtype=np.int64))
    empty = without(graph, [0, 1])
    places, rows = draw(graph, frontier, empty, 3, True, np.random.default_rng(0))
    assert rows.tolist() == [0, 0, 0, 2, 2, 2]
    assert graph.edge[places].tolist() == [2, 2, 2, 3, 3, 3]
