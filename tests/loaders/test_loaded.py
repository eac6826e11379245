import csv

import pytest

from graphrec_neo4j.errors import BadInputError
from loaders.loaded import BadRow, LoadedGraph, accept

BAD = tuple(BadRow("a.csv", line, f"weight {line} is no number", f'x,"{line}"') for line in range(2, 14))


def test_any_bad_row_refuses_all_and_shows_the_first_ten():
    with pytest.raises(BadInputError) as refused:
        accept(LoadedGraph(snapshot=None, bad_rows=BAD))
    lines = str(refused.value).splitlines()
    assert lines[0] == "12 rows cannot be loaded, so nothing was written:"
    assert lines[1] == "  a.csv:2: weight 2 is no number"
    assert lines[10] == "  a.csv:11: weight 11 is no number"
    assert lines[11] == "  and 2 more."
    assert "--skip-bad FILE" in lines[12]


def test_one_bad_row_is_singular():
    with pytest.raises(BadInputError, match=r"^1 row cannot be loaded"):
        accept(LoadedGraph(snapshot=None, bad_rows=BAD[:1]))


def test_skip_bad_writes_them_all_with_their_reasons(tmp_path):
    graph = object()
    assert accept(LoadedGraph(snapshot=graph, bad_rows=BAD), tmp_path / "bad.csv") is graph
    with (tmp_path / "bad.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["file", "line", "reason", "row"]
    assert rows[1] == ["a.csv", "2", "weight 2 is no number", 'x,"2"']
    assert len(rows) == 13


def test_a_clean_file_passes_and_leaves_no_stale_bad_rows(tmp_path):
    graph = object()
    stale = tmp_path / "bad.csv"
    stale.write_text("file,line,reason,row\nold.csv,1,x,y\n")
    assert accept(LoadedGraph(snapshot=graph)) is graph
    accept(LoadedGraph(snapshot=graph), stale)
    assert stale.read_text().splitlines() == ["file,line,reason,row"]
