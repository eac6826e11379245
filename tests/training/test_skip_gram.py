"""Skip-gram against its loss in plain NumPy, and against what its optimum is known to be."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.training import skip_gram
from graphrec_neo4j.training.skip_gram import SkipGram, SkipGramSettings, learn_skip_gram
from graphrec_neo4j.training.skip_gram_kernel import Noise, Sampling, deal_pairs, learn_pairs

JOINT = np.array(
    [
        [0, 8, 3, 1, 2, 1],
        [8, 0, 4, 1, 1, 2],
        [3, 4, 0, 2, 1, 1],
        [1, 1, 2, 0, 9, 6],
        [2, 1, 1, 9, 0, 5],
        [1, 2, 1, 6, 5, 0],
    ],
    dtype=np.float64,
)
JOINT /= JOINT.sum()
LONG_ENOUGH = {"dimensions": 8, "window": 1, "rounds": 8, "learning_rate": 0.05}


def pairs_of_joint(number: int) -> np.ndarray:
    """Sentences of two words, drawn from the joint distribution."""
    drawn = np.random.default_rng(number).choice(36, size=60_000, p=JOINT.ravel())
    return np.stack([drawn // 6, drawn % 6], axis=1).astype(np.int32)


def random_sentences(number: int) -> np.ndarray:
    walks = np.random.default_rng(number).integers(0, 40, size=(300, 9)).astype(np.int32)
    walks[::3, 5:] = -1
    return walks


def dealt(walks: np.ndarray, window: int, negatives: int, parts: np.ndarray, noise: np.ndarray) -> tuple:
    """Blocks' sizes and all pairs, as the learner has them dealt."""
    kinds = np.zeros(len(parts), dtype=np.int32)
    sampling, state, none = Sampling(window, negatives, Noise(kinds, noise)), np.uint64(5), np.zeros(0, dtype=np.int32)
    sizes = np.zeros((parts.max() + 1,) * 2, dtype=np.int64)
    deal_pairs(walks, sampling, state, parts, sizes, none, none)
    ends = sizes.cumsum().reshape(sizes.shape) - sizes
    inputs, outputs = np.empty((2, sizes.sum()), dtype=np.int32)
    deal_pairs(walks, sampling, state, parts, ends, inputs, outputs)
    np.testing.assert_array_equal(ends, sizes.cumsum().reshape(sizes.shape))
    return sizes, inputs, outputs


class TestGradient:
    def loss(self, x: np.ndarray, y: np.ndarray, is_near: bool) -> float:
        return float(np.log1p(np.exp(-(x @ y) if is_near else x @ y)))

    def slope(self, x: np.ndarray, y: np.ndarray, is_near: bool) -> np.ndarray:
        """The gradient for x, by central differences."""
        steps = 1e-6 * np.eye(len(x))
        return np.array([(self.loss(x + h, y, is_near) - self.loss(x - h, y, is_near)) / 2e-6 for h in steps])

    @pytest.mark.parametrize("dimensions", [1, 7, 64])
    def test_every_pair_is_a_step_down_the_slope_of_its_loss(self, dimensions: int) -> None:
        random = np.random.default_rng(0)
        x, y = random.normal(size=(2, 5, dimensions)) / np.sqrt(dimensions)
        inputs, outputs = random.integers(0, 5, size=(2, 30)).astype(np.int32)
        is_near = random.random(30) < 0.4
        mine, theirs = x.astype(np.float32), y.astype(np.float32)
        learn_pairs(inputs, np.where(is_near, outputs, -1 - outputs).astype(np.int32), (0.5, 0.2), mine, theirs)
        for pair, (a, b, near) in enumerate(zip(inputs, outputs, is_near, strict=True)):
            rate = 0.5 - 0.3 * pair / 30
            of_x, of_y = self.slope(x[a], y[b], near), self.slope(y[b], x[a], near)
            x[a], y[b] = x[a] - rate * of_x, y[b] - rate * of_y
        np.testing.assert_allclose(mine, x, rtol=0, atol=2e-5)
        np.testing.assert_allclose(theirs, y, rtol=0, atol=2e-5)

    def test_no_pairs_change_nothing(self) -> None:
        none, x = np.zeros(0, dtype=np.int32), np.ones((2, 3), dtype=np.float32)
        learn_pairs(none, none, (0.1, 0.0), x, x.copy())
        assert (x == 1).all()


