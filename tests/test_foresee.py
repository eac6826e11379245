import math
from pathlib import Path

import pytest

from graphrec_neo4j import foresee
from graphrec_neo4j.errors import ModelError


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
