"""Every loss against its paper's formula, written out slowly, and gradients against finite differences or autograd."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from graphrec_neo4j.training.losses import (  # noqa: E402
    alignment,
    bilateral_softmax,
    bpr,
    cosine_contrastive,
    log_sum,
    sampled_softmax,
    uniformity,
    weighted_odds,
)
from graphrec_neo4j.training.table_sums import Against, exponential, hinge, log_odds  # noqa: E402

ROW = torch.tensor([0, 0, 1, 2, 2, 2])
HIDDEN = (torch.tensor([0, 2]), torch.tensor([2, 4]))


def directions(rows: int, seed: int) -> torch.Tensor:
    drawn = torch.randn(rows, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(drawn).requires_grad_()


def weights(columns: int = 5) -> torch.Tensor:
    return torch.arange(1.0, columns + 1, dtype=torch.float64)


def against(items: torch.Tensor) -> Against:
    return Against(items, weights(len(items)), *HIDDEN)


def compared() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Three users, five items against them, and the cosines of six liked pairs."""
    users, items, liked = directions(3, seed=1), directions(5, seed=2), directions(6, seed=3)
    return users, items, (users[ROW] * liked).sum(1)


def negatives_of(user: int) -> list[int]:
    """The columns that are not hidden from ``user``, each as often as it weighs."""
    hidden = {(0, 2), (2, 4)}
    return [column for column in range(5) if (user, column) not in hidden for _ in range(column + 1)]


def scores() -> tuple[np.ndarray, np.ndarray]:
    users, items, positive = compared()
    return (users @ items.T).detach().numpy(), positive.detach().numpy()


def test_bpr_of_two_pairs_by_hand() -> None:
    """-log sigmoid(ln 3) = log(1 + 1/3), and -log sigmoid(-ln 3) = log(1 + 3)."""
    loss = bpr(torch.tensor([math.log(3), 0.0]), torch.tensor([0.0, math.log(3)]))
    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2, rel=1e-6)


def test_bpr_of_equal_scores_is_log_two() -> None:
    assert bpr(torch.ones(5), torch.ones(5)).item() == pytest.approx(math.log(2), rel=1e-6)


def test_bpr_of_huge_differences_stays_finite() -> None:
    loss = bpr(torch.tensor([0.0]), torch.tensor([1e4]))
    assert loss.item() == pytest.approx(1e4)


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
    mine = sampled_softmax(positive, torch.logsumexp(negative / 0.3, dim=1), torch.arange(7), 0.3)
    assert mine.item() == pytest.approx(expected.item(), rel=1e-12)


def test_bilateral_softmax_is_the_papers_for_each_user_as_often_as_she_likes_something() -> None:
    users, items, positive = compared()
    table, liked = scores()
    terms = []
    for user in ROW.tolist():
        of_negatives = 0.2 * np.log(np.mean([np.exp(table[user, column] / 0.2) for column in negatives_of(user)]))
        of_positives = 0.5 * np.log(np.mean(np.exp(liked[ROW.numpy() == user] / 0.5)))
        terms.append((of_negatives - of_positives) / 0.2)
    mean = log_sum(users, against(items), 0.2) - against(items).counts(users).log()
    assert bilateral_softmax(positive, mean, ROW, 0.2, 0.5).item() == pytest.approx(np.mean(terms), rel=1e-12)


def test_at_a_high_temperature_the_pooled_positives_are_their_mean() -> None:
    users, items, positive = compared()
    mean = log_sum(users, against(items), 0.2)
    expected = (mean[ROW] - positive / 0.2).mean()
    assert bilateral_softmax(positive, mean, ROW, 0.2, 1e6).item() == pytest.approx(expected.item(), rel=1e-4)


def test_cosine_contrast_is_the_papers() -> None:
    users, items, positive = compared()
    table, liked = scores()
    terms = [
        1 - mine + 7 * np.mean([max(0, table[user, column] - 0.1) for column in negatives_of(user)])
        for user, mine in zip(ROW.tolist(), liked, strict=True)
    ]
    loss = cosine_contrastive(positive, users, against(items), ROW, margin=0.1, weight=7)
    assert loss.item() == pytest.approx(np.mean(terms), rel=1e-12)


