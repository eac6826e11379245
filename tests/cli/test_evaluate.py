"""evaluate on files: the JSON contract, the honesty of the split, what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from graphrec_neo4j.cli import cli
from graphrec_neo4j.ranking.splits import random_split
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
    assert [row["model"] for row in found["models"]] == ["popularity", "p3", "rp3beta"]
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


def test_k_names_the_metrics(files: tuple[Path, Path]) -> None:
    found = evaluated("--train", str(files[0]), "--test", str(files[1]), "--model", "p3", "--k", "5")
    assert found["k"] == 5
    assert "recall@5" in found["models"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--train", "TRAIN"], 2, "--train and --test go together"),
        (["--train", "TRAIN", "--test", "TEST", "--model", "p4"], 1, "the nearest is 'p3'"),
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
