"""What is printed where a terminal, or the pipe of a cron job, knows few characters."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

NAME = "Amélie 🎬 \\ Ω"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_json_is_whole_in_any_encoding(encoding: str) -> None:
    assert json.loads(printed(f"answer_json({{'name': {NAME!r}}})", encoding)) == {"name": NAME}


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "Am\\u00e9lie \\ud83c\\udfac \\ \\u03a9"),
        ("latin-1", "Amélie \\ud83c\\udfac \\ \\u03a9"),
        ("utf-8", NAME),
    ],
)
def test_a_table_is_shown_as_far_as_it_can_be(encoding: str, shown: str) -> None:
    assert shown in printed(f"answer_table([{{'name': {NAME!r}}}])", encoding)


def printed(call: str, encoding: str) -> str:
    """What the command line prints that does nothing but ``call``; click takes ASCII for UTF-8 that nobody set."""
    code = f"from graphrec_neo4j.cli import common, main; main.__globals__['cli'] = lambda **_: common.{call}; main()"
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60)
    assert (told.returncode, told.stderr) == (0, b"")
    return told.stdout.decode("utf-8" if encoding == "ascii" else encoding)


def test_a_title_that_is_a_novel_is_cut_for_people() -> None:
    row = {"rank": 1, "item": "i", "title": "Long " * 100_000, "score": 1.0, "reason": "popular"}
    assert len(printed(f"answer_reasons([{row!r}])".replace(repr(row["title"]), "'Long ' * 100_000"), "utf-8")) < 300