class TestPairs:
    walks = np.array([[0, 1, 2, 3], [2, 0, 2, -1], [3, -1, -1, -1]], dtype=np.int32)
    noise = np.array([[0, 1, 2, 3]], dtype=np.int32)

    def test_a_window_of_one_pairs_neighbours_both_ways(self) -> None:
        _, inputs, outputs = dealt(self.walks, 1, 0, np.zeros(4, dtype=np.int32), self.noise)
        expected = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (2, 0), (0, 2), (0, 2), (2, 0)]
        assert sorted(zip(inputs.tolist(), outputs.tolist(), strict=True)) == sorted(expected)

    def test_a_node_is_no_context_of_itself(self) -> None:
        walk = np.array([[4, 1, 4, 2, 4]] * 50, dtype=np.int32)
        _, inputs, outputs = dealt(walk, 4, 0, np.zeros(5, dtype=np.int32), self.noise)
        assert (inputs != outputs).all()

    def test_every_pair_is_in_the_block_of_its_parts(self) -> None:
        parts = np.array([0, 2, 1, 2], dtype=np.int32)
        sizes, inputs, outputs = dealt(self.walks, 3, 4, parts, self.noise)
        blocks = np.repeat(np.arange(9), sizes.ravel())
        nodes = np.where(outputs < 0, -1 - outputs, outputs)
        np.testing.assert_array_equal(blocks, 3 * parts[inputs] + parts[nodes])

    def test_nearer_nodes_are_paired_more_often(self) -> None:
        """A reach of 1, 2 or 3 steps, each as likely, pairs at distance 1 always, at 2 in 2/3, at 3 in 1/3."""
        walk = np.tile(np.arange(9, dtype=np.int32), (20_000, 1))
        _, inputs, outputs = dealt(walk, 3, 0, np.zeros(9, dtype=np.int32), self.noise)
        middle = inputs == 4
        counts = np.bincount(np.abs(outputs[middle] - 4), minlength=4) / 40_000
        np.testing.assert_allclose(counts, [0, 1, 2 / 3, 1 / 3], rtol=0, atol=0.01)

    def test_each_pair_has_its_negatives_drawn_from_the_noise(self) -> None:
        noise = np.array([[1, 3, 3, 3]], dtype=np.int32)
        walk = np.tile(np.array([0, 2], dtype=np.int32), (10_000, 1))
        _, inputs, outputs = dealt(walk, 2, 5, np.zeros(4, dtype=np.int32), noise)
        assert np.bincount(inputs).tolist() == [60_000, 0, 60_000]
        drawn = np.bincount(-1 - outputs[outputs < 0], minlength=4)
        assert drawn.sum() == 100_000
        np.testing.assert_allclose(drawn / 100_000, [0, 1 / 4, 0, 3 / 4], rtol=0, atol=0.01)


