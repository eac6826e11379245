from pathlib import Path

import numpy as np
import pytest
from toy_graphs import communities, without_edge

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from graphrec_neo4j.errors import ModelError  # noqa: E402
from graphrec_neo4j.models import create  # noqa: E402
from graphrec_neo4j.models.base import Recommender  # noqa: E402
from graphrec_neo4j.training.options import Epoch, TrainingOptions  # noqa: E402

USERS = np.arange(45)


def unfitted(options: TrainingOptions | None = None, **settings: object) -> Recommender:
    model = create("lightgcn", **{"epochs": 6, "batches": 5, **settings})
    model.options = options or TrainingOptions()
    return model


def cut_off(checkpoint: Path, after: int, **settings: object) -> None:
    def watch(epoch: Epoch) -> None:
        if epoch.number == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unfitted(TrainingOptions(checkpoint, watch), **settings).fit(communities())


@pytest.mark.parametrize("settings", [{}, {"loss": "bpr"}, {"patience": 2, "validation": 0.2}])
@pytest.mark.parametrize("after", [1, 3])
def test_a_run_that_was_cut_off_ends_with_the_numbers_of_one_that_was_not(
    tmp_path: Path, settings: dict[str, object], after: int
) -> None:
    whole = unfitted(**settings).fit(communities())
    path = tmp_path / "checkpoint.pt"
    cut_off(path, after, **settings)
    seen: list[int] = []
    again = unfitted(TrainingOptions(path, lambda epoch: seen.append(epoch.number)), **settings).fit(communities())
    np.testing.assert_array_equal(again.scores(USERS), whole.scores(USERS))
    assert seen[0] == after + 1
    assert again.trained["losses"] == whole.trained["losses"]


def test_random_numbers_outside_are_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    unfitted().fit(communities())
    torch.testing.assert_close(torch.rand(2), expected)


def test_a_checkpoint_of_another_training_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    cut_off(path, 1)
    options = TrainingOptions(path)
    for fit in (
        lambda: unfitted(options, layers=2).fit(communities()),
        lambda: unfitted(options).fit(communities(), seed=1),
        lambda: unfitted(options).fit(without_edge(communities(), 0)),
    ):
        with pytest.raises(ModelError, match=r"another training.*remove it or name another file"):
            fit()


def test_a_file_that_is_no_checkpoint_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_text("not a checkpoint")
    with pytest.raises(ModelError, match="cannot be read as a checkpoint"):
        unfitted(TrainingOptions(path)).fit(communities())


def test_the_best_epoch_is_the_one_that_the_held_out_part_likes_best() -> None:
    model = unfitted(patience=3, validation=0.2).fit(communities())
    told = model.trained
    assert told["best_epoch"] == 1 + int(np.argmax(told["ndcg@20"]))
    assert "NDCG@20" in model.chosen_on
    assert len(told["ndcg@20"]) == told["epochs"] <= min(6, told["best_epoch"] + 3)


def test_smoothing_is_the_mean_cosine_of_all_pairs() -> None:
    from graphrec_neo4j.training.smoothing import mean_cosine

    vectors = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    vectors[2] = 0
    unit = torch.nn.functional.normalize(vectors[[0, 1, 3, 4, 5, 6]])
    table = unit @ unit.T
    expected = (table.sum() - 6) / 30
    assert mean_cosine(vectors) == pytest.approx(float(expected), abs=1e-6)


def test_many_layers_make_all_users_alike_and_all_items() -> None:
    """The walk ends where it forgets its start: one direction is left on either side."""
    smoothing = unfitted(layers=60, epochs=1).fit(communities()).trained["smoothing"]
    assert len(smoothing) == 61
    assert abs(smoothing[0]) < 0.1
    assert smoothing[-1] > 0.95
