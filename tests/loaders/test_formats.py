import pytest

from graphrec_neo4j.errors import BadInputError
from loaders.formats import FORMATS, load
from loaders.from_edge_lists import load_edges


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
