from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from graphrec_neo4j.errors import BadInputError
from loaders.from_generator import generate, load_generated
from loaders.generator_words import people, records

DAY = 86_400_000


@pytest.fixture(scope="module")
def graph():
    return generate()


def matrix(snapshot, edge="INTERACTED"):
    kind, edges = snapshot.schema.edges[edge], snapshot.edges[edge]
    shape = (len(snapshot.nodes[kind.source]), len(snapshot.nodes[kind.target]))
    return sparse.csr_matrix((np.ones(len(edges)), (edges.source, edges.target)), shape=shape)


def degrees(snapshot, edge, axis):
    return np.asarray(matrix(snapshot, edge).sum(axis=axis)).ravel()


def mean_jaccard(likes, ones, others):
    shared = np.asarray(likes[ones].multiply(likes[others]).sum(axis=1)).ravel()
    size = np.diff(likes.indptr)
    return float((shared / (size[ones] + size[others] - shared)).mean())


def recall_at_20(scores, train, test):
    scores = np.where(train.toarray() > 0, -np.inf, scores)
    top = np.argsort(-scores, axis=1)[:, :20]
    hits = np.take_along_axis(test.toarray(), top, axis=1).sum(axis=1)
    size = np.diff(test.indptr)
    return float((hits[size > 0] / size[size > 0]).mean())


def test_the_default_size_is_quick_and_worth_looking_at(graph):
    snapshot = graph.snapshot
    assert (len(snapshot.users), len(snapshot.items), len(snapshot.nodes["Category"])) == (1000, 600, 24)
    assert 20_000 < len(snapshot.edges["INTERACTED"]) < 30_000
    assert 6_000 < len(snapshot.edges["FOLLOWS"]) < 10_000


def test_the_same_seed_gives_the_same_graph_and_another_another(graph):
    assert generate().snapshot.digest == graph.snapshot.digest
    assert generate(seed=8).snapshot.digest != graph.snapshot.digest


def test_friends_share_more_items_than_shuffled_ties(graph):
    likes, ties = matrix(graph.snapshot), graph.snapshot.edges["FOLLOWS"]
    shuffled = np.random.default_rng(0).permutation(ties.target)
    # Real ones: LastFM 1.9, Ciao 2.0.
    assert mean_jaccard(likes, ties.source, ties.target) > 1.6 * mean_jaccard(likes, ties.source, shuffled)


def test_ties_close_more_triangles_than_shuffled_ties(graph):
    ties = matrix(graph.snapshot, "FOLLOWS")
    edges = graph.snapshot.edges["FOLLOWS"]
    shuffled = np.random.default_rng(0).permutation(edges.target)
    random = sparse.csr_matrix((np.ones(len(edges)), (edges.source, shuffled)), shape=ties.shape)
    closed = [(links @ links).multiply(links).sum() / (links @ links).sum() for links in (ties, random)]
    assert closed[0] > 2 * closed[1]