def test_alignment_is_the_mean_squared_distance() -> None:
    users, items = directions(6, seed=1), directions(6, seed=2)
    expected = ((users - items) ** 2).sum(1).mean()
    assert alignment((users * items).sum(1)).item() == pytest.approx(expected.item(), rel=1e-12)


def test_uniformity_and_its_gradient_are_those_of_all_pairs_of_different_rows() -> None:
    mine, other = directions(7, seed=1), directions(7, seed=1)
    uniformity(mine).backward()
    expected = torch.pdist(other).square().mul(-2).exp().mean().log()
    expected.backward()
    assert uniformity(mine).item() == pytest.approx(expected.item(), rel=1e-12)

    def along(gradient: torch.Tensor) -> torch.Tensor:
        """What is left of a gradient on the sphere, where both formulas are the same function."""
        return gradient - (gradient * other).sum(1, keepdim=True) * other

    torch.testing.assert_close(along(mine.grad), along(other.grad), rtol=1e-9, atol=1e-12)


def test_one_vector_is_as_uniform_as_can_be() -> None:
    assert uniformity(directions(1, seed=1)).item() == 0


def test_weighted_odds_are_the_sum_of_all_log_odds() -> None:
    users, items, positive = compared()
    table, liked = scores()
    of_pairs, of_users = np.arange(1, 7) / 10, np.array([1.0, 2.0, 3.0])
    terms = [
        weight * np.log1p(np.exp(-mine))
        + of_users[user] * sum(np.log1p(np.exp(table[user, column])) for column in negatives_of(user))
        for user, mine, weight in zip(ROW.tolist(), liked, of_pairs, strict=True)
    ]
    tensors = torch.from_numpy(of_pairs), users, against(items), ROW, torch.from_numpy(of_users)
    assert weighted_odds(positive, *tensors).item() == pytest.approx(np.mean(terms), rel=1e-12)


@pytest.mark.parametrize("rise", [exponential, hinge(0.05), log_odds], ids=["exponential", "hinge", "log odds"])
def test_the_gradients_of_a_sum_over_a_table_are_those_of_finite_differences(rise) -> None:
    assert torch.autograd.gradcheck(
        lambda users, items: against(items).sums(users, rise), (directions(3, seed=1), directions(5, seed=2))
    )


@pytest.mark.parametrize(
    ("rise", "literal"),
    [
        (exponential, np.exp),
        (hinge(0.05), lambda score: max(0.0, score - 0.05)),
        (log_odds, lambda score: np.log1p(np.exp(score))),
    ],
    ids=["exponential", "hinge", "log odds"],
)
def test_sums_over_a_table_count_weights_and_leave_known_items_out(rise, literal) -> None:
    users, items, _ = compared()
    table, _ = scores()
    expected = [sum(literal(table[user, column]) for column in negatives_of(user)) for user in range(3)]
    assert against(items).sums(users, rise).tolist() == pytest.approx(expected, rel=1e-12)


def test_counts_leave_known_items_out() -> None:
    users, items, _ = compared()
    assert against(items).counts(users).tolist() == [len(negatives_of(user)) for user in range(3)] == [12, 15, 10]


def plain(items: torch.Tensor, row: list[int], column: list[int]) -> Against:
    return Against(items, torch.ones(len(items), dtype=items.dtype), torch.tensor(row), torch.tensor(column))


def test_the_log_sum_of_single_precision_holds_at_the_lowest_temperature() -> None:
    users = torch.tensor([[1.0, 0.0]])
    mine = log_sum(users, plain(users.repeat(1000, 1), [0], [0]), 0.02)
    assert mine.item() == pytest.approx(50 + math.log(999), rel=1e-6)


def test_a_user_without_any_negative_has_no_loss_and_a_zero_gradient() -> None:
    users, items = directions(1, seed=1), directions(1, seed=2)
    total = log_sum(users, plain(items, [0], [0]), 0.2)
    loss = sampled_softmax((users * items).sum(1), total, torch.tensor([0]), 0.2)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-20)
    assert users.grad.abs().max().item() == pytest.approx(0, abs=1e-20)
