import math
import pickle
import re
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from graphrec_neo4j import foresee
from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.settings import Connection
from loaders.from_generator import generate
from loaders.from_neo4j import A_NODE, A_TEXT, AN_EDGE
from loaders.to_neo4j import to_neo4j


def test_what_fits_passes() -> None:
    foresee.must_fit("a table", 1.0, None, "take less")


def test_what_does_not_fit_is_said_in_one_sentence() -> None:
    with pytest.raises(ModelError) as refusal:
        foresee.must_fit("a table", 3.5 * foresee.GIB, 1e-9, "take less")
    assert str(refusal.value) == "a table needs about 3.5 GiB of memory, but there is room for 0.0; take less."


def test_a_limit_above_what_is_free_does_not_count() -> None:
    assert foresee.room_for(1e9) < 1e9 * foresee.GIB


def test_a_containers_limit_counts_without_files_that_can_be_given_up(tmp_path: Path) -> None:
    for name, text in (
        ("memory.max", "1000\n"),
        ("memory.current", "700\n"),
        ("memory.stat", "anon 1\ninactive_file 50\n"),
    ):
        (tmp_path / name).write_text(text)
    assert foresee._of_cgroup(tmp_path) == 1000 - 700 + 50


@pytest.mark.parametrize("limit", ["max", None])
def test_a_container_without_a_limit_sets_none(tmp_path: Path, limit: str | None) -> None:
    if limit:
        for name, text in (("memory.max", limit), ("memory.current", "700"), ("memory.stat", "inactive_file 50")):
            (tmp_path / name).write_text(text)
    assert foresee._of_cgroup(tmp_path) == math.inf


def test_a_system_without_proc_is_half_of_what_is_built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresee, "_MEMINFO", tmp_path / "nothing")
    monkeypatch.setattr(foresee.os, "sysconf", {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert foresee._of_machine() == 10 * 4096 / 2


@pytest.fixture
def limited() -> Iterator[Callable[[float], None]]:
    """Set a limit, which is lifted after the test."""
    yield foresee.limit_memory
    foresee.limit_memory(None)


def test_a_limit_leaves_what_is_not_taken(limited: Callable[[float], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresee, "_taken", lambda: 100.0 * 2**20)
    limited(150 * 2**20)
    assert foresee.available_bytes() == 50 * 2**20
    foresee.must_fit("a table", 50 * 2**20, None, "take less")
    with pytest.raises(ModelError) as refusal:
        foresee.must_fit("a table", 3.5 * foresee.GIB, None, "take less")
    assert str(refusal.value).endswith("room for 0.0; take less, or give more than --memory 0.1 GiB.")
    limited(50 * 2**20)
    assert foresee.available_bytes() == 0


def test_what_is_taken_is_what_the_system_says() -> None:
    before = foresee._taken()
    held = np.ones(2**25)
    assert before > 2**20
    assert foresee._taken() - before == pytest.approx(held.nbytes, rel=0.2)


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GiB", 2**32), ("4g", 2**32), ("512 m", 2**29), ("1.5GB", 1.5e9), ("10KB", 1e4), ("7", 7), ("2TiB", 2**41)],
)
def test_a_size_is_read(text: str, size: float) -> None:
    assert foresee.bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "-1g", "0", "4 apples", "1e3", "nan", "inf", "4GiBs", "9" * 400])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        foresee.bytes_of(text)


def test_evaluate_refuses_before_it_begins_what_is_over_its_memory(
    limited: Callable[[float], None], tmp_path: Path
) -> None:
    (tmp_path / "train.txt").write_text("".join(f"{u} {i}\n" for u in range(50) for i in range(u % 7 + 1)))
    (tmp_path / "test.txt").write_text("0 6\n")
    words = ["evaluate", "--train", str(tmp_path / "train.txt"), "--test", str(tmp_path / "test.txt"), "--model", "p3"]
    refused = CliRunner().invoke(cli, [*words, "--format", "edges", "--memory", "1MiB"])
    assert isinstance(refused.exception, ModelError)
    assert re.fullmatch(r".* needs about .* GiB of memory, .* --memory 0\.0 GiB\.", str(refused.exception))
    assert CliRunner().invoke(cli, [*words, "--memory", "much"]).exit_code == 2
    assert CliRunner().invoke(cli, [*words, "--format", "edges", "--memory", "64GiB"]).exit_code == 0


@pytest.mark.live
@pytest.mark.parametrize("command", ["sync", "train"])
def test_a_graph_that_would_not_fit_is_not_read(
    limited: Callable[[float], None],
    empty_database: Connection,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("uri", "username", "password", "database"):
        monkeypatch.setenv(f"NEO4J_{name.upper()}", getattr(empty_database, name))
    monkeypatch.chdir(tmp_path)
    with Database(empty_database) as database:
        to_neo4j(database, generate(users=60, items=40, interactions_per_user=8, seed=3).snapshot)
    refused = CliRunner().invoke(cli, [command, "--model", "p3", "--memory", "1MiB"])
    assert isinstance(refused.exception, ModelError), refused.output
    assert re.match(r"reading 1\d\d nodes and [\d,]+ edges needs about 0\.0 GiB of memory", str(refused.exception))


def test_what_reading_takes_is_foreseen() -> None:
    """The arrays and objects of a graph, by the allocator, are less than was foreseen and no less than a third."""
    made = generate(users=3000, items=500, interactions_per_user=20, seed=3).snapshot
    counts = {name: len(nodes) for name, nodes in made.nodes.items()}
    edges = sum(map(len, made.edges.values()))
    tracemalloc.start()
    copy = pickle.loads(pickle.dumps((dict(made.nodes), made.edges)))
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    texts = sum(counts[name] * (len(kind.text) + (kind.name is not None)) for name, kind in made.schema.nodes.items())
    foreseen = A_NODE * sum(counts.values()) + A_TEXT * texts + AN_EDGE * edges
    assert copy
    assert taken < foreseen < 3 * taken