@pytest.mark.parametrize(("edge", "axis"), [("INTERACTED", 0), ("INTERACTED", 1), ("FOLLOWS", 0), ("FOLLOWS", 1)])
def test_activity_popularity_and_fame_are_heavy_tailed(graph, edge, axis):
    degree = np.sort(degrees(graph.snapshot, edge, axis))[::-1]
    top_tenth = degree[: len(degree) // 10].sum() / degree.sum()
    # A Poisson law of the same mean puts under 17 % into the top tenth.
    assert top_tenth > 0.25
    assert degree[0] > 5 * np.median(degree)


def test_ties_are_between_two_people_and_once(graph):
    ties = graph.snapshot.edges["FOLLOWS"]
    assert (ties.source != ties.target).all()
    assert matrix(graph.snapshot, "FOLLOWS").max() == 1.0


def test_times_lie_in_two_years_in_sessions(graph):
    interacted = graph.snapshot.edges["INTERACTED"]
    assert interacted.time.min() >= np.datetime64("2024-01-02", "ms").astype(np.int64)
    assert interacted.time.max() < np.datetime64("2026-01-01", "ms").astype(np.int64)
    assert (interacted.time % 1000 == 0).all()
    busiest = np.bincount(interacted.source).argmax()
    gaps = np.diff(np.sort(interacted.time[interacted.source == busiest]))
    assert (gaps < 3_600_000).mean() > 0.5
    assert gaps.max() > DAY


def test_weights_are_counts(graph):
    weight = graph.snapshot.edges["INTERACTED"].weight
    assert weight.min() == 1.0
    assert (weight == np.round(weight)).all()
    assert weight.max() > 20 * np.median(weight)


def test_every_item_has_a_category_tied_to_its_taste(graph):
    categories, likes = matrix(graph.snapshot, "IN_CATEGORY"), matrix(graph.snapshot)
    assert (np.diff(categories.indptr) >= 1).all()
    together = (likes.T @ likes).tocoo()
    other = together.row != together.col
    same = np.asarray((categories @ categories.T > 0).todense())
    listened_together = np.average(same[together.row[other], together.col[other]], weights=together.data[other])
    assert listened_together > 1.5 * same.mean()


def test_preferences_are_distributions_and_come_in_blocks(graph):
    every = graph.preferences.scores(np.arange(1000))
    assert every.shape == (1000, 600)
    assert every.dtype == np.float32
    np.testing.assert_allclose(every.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(graph.preferences.scores(np.array([7, 3])), every[[7, 3]], rtol=1e-6)
    np.testing.assert_allclose(
        graph.preferences.of_pairs(np.array([7, 3]), np.array([0, 599])), every[[7, 3], [0, 599]], rtol=1e-5
    )


def test_learning_beats_popularity_and_the_truth_beats_learning(graph):
    likes = matrix(graph.snapshot).tocoo()
    held_out = np.random.default_rng(1).random(likes.nnz) < 0.2
    train, test = (
        sparse.csr_matrix((likes.data[part], (likes.row[part], likes.col[part])), shape=likes.shape)
        for part in (~held_out, held_out)
    )
    by_user = sparse.diags(1 / np.maximum(train.sum(axis=1).A1, 1))
    by_item = sparse.diags(1 / np.maximum(train.sum(axis=0).A1, 1))
    p3 = (by_user @ train @ by_item @ train.T @ by_user @ train).toarray()
    popularity = np.tile(train.sum(axis=0).A1, (1000, 1))
    truth = graph.preferences.scores(np.arange(1000))
    recalls = [recall_at_20(scores, train, test) for scores in (popularity, p3, truth)]
    assert all(better > 1.25 * worse for worse, better in pairwise(recalls))


def test_draws_follow_the_preferences():
    """With few items for many users, how often an item is chosen tends to its mean probability."""
    made = generate(4000, 50, interactions_per_user=1.0, seed=3)
    interacted = made.snapshot.edges["INTERACTED"]
    lone = np.flatnonzero(np.bincount(interacted.source, minlength=4000) == 1)
    alone = np.isin(interacted.source, lone)
    chosen = np.bincount(interacted.target[alone], minlength=50)
    expected = made.preferences.scores(lone).sum(axis=0)
    spread = np.sqrt(expected)
    assert (np.abs(chosen - expected) < 4.5 * spread).all()


@pytest.mark.parametrize(("users", "items"), [(2, 2), (3, 500), (500, 3)])
def test_odd_sizes_work(users, items):
    snapshot = generate(users, items).snapshot
    assert (len(snapshot.users), len(snapshot.items)) == (users, items)
    assert (np.bincount(snapshot.edges["INTERACTED"].source, minlength=users) >= 1).all()


def test_too_small_a_graph_is_refused():
    with pytest.raises(BadInputError, match="at least 2 users"):
        generate(1, 5)


def test_names_are_unique_at_any_size_and_match_their_ids():
    for make, count in ((people, 60_000), (records, 60_000)):
        keys, names = make(count, np.random.default_rng(0))
        assert len(set(keys)) == len(set(names)) == count
        assert keys == sorted(keys)
        assert all(key.isascii() and " " not in key for key in keys)
    assert people(1, np.random.default_rng(5)) == people(1, np.random.default_rng(5))


def test_load_generated_is_the_default_graph(graph, tmp_path):
    assert load_generated().snapshot == graph.snapshot
    with pytest.raises(BadInputError, match="reads no file"):
        load_generated(tmp_path)
