"""train on files: the JSON contract, what lies in the folder, going on after a cut, the search for settings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from graphrec_neo4j.cli import cli
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.fitting import CHECKPOINT, JOURNAL, FitRequest, fit_and_save
from graphrec_neo4j.models import create
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.options import Epoch
from graphrec_neo4j.tuning import tuned
from loaders.from_edge_lists import load_edges
from loaders.from_generator import generate

QUICK = ("--set", "epochs=4", "--set", "batches=5")


@pytest.fixture(autouse=True)
def _torch() -> None:
    pytest.importorskip("torch_geometric")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "edges.csv"
    pairs = generate(users=80, items=50, seed=5).snapshot.interactions.tocoo()
    lines = [f"u{user},i{item}" for user, item in zip(pairs.row, pairs.col, strict=True)]
    path.write_text("\n".join(["user,item", *lines]), encoding="utf-8")
    return path


@pytest.fixture
def graph(data: Path) -> GraphSnapshot:
    return load_edges(data).snapshot


def trained(*arguments: object) -> dict:
    result = CliRunner().invoke(cli, ["train", *map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_json_has_the_contracted_shape(data: Path, tmp_path: Path) -> None:
    found = trained("--model", "mf", "--data", data, "--path", tmp_path / "mf", *QUICK)
    assert set(found) >= {"model", "settings", "metrics", "seconds", "path"}
    assert (found["model"], found["path"]) == ("mf", str(tmp_path / "mf"))
    assert found["settings"]["epochs"] == 4
    assert 0 < found["metrics"]["ndcg@20"] <= 1
    assert len(found["trained"]["losses"]) == 4


def test_what_lies_in_the_folder_is_the_model_that_is_fitted_on_everything(
    data: Path, tmp_path: Path, graph: GraphSnapshot
) -> None:
    folder = tmp_path / "mf"
    trained("--model", "mf", "--data", data, "--path", folder, "--no-judge", *QUICK)
    users = np.arange(len(graph.users))
    expected = create("mf", epochs=4, batches=5).fit(graph).scores(users)
    np.testing.assert_array_equal(create("mf").restore(folder).scores(users), expected)


def test_the_journal_has_a_line_for_each_epoch_and_the_checkpoint_is_gone(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mf"
    for _ in range(2):
        found = trained("--model", "mf", "--data", data, "--path", folder, "--no-judge", *QUICK)
    lines = [json.loads(line) for line in (folder / JOURNAL).read_text(encoding="utf-8").splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3, 4]
    assert [line["loss"] for line in lines] == found["trained"]["losses"]
    assert not (folder / CHECKPOINT).exists()


def test_a_model_without_epochs_is_fitted_and_saved_too(data: Path, tmp_path: Path) -> None:
    found = trained("--model", "p3", "--data", data, "--path", tmp_path / "p3")
    assert found["metrics"]["recall@20"] > 0
    assert (tmp_path / "p3" / "model.npz").exists()


def test_a_training_that_was_cut_off_goes_on_with_resume(graph: GraphSnapshot, tmp_path: Path) -> None:
    def cut(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    settings = {"epochs": 4, "batches": 5}
    request = FitRequest("lightgcn", tmp_path / "a", settings, judge=False)
    with pytest.raises(KeyboardInterrupt):
        fit_and_save(graph, request, cut)
    assert (tmp_path / "a" / CHECKPOINT).exists()
    again = fit_and_save(graph, FitRequest("lightgcn", tmp_path / "a", settings, judge=False, resume=True))
    whole = fit_and_save(graph, FitRequest("lightgcn", tmp_path / "b", settings, judge=False))
    users = np.arange(len(graph.users))
    np.testing.assert_array_equal(again.model.scores(users), whole.model.scores(users))
    journals = [(tmp_path / one / JOURNAL).read_text(encoding="utf-8").splitlines() for one in "ab"]
    losses = [[json.loads(line)["loss"] for line in journal] for journal in journals]
    assert losses[0] == losses[1]


def test_a_cut_tells_how_to_go_on(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mf"
    folder.mkdir()
    (folder / CHECKPOINT).touch()

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("graphrec_neo4j.fitting.fit_and_save", cut)
    result = CliRunner().invoke(cli, ["train", "--model", "mf", "--data", str(data), "--path", str(folder)])
    assert result.exit_code != 0
    assert "--resume" in result.stderr


def test_what_cannot_be_resumed_or_tuned_is_refused_in_one_sentence(graph: GraphSnapshot, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing to go on from"):
        fit_and_save(graph, FitRequest("mf", tmp_path, resume=True))
    for asked in ({"trials": 2}, {"resume": True}):
        with pytest.raises(ModelError, match="not trained in epochs"):
            fit_and_save(graph, FitRequest("p3", tmp_path, **asked))


def test_tuning_keeps_what_is_given_and_never_ends_below_its_start(graph: GraphSnapshot) -> None:
    pytest.importorskip("optuna")
    given = {"batches": 5, "epochs": 3}
    found = tuned(graph, "mf", given, 4, 0, lambda *_: None)
    merits = [trial["ndcg@20"] for trial in found.trials]
    assert len(merits) == 4
    assert found.merit == max(merits) >= merits[0]
    assert found.trials[0]["settings"] == given
    assert all(trial["settings"].items() >= given.items() for trial in found.trials)
    assert {"learning_rate", "temperature"} <= set(found.trials[1]["settings"])
    assert "layers" not in found.trials[1]["settings"]
    assert tuned(graph, "mf", given, 4, 0, lambda *_: None).trials == found.trials


def test_nothing_left_to_tune_is_said(graph: GraphSnapshot) -> None:
    pytest.importorskip("optuna")
    names = ("learning_rate", "temperature", "item_length", "epochs")
    given = dict(zip(names, (0.02, 0.1, 0.5, 3), strict=True))
    with pytest.raises(ModelError, match="nothing of mf is left to tune"):
        tuned(graph, "mf", given, 2, 0, lambda *_: None)


def test_tune_tells_its_trials(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    found = trained("--model", "mf", "--data", data, "--path", tmp_path / "mf", "--no-judge", "--tune", 2, *QUICK)
    assert len(found["tuned"]["trials"]) == 2
    assert found["tuned"]["ndcg@20"] == max(trial["ndcg@20"] for trial in found["tuned"]["trials"])
