"""The losses of knowledge graph embeddings against their papers' formulas."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from graphrec_neo4j.training.knowledge_graph import margin_ranking, self_adversarial  # noqa: E402
from graphrec_neo4j.training.table_sums import Against  # noqa: E402


def test_margin_ranking_counts_what_comes_nearer_than_the_margin() -> None:
    """0.5 - 0.75 + 0.5 = 1/4, none for what is apart by more, and 1 where the wrong one leads by the margin."""
    right, wrong = torch.tensor([0.75, 0.75, 0.0]), torch.tensor([0.5, 0.0, 0.5])
    assert float(margin_ranking(right, wrong, 0.5)) == pytest.approx((1 / 4 + 0 + 1) / 3)


def test_self_adversarial_is_the_papers_sum_over_what_is_no_edge() -> None:
    generator = torch.Generator().manual_seed(0)
    users, items = (torch.randn(n, 6, generator=generator).double() for n in (3, 5))
    row, known = torch.tensor([0, 0, 2]), (torch.tensor([0, 0, 2]), torch.tensor([1, 4, 0]))
    positive = (users[row] * items[known[1]]).sum(1)
    found = self_adversarial(positive, users, Against(items, torch.ones(5).double(), *known), row, 0.4, 0.5)

    def sigmoid(x: float) -> float:
        return 1 / (1 + np.exp(-x))

    hidden, scores = {(0, 1), (0, 4), (2, 0)}, (users @ items.T).numpy()
    expected = []
    for user, item in hidden:
        wrong = [scores[user, other] for other in range(5) if (user, other) not in hidden]
        shares = np.exp(np.array(wrong) / 0.5) / np.exp(np.array(wrong) / 0.5).sum()
        pushed = sum(share * np.log(sigmoid((0.4 - n) / 0.5)) for share, n in zip(shares, wrong, strict=True))
        expected.append(-(np.log(sigmoid((scores[user, item] - 0.4) / 0.5)) + pushed) / 2)
    assert float(found) == pytest.approx(np.mean(expected))


def test_who_knows_every_answer_is_pushed_from_none() -> None:
    users, items = torch.ones(1, 2, requires_grad=True), torch.eye(2)
    everything = Against(items, torch.ones(2), torch.tensor([0, 0]), torch.tensor([0, 1]))
    loss = self_adversarial(torch.tensor([1.0]), users, everything, torch.tensor([0]), 1.0, 1.0)
    loss.backward()
    assert loss.item() == pytest.approx(np.log(2) / 2)
    assert users.grad.tolist() == [[0.0, 0.0]]


def test_the_weights_of_wrong_answers_are_constants_for_the_gradient() -> None:
    """Of scores 1/2 and 0 at t = 1/10 the first weighs sigmoid(5), and m = 4/10 pushes it by sigmoid(1) / t / 2."""
    items, nothing = torch.tensor([[0.5, 0.0], [0.0, 1.0]], requires_grad=True), torch.tensor([], dtype=torch.long)
    against = Against(items, torch.ones(2), nothing, nothing)
    user, row = torch.tensor([[1.0, 0.0]]), torch.tensor([0])
    self_adversarial(torch.tensor([1.0]), user, against, row, 0.4, 0.1).backward()
    assert float(items.grad[0, 0]) == pytest.approx(5 / (1 + np.exp(-5)) / (1 + np.exp(-1)), rel=1e-5)
