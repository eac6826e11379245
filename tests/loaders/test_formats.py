import re
from pathlib import Path

import pytest

from graphrec_neo4j.errors import BadInputError
from loaders.formats import FORMATS, load
from loaders.from_edge_lists import load_edges

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "loading.md").read_text(encoding="utf-8")


def test_the_formats_of_the_command_line():
    assert sorted(FORMATS) == ["adjacency", "csv", "edges", "lastfm", "movielens"]


def test_a_format_is_read_by_name(tmp_path):
    (tmp_path / "edges.txt").write_text("1 2\n")
    assert load("edges", tmp_path / "edges.txt").snapshot == load_edges(tmp_path / "edges.txt").snapshot
    assert len(load("generated", None).snapshot.users) == 1000


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(BadInputError, match="no format 'movielense', the nearest is 'movielens'"):
        load("movielense", None)


def test_a_format_without_its_path_is_refused():
    with pytest.raises(BadInputError, match="'load csv' needs the path"):
        load("csv", None)


def test_every_format_has_its_row_in_the_guide():
    for name in (*FORMATS, "generated"):
        assert f"| `{name}` |" in PAGE


def test_the_files_of_the_guide_load_as_they_stand(tmp_path):
    for name, content in re.findall(r"```csv (\S+)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(content, encoding="utf-8")
    loaded = load("csv", tmp_path)
    assert loaded.bad_rows == ()
    assert loaded.snapshot.users.ids.keys == [1, 2]
    assert loaded.snapshot.items.ids.keys == ["tea-01", "tea-02"]
    assert len(loaded.snapshot.edges["INTERACTED"]) == 2
