from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

torch = pytest.importorskip("torch")

from graphrec_neo4j.errors import ModelError  # noqa: E402
from graphrec_neo4j.training import hard_negatives  # noqa: E402
from graphrec_neo4j.training.hard_negatives import HardNegatives, nearest_unknown  # noqa: E402
from graphrec_neo4j.training.known import KnownPairs  # noqa: E402
from graphrec_neo4j.training.loss_settings import NegativeSettings, shares_of  # noqa: E402
from graphrec_neo4j.training.mixed_negatives import MixedNegatives, negatives_for  # noqa: E402
from graphrec_neo4j.training.negatives import (  # noqa: E402
    InBatchNegatives,
    PopularNegatives,
    UniformNegatives,
    WeightedNegatives,
    known_among,
)

MIXTURES = ("uniform", "popularity", "in-batch", "hard", "uniform+hard", "uniform:2+popularity:1+in-batch:1+hard:4")
FALSE_ALARM = 1e-6

tables = st.integers(1, 6).flatmap(
    lambda items: st.lists(st.lists(st.booleans(), min_size=items, max_size=items), min_size=1, max_size=6)
)


def known_pairs(table: list[list[bool]]) -> KnownPairs:
    return KnownPairs.of(sparse.csr_matrix(np.array(table, dtype=np.float32)))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vectors(users: int, items: int, dimensions: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(users, dimensions, generator=seeded(1)), torch.randn(items, dimensions, generator=seeded(2))


def must_be_drawn_by(counts: list[int], chances: list[float]) -> None:
    """A chi-square test that says no to one right generator in a million."""
    counted, expected = np.array(counts, dtype=float), np.array(chances) / sum(chances) * sum(counts)
    assert not counted[expected == 0].any()
    likely = expected > 0
    assert likely.sum() == 1 or stats.chisquare(counted[likely], expected[likely]).pvalue > FALSE_ALARM


@given(tables, st.lists(st.integers(1, 5), min_size=6, max_size=6))
@settings(deadline=None)
def test_the_places_of_every_user_are_her_unknown_items_by_mass(table: list[list[bool]], mass: list[int]) -> None:
    """Exhaustive: every place of every user, so that no draw can ever be a known item."""
    weights = mass[: len(table[0])]
    negatives = WeightedNegatives(known_pairs(table), torch.tensor(weights))
    for user, row in enumerate(table):
        unknown = [item for item, liked in enumerate(row) if not liked for _ in range(weights[item])]
        users = torch.full((len(unknown),), user)
        assert negatives.unknown_item(users, torch.arange(len(unknown))).tolist() == unknown


@given(tables)
@settings(deadline=None)
def test_uniform_places_are_the_unknown_items_in_order(table: list[list[bool]]) -> None:
    negatives = UniformNegatives(known_pairs(table))
    for user, row in enumerate(table):
        unknown = [item for item, liked in enumerate(row) if not liked]
        users = torch.full((len(unknown),), user)
        assert negatives.unknown_item(users, torch.arange(len(unknown))).tolist() == unknown


TABLE = [[True] * 5 + [False], [False, True, True, False, True, False], [True, True, False, False, False, False]]
DEGREES = [2, 3, 2, 1, 2, 0]


@pytest.mark.parametrize(("exponent", "mixture"), [(0.0, "uniform"), (0.5, "popularity"), (1.0, "in-batch")])
def test_draws_follow_popularity_to_a_power_over_the_unknown_items(exponent: float, mixture: str) -> None:
    liked = known_pairs(TABLE)
    negatives = negatives_for(NegativeSettings(popularity_exponent=exponent), {mixture: 1.0}, liked)
    drawn = negatives.draw(torch.full((50_000,), 2), seeded())
    chances = [0.0, 0.0] + [degree**exponent for degree in DEGREES[2:]]
    must_be_drawn_by(torch.bincount(drawn, minlength=6).tolist(), chances)


def test_popular_items_are_shared_by_popularity_to_a_power() -> None:
    liked = known_pairs(TABLE)
    negatives, generator, times = PopularNegatives(liked, liked, 0.75), seeded(), torch.zeros(6)
    for _ in range(10_000):
        shared = negatives.shared(torch.tensor([0, 1]), 100, generator)
        assert shared.times.sum() == 6
        times[shared.items] += shared.times
    must_be_drawn_by(times.tolist(), [degree**0.75 for degree in DEGREES])


def test_chances_are_those_of_the_draws() -> None:
    liked = known_pairs(TABLE)
    assert UniformNegatives(liked).chance().tolist() == pytest.approx([1 / 6] * 6)
    assert InBatchNegatives(liked, liked).chance().tolist() == pytest.approx([n / 10 for n in DEGREES], abs=1e-6)
    mixed = negatives_for(NegativeSettings(), {"uniform": 0.25, "in-batch": 0.75}, liked)
    assert mixed.chance().tolist() == pytest.approx([1 / 24 + 3 / 40 * n for n in DEGREES], abs=1e-6)
    with pytest.raises(ModelError, match="chance of a draw"):
        HardNegatives(liked, 2).chance()


def test_in_batch_negatives_are_what_the_batch_likes_as_often_as_it_does() -> None:
    liked = known_pairs(TABLE)
    shared = InBatchNegatives(liked, liked).shared(torch.tensor([1, 2]), 100, seeded())
    assert dict(zip(shared.items.tolist(), shared.times.tolist(), strict=True)) == {0: 1, 1: 2, 2: 1, 4: 1}
    assert InBatchNegatives(liked, liked).shared(torch.tensor([1, 2]), 3, seeded()).times.sum() == 3


@pytest.mark.parametrize("mixture", MIXTURES)
@given(tables, st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_a_known_item_is_never_drawn(mixture: str, table: list[list[bool]], seed: int) -> None:
    liked = known_pairs(table)
    learners = liked.learners()
    negatives = negatives_for(NegativeSettings(hardest=2), shares_of(mixture), liked)
    negatives.begin(0.5, lambda: vectors(len(table), len(table[0])))
    users = learners.repeat(20)
    drawn = negatives.draw(users, seeded(seed))
    assert not any(table[user][item] for user, item in zip(users.tolist(), drawn.tolist(), strict=True))


@pytest.mark.parametrize("mixture", MIXTURES)
def test_with_known_negatives_known_items_are_drawn_too(mixture: str) -> None:
    liked = known_pairs(TABLE)
    negatives = negatives_for(NegativeSettings(known_negatives=True, hardest=4), shares_of(mixture), liked)
    negatives.begin(0, lambda: vectors(3, 6))
    drawn = negatives.draw(torch.zeros(2000, dtype=torch.long), seeded())
    assert (drawn < 5).any()
    assert len(known_among(negatives.hidden, torch.arange(3), torch.arange(6))[0]) == 0


@pytest.mark.parametrize("mixture", MIXTURES)
def test_the_same_seed_draws_the_same_negatives(mixture: str) -> None:
    liked = known_pairs(TABLE)
    negatives = negatives_for(NegativeSettings(hardest=3), shares_of(mixture), liked)
    negatives.begin(0, lambda: vectors(3, 6))
    users = torch.tensor([1, 2] * 40)
    first, again, other = (negatives.draw(users, seeded(seed)) for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    shared, once_more = (negatives.shared(torch.tensor([1, 2]), 4, seeded(7)) for _ in range(2))
    assert torch.equal(shared.items, once_more.items)


def test_a_mixture_draws_from_each_part_by_its_share() -> None:
    """Of user 2's unknown items 2 to 5 the hard part knows one, the nearest; the uniform part all four."""
    liked = known_pairs(TABLE)
    negatives = negatives_for(NegativeSettings(hardest=1), {"uniform": 0.4, "hard": 0.6}, liked)
    users, items = vectors(3, 6)
    negatives.begin(0, lambda: (users, items))
    nearest = 2 + int((items[2:] @ users[2]).argmax())
    drawn = negatives.draw(torch.full((50_000,), 2), seeded())
    chances = [0.0, 0.0] + [0.1 + 0.6 * (item == nearest) for item in range(2, 6)]
    must_be_drawn_by(torch.bincount(drawn, minlength=6).tolist(), chances)


def test_a_mixture_shares_each_part_by_its_share() -> None:
    liked = known_pairs(TABLE)
    negatives = negatives_for(NegativeSettings(hardest=1), {"popularity": 0.25, "hard": 0.75}, liked)
    negatives.begin(0, lambda: vectors(3, 6))
    shared = negatives.shared(torch.tensor([0, 1, 2]), 4, seeded())
    assert len(set(shared.items.tolist())) == len(shared.items)
    assert shared.times.sum() == 4
    nearest = set(negatives.parts["hard"].nearest.ravel().tolist())
    of_nearest = sum(n for item, n in zip(shared.items.tolist(), shared.times.tolist(), strict=True) if item in nearest)
    assert of_nearest >= 3


def test_a_curriculum_lets_hard_negatives_in_little_by_little() -> None:
    liked = known_pairs(TABLE)
    asked: list[float] = []

    def now() -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(0)
        return vectors(3, 6)

    negatives = negatives_for(NegativeSettings(curriculum=0.5), shares_of("uniform:3+hard:2"), liked)
    assert isinstance(negatives, MixedNegatives)
    grown = []
    for done in (0.0, 0.25, 0.5, 0.75):
        negatives.begin(done, now)
        grown.append(dict(negatives.shares))
    assert grown[0] == {"uniform": 1.0}
    assert grown[1] == pytest.approx({"uniform": 0.8, "hard": 0.2})
    assert grown[2] == grown[3] == pytest.approx({"uniform": 0.6, "hard": 0.4})
    assert len(asked) == 3


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_hard_negatives_are_drawn_evenly_from_the_nearest_unknown_items(depth: int) -> None:
    users, items = vectors(3, 6)
    negatives = HardNegatives(known_pairs(TABLE), depth)
    negatives.begin(0, lambda: (users, items))
    drawn = negatives.draw(torch.full((20_000,), 2), seeded())
    order = [item for item in (items @ users[2]).argsort(descending=True).tolist() if item >= 2][:depth]
    must_be_drawn_by(torch.bincount(drawn, minlength=6).tolist(), [float(item in order) for item in range(6)])


def large(users: int = 60, items: int = 3000) -> tuple[KnownPairs, torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(0)
    liked = sparse.csr_matrix(random.random((users, items)) < 0.01)
    return KnownPairs.of(liked), *vectors(users, items, 16)


def brute_force(users: torch.Tensor, items: torch.Tensor, known: KnownPairs, depth: int) -> list[list[int]]:
    scores = users @ items.T
    scores[known.of_users(torch.arange(len(users)))] = -torch.inf
    return scores.topk(depth).indices.tolist()


def test_nearest_unknown_items_are_those_of_all_scores() -> None:
    known, users, items = large()
    assert nearest_unknown(users, items, known, 20).tolist() == brute_force(users, items, known, 20)


def test_an_index_finds_most_of_the_nearest_items_and_no_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(hard_negatives, "LARGE_CATALOGUE", 100)
    known, users, items = large()
    found, expected = nearest_unknown(users, items, known, 20).tolist(), brute_force(users, items, known, 20)
    shared = [len(set(mine) & set(best)) / 20 for mine, best in zip(found, expected, strict=True)]
    assert np.mean(shared) > 0.6
    liked = set(zip(known.users().tolist(), known.items.tolist(), strict=True))
    assert not liked & {(user, item) for user, row in enumerate(found) for item in row}


def test_without_faiss_a_large_catalogue_is_searched_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(hard_negatives, "LARGE_CATALOGUE", 100)
    known, users, items = large()
    assert nearest_unknown(users, items, known, 5).tolist() == brute_force(users, items, known, 5)


@given(tables)
@settings(deadline=None)
def test_pairs_of_users_are_those_of_the_table(table: list[list[bool]]) -> None:
    known = known_pairs(table)
    users = torch.arange(len(table)).flip(0)
    row, item = known.of_users(users)
    expected = [(at, item) for at, user in enumerate(users.tolist()) for item, liked in enumerate(table[user]) if liked]
    assert list(zip(row.tolist(), item.tolist(), strict=True)) == expected


@given(tables)
@settings(deadline=None)
def test_known_pairs_contain_what_the_table_does(table: list[list[bool]]) -> None:
    known = known_pairs(table)
    users = torch.arange(len(table))[:, None].expand(-1, len(table[0]))
    items = torch.arange(len(table[0])).expand(len(table), -1)
    assert known.contain(users, items).tolist() == table
    assert known.item_degrees.tolist() == np.array(table).sum(axis=0).tolist()


def test_learners_know_something_but_not_everything() -> None:
    assert known_pairs([[True, True], [True, False], [False, False]]).learners().tolist() == [1]


def test_uniform_shared_items_are_different_and_all_of_them_where_they_are_few() -> None:
    negatives = UniformNegatives(known_pairs([[False] * 50]))
    drawn = Counter(negatives.shared(torch.tensor([0]), 20, seeded()).items.tolist())
    assert set(drawn.values()) == {1}
    assert len(drawn) == 20
    assert sorted(negatives.shared(torch.tensor([0]), 99, seeded()).items.tolist()) == list(range(50))


@given(tables, st.integers(1, 6), st.integers(0, 99))
@settings(deadline=None)
def test_known_items_among_shared_negatives_are_all_found(table: list[list[bool]], count: int, seed: int) -> None:
    known = known_pairs(table)
    shared = UniformNegatives(known).shared(torch.arange(len(table)), count, seeded(seed)).items
    row, column = known_among(known, torch.arange(len(table)), shared)
    found = set(zip(row.tolist(), column.tolist(), strict=True))
    expected = {(u, c) for u, liked in enumerate(table) for c, item in enumerate(shared.tolist()) if liked[item]}
    assert found == expected


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("uniform", {"uniform": 1.0}),
        ("uniform:3+hard:1", {"uniform": 0.75, "hard": 0.25}),
        ("popularity + in-batch", {"popularity": 0.5, "in-batch": 0.5}),
    ],
)
def test_mixtures_are_read_as_shares(text: str, shares: dict[str, float]) -> None:
    assert shares_of(text) == shares


@pytest.mark.parametrize("text", ["", "uniforn", "uniform:0", "uniform:x", "uniform:inf", "uniform+", "hard:-1"])
def test_what_is_no_mixture_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        shares_of(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"negatives": 0},
        {"hardest": 0},
        {"popularity_exponent": -1},
        {"curriculum": 2},
        {"curriculum": 0.5, "negative_sampling": "hard"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        NegativeSettings(**wrong)
