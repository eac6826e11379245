"""What is drawn of a streamed graph: every neighbour and every negative alike, and by a seed the same again."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from streamed_graphs import rated

from graphrec_neo4j.database import Database
from graphrec_neo4j.ids import Key
from loaders import stream_pages
from loaders.stream import Neo4jStream
from loaders.stream_neighbours import Neighbours
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live


def test_every_neighbour_is_as_likely_as_any_other_and_every_pair_too(database: Database) -> None:
    graph = rated(users=2, items=12, edges=400)
    to_neo4j(database, graph)
    degree, taken, turns = len(graph.edges["RATED"].take(graph.edges["RATED"].source == 0)), 5, 3000
    assert degree == 12
    neighbours = Neighbours(database, graph.schema, "RATED", reverse=True, scan=1000)
    sampled = neighbours.sample([0] * turns, taken, np.random.default_rng(0))
    sets: list[list[Key]] = [[] for _ in range(turns)]
    for place, key in zip(sampled.place.tolist(), sampled.neighbour, strict=True):
        sets[place].append(key)
    assert {len(set(of_turn)) for of_turn in sets} == {taken}
    single = np.array(list(Counter(key for of_turn in sets for key in of_turn).values()))
    # Counts of samples without replacement vary less than a multinomial's, by (degree - taken) / (degree - 1).
    spread = ((single - turns * taken / degree) ** 2).sum() / (turns * taken / degree)
    assert 0.001 < stats.chi2.sf(spread * (degree - 1) / (degree - taken), degree - 1) < 0.999
    pairs = Counter(pair for of_turn in sets for pair in combinations(sorted(map(str, of_turn)), 2))
    expected = turns * taken * (taken - 1) / (degree * (degree - 1))
    assert len(pairs) == degree * (degree - 1) / 2
    assert max(abs(count - expected) for count in pairs.values()) < 5 * np.sqrt(expected)


def test_of_a_hub_only_so_many_edges_are_looked_at(database: Database) -> None:
    graph = rated(users=1, items=50, edges=1000)
    to_neo4j(database, graph)
    neighbours = Neighbours(database, graph.schema, "RATED", reverse=True, scan=20)
    sampled = neighbours.sample([0] * 200, 10, np.random.default_rng(0))
    assert len(sampled.neighbour) == 2000
    assert len(set(sampled.neighbour)) == 20


def test_negatives_are_all_nodes_alike(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_pages, "NODES_A_PAGE", 4)
    monkeypatch.setattr(stream_pages, "PAGES_A_CHUNK", 1)
    graph = rated(items=10)
    to_neo4j(database, graph)
    with Neo4jStream(database, graph.schema, [1]) as stream:
        reader, rng = stream.pages("Item"), np.random.default_rng(0)
        drawn = Counter(reader.random_keys(1, rng)[0] for _ in range(1000))
    # The last of the three pages has two nodes, each as likely as one of the four of another.
    assert stats.chisquare([drawn[key] for key in graph.items.ids.keys]).pvalue > 0.001


def test_a_seed_gives_the_same_batches_whatever_the_number_of_sessions(database: Database) -> None:
    graph = rated()
    to_neo4j(database, graph)

    def digest(seed: int, epoch: int, sessions: int) -> list[list[list[int]]]:
        with Neo4jStream(database, graph.schema, [3, 2], seed=seed) as stream:
            batches = stream.link_batches("RATED", 100, epoch=epoch, sessions=sessions, waiting=5)
            return [[batch["Item"].n_id.tolist(), batch["RATED"].edge_index.flatten().tolist()] for batch in batches]

    first = digest(0, 0, 1)
    assert digest(0, 0, 3) == first
    assert digest(1, 0, 1) != first
    assert digest(0, 1, 1) != first
