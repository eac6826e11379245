import pytest

torch = pytest.importorskip("torch")

from graphrec_neo4j.errors import ModelError  # noqa: E402
from graphrec_neo4j.progress import silent  # noqa: E402
from graphrec_neo4j.training.loop import Task, Trained, shuffled, train  # noqa: E402
from graphrec_neo4j.training.settings import TrainingSettings  # noqa: E402

ROWS = torch.arange(8)


def parabola(parameter: torch.Tensor, target: float = 3.0) -> torch.Tensor:
    return (parameter - target).pow(2).sum()


def trained_on(
    parameter: torch.Tensor, batches, loss_of, judge=None, checkpoint=None, progress=silent, **settings
) -> Trained:
    network = torch.nn.ParameterList([parameter])
    task = Task(network, batches, loss_of, torch.Generator().manual_seed(0), judge)
    return train(task, TrainingSettings(**settings), checkpoint, progress=progress)


def test_a_parabola_is_brought_to_its_minimum() -> None:
    parameter = torch.nn.Parameter(torch.zeros(2))
    trained = trained_on(parameter, lambda: [ROWS] * 4, lambda _: parabola(parameter), epochs=60, learning_rate=0.3)
    assert parameter.tolist() == pytest.approx([3.0, 3.0], abs=1e-2)
    assert len(trained.losses) == 60
    assert trained.losses[-1] < trained.losses[0]


def test_batches_deal_every_row_once_in_sizes_that_differ_by_one_at_most() -> None:
    dealt = shuffled(torch.arange(10) * 7, 4, torch.Generator().manual_seed(1))
    assert sorted(len(batch) for batch in dealt) == [2, 2, 3, 3]
    assert sorted(torch.cat(list(dealt)).tolist()) == [7 * row for row in range(10)]


def test_there_are_no_empty_batches() -> None:
    assert [len(batch) for batch in shuffled(torch.arange(2), 5, torch.Generator().manual_seed(1))] == [1, 1]


def test_training_stops_when_the_judge_sees_nothing_better_and_keeps_the_best() -> None:
    """The judge says 1, 5, 2, 2, ...: epoch 2 is best, and two epochs of patience end it after epoch 4."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    seen: list[float] = []

    def judge() -> float:
        seen.append(parameter.item())
        return [1.0, 5.0, 2.0, 2.0, 9.0][len(seen) - 1]

    trained = trained_on(
        parameter,
        lambda: [ROWS],
        lambda _: parabola(parameter),
        epochs=5,
        learning_rate=0.1,
        judge=judge,
        patience=2,
    )
    assert trained.scores == (1.0, 5.0, 2.0, 2.0)
    assert trained.best_epoch == 2
    assert parameter.item() == seen[1] != seen[3]


def test_without_a_judge_the_last_epoch_is_kept() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    trained = trained_on(parameter, lambda: [ROWS], lambda _: parabola(parameter), epochs=3, learning_rate=0.1)
    assert (trained.best_epoch, trained.scores) == (3, ())
    assert parameter.item() > 0.1


def test_a_loss_that_is_not_a_number_names_the_step_and_the_batch() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))

    def loss_of(batch: torch.Tensor) -> torch.Tensor:
        return parabola(parameter) / (0.0 if int(batch[0]) == 4 else 1.0) * (0.0 if int(batch[0]) == 4 else 1.0)

    with pytest.raises(
        ModelError, match=r"epoch 1, step 3 of 4: the loss is nan for a batch of 2 beginning with row 4"
    ):
        trained_on(parameter, lambda: ROWS.split(2), loss_of, epochs=2, learning_rate=0.1)


def test_progress_is_told_after_each_epoch() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    told: list[tuple[str, int, int]] = []
    trained_on(
        parameter,
        lambda: [ROWS],
        lambda _: parabola(parameter),
        epochs=2,
        learning_rate=0.1,
        progress=lambda *said: told.append(said),
    )
    assert told == [("train", 1, 2), ("train", 2, 2)]


def test_a_gradient_of_any_size_moves_no_further_than_a_clipped_one() -> None:
    """Clipped to norm 10, the steep first batch leaves Adam able to follow the flat ones after it."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    steep = iter([1e12, *[1.0] * 99])
    trained_on(
        parameter, lambda: [ROWS] * 10, lambda _: next(steep) * parabola(parameter), epochs=10, learning_rate=0.3
    )
    assert parameter.item() == pytest.approx(3.0, abs=0.2)
