import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

torch = pytest.importorskip("torch")

from graphrec_neo4j.training.known import KnownPairs  # noqa: E402
from graphrec_neo4j.training.negatives import UniformNegatives, known_among, shared_negatives  # noqa: E402

tables = st.integers(1, 6).flatmap(
    lambda items: st.lists(st.lists(st.booleans(), min_size=items, max_size=items), min_size=1, max_size=6)
)


def known_pairs(table: list[list[bool]]) -> KnownPairs:
    return KnownPairs.of(sparse.csr_matrix(np.array(table, dtype=np.float32)))


@given(tables)
@settings(deadline=None)
def test_the_places_of_every_user_are_her_unknown_items_in_order(table: list[list[bool]]) -> None:
    """Exhaustive: every place of every user, so that no draw can ever be a known item."""
    known = known_pairs(table)
    negatives = UniformNegatives(known)
    for user, row in enumerate(table):
        unknown = [item for item, liked in enumerate(row) if not liked]
        users = torch.full((len(unknown),), user)
        assert negatives.unknown_item(users, torch.arange(len(unknown))).tolist() == unknown


def test_draws_are_uniform_over_the_unknown_items() -> None:
    """90,000 draws of user 1 over 3 unknown items: each third within five standard deviations."""
    negatives = UniformNegatives(known_pairs([[True] * 6, [False, True, True, False, True, False]]))
    drawn = negatives.draw(torch.ones(90_000, dtype=torch.long), torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn, minlength=6).tolist()
    assert [counts[item] for item in (1, 2, 4)] == [0, 0, 0]
    deviation = (90_000 * 1 / 3 * 2 / 3) ** 0.5
    assert all(abs(counts[item] - 30_000) < 5 * deviation for item in (0, 3, 5))


def test_the_same_seed_draws_the_same_negatives() -> None:
    negatives = UniformNegatives(known_pairs([[True, False, False, False]] * 3))
    users = torch.tensor([0, 1, 2] * 20)
    first, again, other = (negatives.draw(users, torch.Generator().manual_seed(seed)) for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@given(tables)
@settings(deadline=None)
def test_pairs_of_users_are_those_of_the_table(table: list[list[bool]]) -> None:
    known = known_pairs(table)
    users = torch.arange(len(table)).flip(0)
    row, item = known.of_users(users)
    expected = [(at, item) for at, user in enumerate(users.tolist()) for item, liked in enumerate(table[user]) if liked]
    assert list(zip(row.tolist(), item.tolist(), strict=True)) == expected


def test_learners_know_something_but_not_everything() -> None:
    assert known_pairs([[True, True], [True, False], [False, False]]).learners().tolist() == [1]


def test_shared_negatives_are_different_items_and_all_of_them_where_they_are_few() -> None:
    drawn = shared_negatives(50, 20, torch.Generator().manual_seed(0)).tolist()
    assert len(set(drawn)) == 20
    assert set(drawn) <= set(range(50))
    assert sorted(shared_negatives(5, 20, torch.Generator().manual_seed(0)).tolist()) == [0, 1, 2, 3, 4]


@given(tables, st.integers(1, 6), st.integers(0, 99))
@settings(deadline=None)
def test_known_items_among_shared_negatives_are_all_found(table: list[list[bool]], count: int, seed: int) -> None:
    known = known_pairs(table)
    shared = shared_negatives(known.n_items, count, torch.Generator().manual_seed(seed))
    row, column = known_among(known, torch.arange(len(table)), shared)
    found = set(zip(row.tolist(), column.tolist(), strict=True))
    expected = {(u, c) for u, liked in enumerate(table) for c, item in enumerate(shared.tolist()) if liked[item]}
    assert found == expected