class TestOptimum:
    """Levy and Goldberg, NIPS 2014, equation 7, with noise by frequency to the power 3/4."""

    def learn(self, **options: object) -> SkipGram:
        return learn_skip_gram(pairs_of_joint, 6, SkipGramSettings(**LONG_ENOUGH), seed=0, **options)

    def shifted(self, noise: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(JOINT / JOINT.sum(axis=1)[:, None] / noise / 5)

    def noise(self) -> np.ndarray:
        return JOINT.sum(axis=0) ** 0.75 / (JOINT.sum(axis=0) ** 0.75).sum()

    @pytest.mark.parametrize("parts", [1, 2, 3])
    def test_products_are_the_shifted_pmi(self, parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(skip_gram, "WORTH_PARTS", 0)
        monkeypatch.setattr(skip_gram, "PARTS", parts)
        monkeypatch.setattr(skip_gram, "PAIRS_A_NODE", 2**12)
        made, together = self.learn(), JOINT > 0
        products = made.inputs @ made.outputs.T
        np.testing.assert_allclose(products[together], self.shifted(self.noise())[together], rtol=0, atol=0.15)
        assert products[~together].max() < products[together].min()

    def test_negatives_of_a_kind_are_drawn_within_it(self) -> None:
        """So a has as many negatives of a kind as it stands near nodes of it, and products compare within kinds."""
        kinds, together = np.array([0, 0, 0, 1, 1, 1], dtype=np.int32), JOINT > 0
        same = kinds[:, None] == kinds
        noise = self.noise() / (same @ self.noise())
        near = (JOINT @ same)[np.arange(6)[:, None], np.arange(6)]
        made = self.learn(kinds=kinds)
        expected = np.log(JOINT[together] / (near * noise)[together] / 5)
        np.testing.assert_allclose((made.inputs @ made.outputs.T)[together], expected, rtol=0, atol=0.15)

    def test_visits_are_counted(self) -> None:
        drawn = np.concatenate([pairs_of_joint(number) for number in range(8)])
        np.testing.assert_array_equal(self.learn().visits, np.bincount(drawn.ravel()))


@pytest.mark.parametrize("parts", [1, 4])
def test_the_same_seed_gives_the_same_vectors_for_any_number_of_threads(
    parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skip_gram, "WORTH_PARTS", 0)
    monkeypatch.setattr(skip_gram, "PARTS", parts)
    settings = SkipGramSettings(dimensions=12, rounds=3)
    made = [learn_skip_gram(random_sentences, 40, settings, 9, threads=threads) for threads in (1, 1, 3)]
    for again in made[1:]:
        np.testing.assert_array_equal(again.inputs, made[0].inputs)
        np.testing.assert_array_equal(again.outputs, made[0].outputs)
    assert (learn_skip_gram(random_sentences, 40, settings, 10).inputs != made[0].inputs).any()


def test_many_chunks_learn_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skip_gram, "CHUNK", 2**14)
    made = TestOptimum().learn()
    expected, together = TestOptimum().shifted(TestOptimum().noise()), JOINT > 0
    np.testing.assert_allclose((made.inputs @ made.outputs.T)[together], expected[together], rtol=0, atol=0.15)


def test_a_node_that_no_walk_passes_keeps_an_output_of_zeros() -> None:
    made = learn_skip_gram(pairs_of_joint, 7, SkipGramSettings(**{**LONG_ENOUGH, "rounds": 1}), 0)
    assert made.visits[6] == 0
    assert not made.outputs[6].any()


def test_walks_of_one_node_teach_nothing() -> None:
    lonely = np.array([[0, -1], [1, -1]], dtype=np.int32)
    made = learn_skip_gram(lambda _: lonely, 2, SkipGramSettings(rounds=2), 0)
    assert made.visits.tolist() == [2, 2]
    assert not made.outputs.any()


def test_progress_is_told_round_by_round() -> None:
    told = []
    learn_skip_gram(random_sentences, 40, SkipGramSettings(rounds=3), 0, progress=lambda *said: told.append(said))
    assert told == [("walking and learning", done, 3) for done in (1, 2, 3)]


def test_vectors_that_grow_beyond_bounds_stop_with_the_round() -> None:
    with pytest.raises(ModelError, match=r"broke down in round 1: .*; lower the learning rate"):
        learn_skip_gram(random_sentences, 40, SkipGramSettings(learning_rate=1e30), 0)


@pytest.mark.parametrize("wrong", [{"dimensions": 0}, {"window": 0}, {"negatives": 0}, {"rounds": 0}])
def test_settings_below_one_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ModelError, match="at least 1"):
        SkipGramSettings(**wrong)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_learning_rate_that_is_no_positive_number_is_refused(rate: float) -> None:
    with pytest.raises(ModelError, match="learning_rate must be above 0"):
        SkipGramSettings(learning_rate=rate)
