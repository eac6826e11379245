import math

import pytest

torch = pytest.importorskip("torch")

from graphrec_neo4j.training.losses import LogSumOfNegatives, bpr, sampled_softmax  # noqa: E402


def test_bpr_of_two_pairs_by_hand() -> None:
    """-log sigmoid(ln 3) = log(1 + 1/3), and -log sigmoid(-ln 3) = log(1 + 3)."""
    loss = bpr(torch.tensor([math.log(3), 0.0]), torch.tensor([0.0, math.log(3)]))
    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2, rel=1e-6)


def test_bpr_of_equal_scores_is_log_two() -> None:
    assert bpr(torch.ones(5), torch.ones(5)).item() == pytest.approx(math.log(2), rel=1e-6)


def test_bpr_of_huge_differences_stays_finite() -> None:
    loss = bpr(torch.tensor([0.0]), torch.tensor([1e4]))
    assert loss.item() == pytest.approx(1e4)


def log_sums(negative: torch.Tensor, temperature: float) -> torch.Tensor:
    return torch.logsumexp(negative / temperature, dim=1)


def test_softmax_by_hand() -> None:
    """At temperature 1/2: positive 4 against 1 + 2 + 3, so the loss is log(10 / 4)."""
    positive = torch.tensor([math.log(4) / 2])
    loss = sampled_softmax(positive, torch.tensor([math.log(1 + 2 + 3)]), torch.tensor([0]), temperature=1 / 2)
    assert loss.item() == pytest.approx(math.log(10 / 4), rel=1e-6)


def test_softmax_of_several_positives_is_the_mean_over_pairs_of_their_own_rows() -> None:
    positive = torch.tensor([math.log(4), math.log(2), 0.0])
    loss = sampled_softmax(positive, torch.tensor([math.log(2), math.log(4)]), torch.tensor([0, 0, 1]), 1.0)
    assert loss.item() == pytest.approx((math.log(6 / 4) + math.log(4 / 2) + math.log(5 / 1)) / 3, rel=1e-6)


def test_softmax_equals_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    positive = torch.randn(7, generator=generator, dtype=torch.float64)
    negative = torch.randn(7, 5, generator=generator, dtype=torch.float64)
    logits = torch.cat([positive[:, None], negative], dim=1) / 0.3
    expected = torch.nn.functional.cross_entropy(logits, torch.zeros(7, dtype=torch.long))
    mine = sampled_softmax(positive, log_sums(negative, 0.3), torch.arange(7), 0.3)
    assert mine.item() == pytest.approx(expected.item(), rel=1e-12)


def directions(rows: int, seed: int) -> torch.Tensor:
    drawn = torch.randn(rows, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(drawn).requires_grad_()


def test_the_log_sum_leaves_known_items_out() -> None:
    users, items = directions(3, seed=1), directions(5, seed=2)
    scores = users @ items.T
    scores[0, 2] = scores[2, 4] = -torch.inf
    mine = LogSumOfNegatives.apply(users, items, torch.tensor([0, 2]), torch.tensor([2, 4]), 0.1)
    torch.testing.assert_close(mine, log_sums(scores, 0.1), rtol=1e-12, atol=0)


def test_the_gradients_of_the_log_sum_are_those_of_finite_differences() -> None:
    row, column = torch.tensor([0, 2]), torch.tensor([2, 4])
    assert torch.autograd.gradcheck(
        lambda users, items: LogSumOfNegatives.apply(users, items, row, column, 0.5),
        (directions(3, seed=1), directions(5, seed=2)),
    )


def test_the_log_sum_of_single_precision_holds_at_the_lowest_temperature() -> None:
    users = torch.tensor([[1.0, 0.0]])
    mine = LogSumOfNegatives.apply(users, users.repeat(1000, 1), torch.tensor([0]), torch.tensor([0]), 0.02)
    assert mine.item() == pytest.approx(50 + math.log(999), rel=1e-6)


def test_a_user_without_any_negative_has_no_loss_and_a_zero_gradient() -> None:
    users, items = directions(1, seed=1), directions(1, seed=2)
    log_sum = LogSumOfNegatives.apply(users, items, torch.tensor([0]), torch.tensor([0]), 0.2)
    loss = sampled_softmax((users * items).sum(1), log_sum, torch.tensor([0]), 0.2)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-20)
    assert users.grad.abs().max().item() == pytest.approx(0, abs=1e-20)
