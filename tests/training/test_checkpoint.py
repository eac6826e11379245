import pickle
from pathlib import Path

import numpy as np
import pytest
from toy_graphs import communities, without_edge

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from safetensors.torch import save_file  # noqa: E402

from graphrec_neo4j.errors import ModelError  # noqa: E402
from graphrec_neo4j.models import create  # noqa: E402
from graphrec_neo4j.models.base import Recommender  # noqa: E402
from graphrec_neo4j.training.checkpoint import Checkpoint  # noqa: E402
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
    path = tmp_path / "checkpoint.safetensors"
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
    path = tmp_path / "checkpoint.safetensors"
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
    path = tmp_path / "checkpoint.safetensors"
    path.write_text("not a checkpoint")
    with pytest.raises(ModelError, match="cannot be read as a checkpoint"):
        unfitted(TrainingOptions(path)).fit(communities())


class Touch:
    """What unpickles into a file that was not there, as a stranger's checkpoint could do worse."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("written_by", ["pickle", "torch"])
def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(tmp_path: Path, written_by: str) -> None:
    path, touched = tmp_path / "checkpoint.safetensors", tmp_path / "touched"
    if written_by == "pickle":
        path.write_bytes(pickle.dumps(Touch(touched)))
    else:
        torch.save({"fingerprint": Touch(touched)}, path)
    with pytest.raises(ModelError, match="cannot be read as a checkpoint; remove it"):
        unfitted(TrainingOptions(path)).fit(communities())
    assert not touched.exists()
    pickle.loads(pickle.dumps(Touch(touched)))
    assert touched.exists()


@pytest.mark.parametrize("header", [{}, {"state": "no JSON"}, {"state": "[1]"}, {"state": '{"tensor": "none"}'}])
def test_tensors_without_the_rest_are_refused(tmp_path: Path, header: dict[str, str]) -> None:
    path = tmp_path / "checkpoint.safetensors"
    save_file({"0": torch.zeros(2)}, path, header)
    with pytest.raises(ModelError, match="cannot be read as a checkpoint"):
        Checkpoint(path, "mine").read()


def test_what_goes_into_a_checkpoint_comes_out_with_its_types(tmp_path: Path) -> None:
    table = torch.randn(4, 3)
    plain = {"a": [1, (2.5, float("inf")), None], 0: {"b": True}, "text": '\u202e\0 {"tensor": "0"}', "e": {}}
    tensors = {"t": table, "same": table, "turned": table.T, "none": torch.zeros(0), "one": torch.tensor(7)}
    checkpoint = Checkpoint(tmp_path / "file", "mine")
    checkpoint.write({"plain": plain, "tensors": tensors, "half": table.to(torch.bfloat16)})
    read = checkpoint.read()
    assert read is not None
    assert repr(read["plain"]) == repr(plain)
    for name, tensor in tensors.items():
        torch.testing.assert_close(read["tensors"][name], tensor, rtol=0, atol=0)
    assert torch.equal(read["half"], table.to(torch.bfloat16))
    with pytest.raises(ModelError, match="cannot hold a set"):
        checkpoint.write({"a": {1}})


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
