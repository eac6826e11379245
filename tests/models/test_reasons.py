"""Reasons in columns against objects, and the kernels under them against tables written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec_neo4j.models.between_kernel import entries_between, products_between
from graphrec_neo4j.models.merged import merged
from graphrec_neo4j.models.reasons import Reasons, blended, popular
from graphrec_neo4j.models.reasons_kernel import keep_largest
from graphrec_neo4j.models.taste import Tastes
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation, Shares
from graphrec_neo4j.walks.explanations import Telling

TELLINGS = (
    Telling("taste", "Item", ("A", "A", "A")),
    Telling("category", "Genre", ("A", "OF", "OF")),
    Telling("taste", "Item", ("B", "B", "B")),
    Telling("popularity", "", ()),
)
ITEMS = np.array([[0, 1, NO_ITEM], [2, 0, 1]])
seeds = st.integers(0, 2**32 - 1)


def some_reasons(random: np.random.Generator) -> Reasons:
    """Up to four contributions of each pair, with few nodes and scores so that they meet and are equal."""
    shares = Shares.none((2, 3), 4)
    for pair in np.ndindex(2, 3):
        keys = [(chain, node) for chain in range(4) for node in range(3 if chain < 3 else 1)]
        chosen = random.permutation(len(keys))[: random.integers(5)]
        parts = -np.sort(-random.integers(1, 5, len(chosen)).astype(float))
        for place, (number, part) in enumerate(zip(chosen, parts, strict=True)):
            shares.chains[pair][place], shares.nodes[pair][place] = keys[number]
            shares.parts[pair][place], shares.ways[pair][place] = part, random.integers(4)
        shares.totals[pair] = parts.sum() + random.integers(3)
    return Reasons(shares, TELLINGS, bool(random.integers(4)))


@settings(deadline=None)
@given(seed=seeds, members=st.integers(1, 4), limit=st.integers(0, 4))
def test_a_blend_in_columns_is_the_blend_of_objects(seed: int, members: int, limit: int) -> None:
    random = np.random.default_rng(seed)
    parts = [(random.choice([0.5, 1.0, 2.0], 2), some_reasons(random)) for _ in range(members)]
    objects = [(factor, reasons.explanations(ITEMS)) for factor, reasons in parts]
    blend = blended(parts, limit).explanations(ITEMS)
    for user, item in np.ndindex(2, 3):
        if ITEMS[user, item] == NO_ITEM:
            assert blend[user][item] is None
            continue
        whole = merged([(float(factor[user]), told[user][item]) for factor, told in objects], limit)
        got = blend[user][item]
        assert got is not None
        assert [(part.kind, part.path, part.score) for part in got.contributions] == [
            (part.kind, part.path, part.score) for part in whole.contributions
        ]
        assert (got.score, got.exact) == (whole.score, whole.exact)
        assert got.other == pytest.approx(whole.other, abs=1e-12)
        assert [(part.count, part.edges) for part in got.contributions] == [
            (part.count, part.edges) for part in whole.contributions
        ]


def test_what_only_tastes_know_is_counted_when_it_is_known_what_is_kept() -> None:
    """Items 0 and 1 are liked together by two users, 0 and 2 by one."""
    history = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 1]], dtype=np.float32))
    tastes = Tastes(history, "Item", "A")
    asked = np.array([[0], [0]])

    def terms(user: int, mine: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(items), 9.0), np.where(mine == items[:, None], 0.0, 1.0 + mine)

    mine = tastes.reasons(np.array([0, 1]), asked, 3, terms)
    walked = Shares.none((2, 1), 1)
    walked.parts[:], walked.nodes[:], walked.ways[:], walked.chains[:] = 4.0, 1, 1, 1
    other = Reasons(walked, TELLINGS)
    told = blended([(np.ones(2), mine), (np.ones(2), other)], 3).explanations(asked)
    [first], [second] = told
    assert first == Explanation(
        9.0,
        (
            Contribution("category", 4.0, (("Genre", 1),), 1, ("A", "OF", "OF")),
            Contribution("taste", 2.0, (("Item", 1),), 2, ("A",) * 3),
        ),
        3.0,
        True,
    )
    assert second is not None
    assert [(part.path[0][1], part.count) for part in second.contributions if part.kind == "taste"] == [(2, 1), (1, 2)]


@pytest.mark.parametrize(("ways", "told"), [(1, ("A", 2)), (2, ("B", 2)), (3, ("B", 3))])
def test_a_count_is_told_in_the_words_of_who_counted(ways: int, told: tuple[str, int]) -> None:
    """Two users like items 0 and 1; a walk along edges of its own comes through item 1 as well."""
    history = sparse.csr_matrix(np.array([[1, 1], [1, 1]], dtype=np.float32))
    mine = Tastes(history, "Item", "A").reasons(
        np.array([0]), np.array([[0]]), 3, lambda user, mine, items: (np.ones(1), np.array([[0.0, 1.0]]))
    )
    walked = Shares.none((1, 1), 1)
    walked.parts[:], walked.nodes[:], walked.ways[:], walked.chains[:] = 4.0, 1, ways, 2
    blend = blended([(np.ones(1), mine), (np.ones(1), Reasons(walked, TELLINGS))], 3)
    for _ in range(2):
        [[why]] = blend.explanations(np.array([[0]]))
        assert why is not None
        assert [(part.edges[0], part.count) for part in why.contributions] == [told]


def test_a_reason_that_is_no_number_is_none() -> None:
    kept, nodes = np.zeros((1, 2)), np.full((1, 2), NO_ITEM, dtype=np.int32)
    keep_largest(np.array([[np.nan, 1.0, 3.0]]), np.arange(3, dtype=np.int32), np.array([0]), kept, nodes)
    assert (kept.tolist(), nodes.tolist()) == ([[3.0, 1.0]], [[2, 1]])


def test_popularity_is_the_whole_of_its_score() -> None:
    [[told, nothing]] = popular(np.array([[2.5, 0.5]]), np.array([[7.0, 1.0]]), 2).explanations(
        np.array([[3, NO_ITEM]])
    )
    assert told == Explanation(2.5, (Contribution("popularity", 2.5, (), 7),), 0.0, True)
    assert nothing is None
    [[untold]] = popular(np.array([[2.5]]), np.array([[7.0]]), 0).explanations(np.array([[3]]))
    assert untold == Explanation(2.5, (), 2.5, True)


@settings(deadline=None)
@given(seed=seeds)
def test_a_few_places_are_those_of_the_whole_table(seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = sparse.random(9, 9, 0.4, random_state=random, format="csr")
    whole.sort_indices()
    rows, wanted = random.integers(0, 9, 4), random.integers(0, 9, 5)
    table, dense = (whole.indptr, whole.indices, whole.data), whole.toarray()
    assert np.array_equal(entries_between(*table, rows, wanted), dense[np.ix_(rows, wanted)].T)
    np.testing.assert_allclose(products_between(*table, rows, wanted, 9), dense[wanted] @ dense[rows].T)


@settings(deadline=None)
@given(seed=seeds, limit=st.integers(0, 5))
def test_the_largest_are_kept_as_a_stable_sort_finds_them(seed: int, limit: int) -> None:
    random = np.random.default_rng(seed)
    parts = random.integers(-2, 4, (3, 8)).astype(float)
    nodes, items = random.permutation(8).astype(np.int32), np.array([0, NO_ITEM, 5])
    kept, kept_nodes = np.zeros((3, limit)), np.full((3, limit), NO_ITEM, dtype=np.int32)
    keep_largest(parts, nodes, items, kept, kept_nodes)
    for place, item in enumerate(items):
        best = [at for at in np.argsort(-parts[place], kind="stable")[:limit] if parts[place, at] > 0]
        best = best if item != NO_ITEM else []
        assert kept[place, : len(best)].tolist() == parts[place, best].tolist()
        assert kept_nodes[place].tolist() == [*nodes[best], *[NO_ITEM] * (limit - len(best))]
