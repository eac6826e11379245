"""evaluate on files: the JSON contract, the honesty of the split, what goes wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from graphrec_neo4j.cli import cli
from graphrec_neo4j.cli.choice_table import show_choice
from graphrec_neo4j.cli.evaluation_tables import mark
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.evaluating import Entrants, entrants
from graphrec_neo4j.models import MODELS, model_class
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.snapshot import Edges
from loaders.from_generator import generate


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    split = random_split(generate(users=150, items=80, seed=5).snapshot, seed=1)
    paths = tmp_path / "train.csv", tmp_path / "test.csv"
    for path, pairs in zip(paths, (split.train.interactions.tocoo(), split.test.tocoo()), strict=True):
        lines = [f"u{user},i{item}" for user, item in zip(pairs.row, pairs.col, strict=True)]
        path.write_text("\n".join(["user,item", *lines]), encoding="utf-8")
    return paths


def evaluated(*arguments: str) -> dict:
    result = CliRunner().invoke(cli, ["evaluate", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_json_has_the_contracted_shape_and_the_baselines(files: tuple[Path, Path]) -> None:
    found = evaluated("--train", str(files[0]), "--test", str(files[1]), "--model", "rp3beta")
    assert set(found) >= {"split", "k", "users", "users_without_train", "seed", "models"}
    assert [row["model"] for row in found["models"]] == ["popularity", "p3", "item-knn", "rp3beta"]
    for row in found["models"]:
        assert set(row) >= {
            "chosen_on",
            "recall@20",
            "ndcg@20",
            "precision@20",
            "mrr@20",
            "map@20",
            "seconds",
            "peak_mib",
        }


def test_the_default_model_is_auto_and_it_says_what_it_was_chosen_on(files: tuple[Path, Path]) -> None:
    found = evaluated("--train", str(files[0]), "--test", str(files[1]))
    auto = found["models"][-1]
    assert auto["model"] == "auto"
    assert "part of train" in auto["chosen_on"]
    popularity = found["models"][0]
    assert auto["recall@20"] > popularity["recall@20"]


def test_people_see_what_auto_weighed_and_machines_all_that_it_tried(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--train", str(files[0]), "--test", str(files[1]), "--budget", "5"]
    assert "What auto blends" in CliRunner().invoke(cli, ["evaluate", *arguments], catch_exceptions=False).stdout
    chosen = evaluated(*arguments)["models"][-1]["chosen"]
    assert {"on", "members", "tried", "weighed"} <= set(chosen)
    monkeypatch.setenv("COLUMNS", "80")
    show_choice(chosen)
    table = capsys.readouterr().out
    first = chosen["members"][0]["member"]
    assert max(map(len, table[: table.index(f"\n{first}: ")].splitlines()[: len(chosen["weighed"]) + 4])) <= 80
    for member in chosen["members"]:
        assert f"\n{member['member']}: {member['model'].split(' ')[0]}" in table
    for told in chosen["weighed"]:
        assert re.search(rf"^ *{told['member']} +0\.\d{{4}}", table, re.MULTILINE)
    assert f"{sum('seconds' in trial for trial in chosen['tried'])} variants were tried" in table


def test_k_names_the_metrics(files: tuple[Path, Path]) -> None:
    found = evaluated("--train", str(files[0]), "--test", str(files[1]), "--model", "p3", "--k", "5")
    assert found["k"] == 5
    assert "recall@5" in found["models"][0]


def test_a_setting_is_of_the_model_that_is_named(files: tuple[Path, Path]) -> None:
    given = ("--train", str(files[0]), "--test", str(files[1]))
    plain = evaluated(*given, "--model", "rp3beta", "--set", "beta=0")["models"]
    rows = {row["model"]: row for row in plain}
    assert rows["rp3beta"]["ndcg@20"] == pytest.approx(rows["p3"]["ndcg@20"])
    both = evaluated(*given, "--model", "rp3beta", "--model", "spectral", "--set", "rp3beta.beta=0")["models"]
    assert {row["model"]: row["ndcg@20"] for row in both}["rp3beta"] == rows["rp3beta"]["ndcg@20"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "p3", "--model", "rp3beta", "--set", "beta=0"], "say MODEL.beta=VALUE"),
        (["--model", "p3", "--set", "rp3beta.beta=0"], "is of rp3beta, which no --model names"),
        (["--model", "p3", "--set", "betta"], "'betta' is not NAME=VALUE"),
    ],
)
def test_a_setting_that_is_nobodys_is_refused(files: tuple[Path, Path], arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(cli, ["evaluate", "--train", str(files[0]), "--test", str(files[1]), *arguments])
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_setting_that_a_model_does_not_have_is_refused(files: tuple[Path, Path]) -> None:
    with pytest.raises(ModelError, match="rp3beta has no setting 'betta'"):
        evaluated("--train", str(files[0]), "--test", str(files[1]), "--model", "rp3beta", "--set", "betta=0")


def test_every_difference_has_its_interval_and_every_model_its_slices(files: tuple[Path, Path]) -> None:
    found = evaluated("--train", str(files[0]), "--test", str(files[1]), "--model", "rp3beta")
    rows = {row["model"]: row for row in found["models"]}
    assert found["baseline"] in ("popularity", "p3", "item-knn")
    told = rows["rp3beta"]["difference"]["baseline"]
    assert told["to"] == found["baseline"]
    gain = rows["rp3beta"]["ndcg@20"] - rows[found["baseline"]]["ndcg@20"]
    assert told["ndcg@20"]["mean"] == pytest.approx(gain)
    assert told["ndcg@20"]["low"] <= gain <= told["ndcg@20"]["high"]
    users = rows["p3"]["slices"]["users_by_history"]
    assert sum(told["users"] for told in users.values()) == found["users"]


def test_a_comparison_holds_every_model_or_says_why_not(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = ("popularity", "recent-popularity", "p3", "item-knn", "rp3beta", "spectral")
    monkeypatch.setattr("graphrec_neo4j.evaluating.MODELS", {name: MODELS[name] for name in some})
    found = evaluated("--train", str(files[0]), "--test", str(files[1]), "--compare")
    judged = [row["model"] for row in found["models"]]
    assert sorted([*judged, *(one["model"] for one in found["left_out"])]) == sorted(some)
    # These files have no times.
    assert (
        "no interaction has a time" in {one["model"]: one["reason"] for one in found["left_out"]}["recent-popularity"]
    )
    for row in found["models"]:
        assert {"diversity@20", "novelty@20", "popularity_lift@20"} <= set(row)
        assert [*row["cutoffs"]] == ["1", "5", "10", "20", "50"]
        recalls = [means["recall"] for means in row["cutoffs"].values()]
        assert recalls == sorted(recalls)
        assert row["cutoffs"]["20"]["recall"] == pytest.approx(row["recall@20"])


def test_a_comparison_fits_a_terminal_of_a_hundred_columns(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphrec_neo4j.evaluating.MODELS", {name: MODELS[name] for name in ("p3", "rp3beta")})
    arguments = ["evaluate", "--train", str(files[0]), "--test", str(files[1]), "--compare"]
    out = CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout
    assert max(map(len, out.splitlines())) <= 100
    for told in ("NDCG", "recall", "MRR", "MAP", "precision", "hit rate", "coverage", "novelty", "diversity", "MiB"):
        assert told in out
    assert "by a 95 % bootstrap interval" in out
    assert sum(line.strip().startswith("rp3beta") for line in out.splitlines()) == 2


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.001, 0.03, "+0.0200 ▲"), (-0.03, -0.001, "+0.0200 ▼"), (-0.01, 0.03, "+0.0200 ≈")]
)
def test_a_mark_says_whether_a_difference_is_beyond_noise(low: float, high: float, expected: str) -> None:
    told = {"difference": {"best": {"ndcg@5": {"mean": 0.02, "low": low, "high": high}}}}
    assert mark(told, "best", 5) == expected
    assert mark(told, "baseline", 5) == ""


def test_the_page_is_written_beside_the_answer(files: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "comparison.html"
    found = evaluated("--train", str(files[0]), "--test", str(files[1]), "--model", "rp3beta", "--html", str(page))
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert all(row["model"] in text for row in found["models"])
    assert found["split"] in text


class TestEntrants:
    """Who takes part, and who may be left out."""

    def names(self, *asked: str, timed: bool = False) -> Entrants:
        snapshot = generate(users=30, items=20, seed=5).snapshot
        edges = snapshot.edges["INTERACTED"]
        time = np.arange(len(edges)) if timed else None
        return entrants(asked, snapshot.with_edges(INTERACTED=Edges(edges.source, edges.target, time=time)))

    def test_recent_popularity_is_a_baseline_where_there_are_times(self) -> None:
        assert self.names("auto", timed=True).names == ["popularity", "recent-popularity", "p3", "item-knn", "auto"]
        assert self.names("auto").names == ["popularity", "p3", "item-knn", "auto"]
        assert "recent-popularity" in self.names("recent-popularity").names

    def test_only_who_is_named_must_be_fitted(self) -> None:
        assert self.names("rp3beta").optional == {"popularity", "p3", "item-knn"}
        assert "auto" not in self.names().optional
        everyone = self.names("all", "spectral", timed=True)
        assert everyone.optional == set(MODELS) - {"spectral"}
        assert set(everyone.names) == set(MODELS)


def test_a_model_that_refuses_is_left_out_of_a_comparison_but_not_when_named(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ModelError("it needs 900 GiB; take another model.")

    monkeypatch.setattr(model_class("spectral"), "_fit", refuse)
    monkeypatch.setattr("graphrec_neo4j.evaluating.MODELS", {name: MODELS[name] for name in ("p3", "spectral")})
    arguments = ["--train", str(files[0]), "--test", str(files[1]), "--compare"]
    found = evaluated(*arguments)
    assert {"model": "spectral", "reason": "it needs 900 GiB; take another model."} in found["left_out"]
    assert [row["model"] for row in found["models"]] == ["popularity", "p3", "item-knn"]
    with pytest.raises(ModelError, match="900 GiB"):
        evaluated(*arguments, "--model", "spectral")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--train", "TRAIN"], 2, "--train and --test go together"),
        (["--train", "TRAIN", "--test", "TEST", "--model", "p4"], 1, "the nearest is 'p3'"),
        (["--train", "TRAIN", "--test", "TEST", "--html", "nowhere/page.html"], 2, "there is no folder nowhere"),
        (["--train", "nowhere.txt", "--test", "TEST"], 2, "does not exist"),
    ],
)
def test_what_goes_wrong_is_one_sentence(files: tuple[Path, Path], arguments: list[str], code: int, says: str) -> None:
    places = {"TRAIN": str(files[0]), "TEST": str(files[1])}
    result = run_main("evaluate", *(places.get(argument, argument) for argument in arguments))
    assert result.returncode == code
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_no_server_is_the_networks_fault() -> None:
    result = run_main("status", "--uri", "bolt://127.0.0.1:1")
    assert result.returncode == 3
    assert result.stderr.startswith("error: bolt://127.0.0.1:1 (neo4j) cannot be reached")
    assert len(result.stderr.strip().splitlines()) == 1


def run_main(*arguments: str):
    import subprocess
    import sys

    code = "from graphrec_neo4j.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.data
def test_gowalla_reproduces_p3(data_set) -> None:
    """Recall@20 .1862 and NDCG@20 .1563, as measured with scipy on the published split (docs/benchmarks.md)."""
    folder = data_set("gowalla")
    found = evaluated("--train", str(folder / "train.txt"), "--test", str(folder / "test.txt"), "--model", "p3")
    p3 = next(row for row in found["models"] if row["model"] == "p3")
    assert p3["recall@20"] == pytest.approx(0.1862, abs=0.0005)
    assert p3["ndcg@20"] == pytest.approx(0.1563, abs=0.0005)
    assert found["users"] == 29858
