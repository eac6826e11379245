"""A loss joined with its negatives, against the same worked out pair by pair."""

import math

import numpy as np
import pytest
from scipy import sparse

torch = pytest.importorskip("torch")

from graphrec_neo4j.errors import ModelError  # noqa: E402
from graphrec_neo4j.training.known import KnownPairs  # noqa: E402
from graphrec_neo4j.training.loss_settings import LOSSES  # noqa: E402
from graphrec_neo4j.training.objectives import OBJECTIVES, objective_for  # noqa: E402
from graphrec_neo4j.training.settings import TrainingSettings  # noqa: E402

LIKED = np.array([[1, 1, 0, 0, 1, 0], [0, 1, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1]])
BATCH = torch.tensor([2, 0, 1])
PAIRS = [(user, item) for user in BATCH.tolist() for item in np.flatnonzero(LIKED[user]).tolist()]


def known() -> KnownPairs:
    return KnownPairs.of(sparse.csr_matrix(LIKED.astype(np.float32)))


def vectors() -> tuple[torch.Tensor, torch.Tensor]:
    drawn = torch.randn(10, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return drawn[:4].clone().requires_grad_(), drawn[4:].clone().requires_grad_()


def loss_of(**changed: object) -> torch.Tensor:
    """With more negatives than there are items, so that nothing is left to chance."""
    objective = objective_for(TrainingSettings(**changed), known(), torch.Generator().manual_seed(0))
    users, items = vectors()
    objective.begin(0.0, lambda: (users.detach(), items.detach()))
    return objective(users.float(), items.float(), BATCH)


def tables() -> tuple[np.ndarray, np.ndarray]:
    """Dot products and cosines of all users and items."""
    users, items = (table.detach().numpy() for table in vectors())
    dots = users @ items.T
    return dots, dots / np.linalg.norm(users, axis=1)[:, None] / np.linalg.norm(items, axis=1)


def unknown(user: int) -> np.ndarray:
    return np.flatnonzero(LIKED[user] == 0)


def test_every_loss_has_an_objective() -> None:
    assert set(OBJECTIVES) == set(LOSSES)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_goes_where_the_loss_becomes_smaller(loss: str) -> None:
    objective = objective_for(TrainingSettings(loss=loss, margin=-0.5), known(), torch.Generator().manual_seed(0))
    users, items = vectors()

    def value(step: float) -> torch.Tensor:
        objective.generator.manual_seed(0)
        ends = [table if table.grad is None else table - step * table.grad for table in (users, items)]
        return objective(ends[0].float(), ends[1].float(), BATCH)

    first = value(0)
    first.backward()
    assert value(1e-2).item() < first.item()


def test_softmax_is_that_over_all_unknown_items() -> None:
    _, cosines = tables()
    odds = np.exp(cosines / 0.3)
    expected = np.mean([-np.log(odds[u, i] / (odds[u, i] + odds[u, unknown(u)].sum())) for u, i in PAIRS])
    assert loss_of(temperature=0.3).item() == pytest.approx(expected, rel=1e-5)


def test_without_a_temperature_a_perfect_item_weighs_as_much_as_all_others() -> None:
    assert loss_of().item() == pytest.approx(loss_of(temperature=1 / math.log(6)).item(), rel=1e-6)


def test_infonce_corrects_every_score_by_the_chance_of_its_item() -> None:
    """The in-batch items are those of the pairs, each as often as it is there; what a user knows is no negative."""
    _, cosines = tables()
    logits = cosines / 0.3 - np.log(LIKED.sum(axis=0) / LIKED.sum())
    terms = []
    for u, i in PAIRS:
        others = [j for _, j in PAIRS if not LIKED[u, j]]
        terms.append(-logits[u, i] + np.log(np.exp(logits[u, i]) + np.exp(logits[u, others]).sum()))
    assert loss_of(loss="infonce", temperature=0.3).item() == pytest.approx(np.mean(terms), rel=1e-5)


def test_infonce_of_uniform_draws_is_softmax() -> None:
    corrected = loss_of(loss="infonce", negative_sampling="uniform", temperature=0.3)
    assert corrected.item() == pytest.approx(loss_of(temperature=0.3).item(), rel=1e-5)


def test_bsl_pools_both_sides() -> None:
    _, cosines = tables()
    terms = []
    for u, _ in PAIRS:
        pushed = 0.3 * np.log(np.mean(np.exp(cosines[u, unknown(u)] / 0.3)))
        pulled = 0.7 * np.log(np.mean(np.exp(cosines[u, LIKED[u] > 0] / 0.7)))
        terms.append((pushed - pulled) / 0.3)
    mine = loss_of(loss="bsl", temperature=0.3, positive_temperature=0.7)
    assert mine.item() == pytest.approx(np.mean(terms), rel=1e-5)


def test_ccl_pushes_what_is_nearer_than_the_margin() -> None:
    _, cosines = tables()
    pushed = [np.maximum(cosines[u, unknown(u)] - 0.2, 0).mean() for u, _ in PAIRS]
    expected = np.mean([1 - cosines[u, i] for u, i in PAIRS]) + 5 * np.mean(pushed)
    assert loss_of(loss="ccl", margin=0.2, negative_weight=5).item() == pytest.approx(expected, rel=1e-5)


def test_directau_aligns_a_batchs_pairs_and_spreads_what_all_pairs_join() -> None:
    users, items = (torch.nn.functional.normalize(table.detach()).numpy() for table in vectors())

    def spread(rows: np.ndarray) -> float:
        apart = [np.exp(-2 * ((x - y) ** 2).sum()) for at, x in enumerate(rows) for y in rows[:at]]
        return float(np.log(np.mean(apart)))

    aligned = np.mean([((users[u] - items[i]) ** 2).sum() for u, i in PAIRS])
    expected = aligned + 0.7 * (spread(users) + spread(items)) / 2
    assert loss_of(loss="directau", uniformity=0.7).item() == pytest.approx(expected, rel=1e-5)


def test_the_constraint_weighs_odds_by_degrees() -> None:
    """Mao et al., CIKM 2021: beta_ui = sqrt(d_u + 1) / (d_u sqrt(d_i + 1))."""
    dots, _ = tables()
    of_users, of_items = LIKED.sum(axis=1)[:, None], LIKED.sum(axis=0)[None, :]
    beta = np.sqrt((of_users + 1) / (of_items + 1)) / of_users
    sigmoid = 1 / (1 + np.exp(-dots))
    pulled = [-beta[u, i] * np.log(sigmoid[u, i]) for u, i in PAIRS]
    pushed = [np.mean(-beta[u, unknown(u)] * np.log(1 - sigmoid[u, unknown(u)])) for u, _ in PAIRS]
    mine = loss_of(loss="constraint", negative_weight=20)
    assert mine.item() == pytest.approx(np.mean(pulled) + 20 * np.mean(pushed), rel=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"loss": "hinge"},
        {"temperature": 0.01},
        {"temperature": 0.0},
        {"positive_temperature": 0.0},
        {"margin": 1.0},
        {"negative_weight": -1},
        {"uniformity": -1},
        {"loss": "infonce", "negative_sampling": "uniform+hard"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        TrainingSettings(**wrong)
