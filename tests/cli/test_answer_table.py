"""Tables for people stay readable on a narrow terminal."""

from __future__ import annotations

import pytest

from graphrec_neo4j.cli.common import answer_table

NAMES = ("rank", "item", "title", "score", "exact", "share", "contribution", "kind", "path", "text")
WHY = [
    (1, "jade-storm", "Jade Storm", 0.005824, True, 0.1725, 0.001004, "taste", "you → Painted House → 18 people",
     "because you chose Painted House, as did 18 people who also chose [bold]Jade Storm[/bold]"),
    (1, "jade-storm", "Jade Storm", 0.005824, True, 0.8275, 0.00482, "other", None, None),
    (2, "gilded-melody", "Gilded Melody", 0.00507, False, 0.1078, 0.0005467, "taste", "you → 東京の夜 → 11 people",
     "because you chose 東京の夜, as did 11 people who also chose Gilded Melody"),
]  # fmt: skip
ROWS = [dict(zip(NAMES, row, strict=True)) for row in WHY]


def shown(rows: list[dict], width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    answer_table(rows)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_word_is_broken_and_no_line_is_too_long(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shown(ROWS, width, monkeypatch, capsys)
    words = {word for row in ROWS for value in row.values() if value is not None for word in str(value).split()}
    assert [word for word in {*NAMES, *words} if word not in out] == []
    assert max(map(len, out.splitlines())) <= width


def test_what_does_not_fit_is_printed_row_below_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = shown(ROWS, 80, monkeypatch, capsys).split("\n\n")
    assert len(blocks) == len(ROWS)
    for block in blocks:
        names = [line.split()[0] for line in block.splitlines() if not line.startswith(" ")]
        assert tuple(names) == NAMES


def test_what_fits_is_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    short = [{name: row[name] for name in ("rank", "item", "score", "text")} for row in ROWS]
    for rows, width in ((ROWS, 200), (short, 80)):
        out = shown(rows, width, monkeypatch, capsys)
        assert out.count("rank") == 1
        assert out.count("│") > 2 * len(rows)
