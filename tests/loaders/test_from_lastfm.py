import pytest

from graphrec_neo4j.errors import BadInputError, SchemaError
from graphrec_neo4j.schema import GraphSchema, default_schema
from loaders.from_lastfm import LASTFM_SCHEMA, load_lastfm

FILES = {
    "artists.dat": "id\tname\turl\tpictureURL\n1\tMötley \"X\thttp://m\t\n2\tB'tles\thttp://b\tp\n".encode(),
    "tags.dat": "tagID\ttagValue\r\n5\ttropicália\r\n6\trock\r\n".encode("latin-1"),
    "user_artists.dat": b"userID\tartistID\tweight\r\n10\t1\t200\r\n11\t2\t3\r\n",
    "user_friends.dat": b"userID\tfriendID\r\n10\t11\r\n11\t10\r\n",
    "user_taggedartists.dat": (
        b"userID\tartistID\ttagID\tday\tmonth\tyear\n10\t1\t5\t1\t4\t2009\n11\t1\t5\t1\t5\t2009\n10\t7\t6\t1\t4\t2009\n"
    ),
}


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_every_part_is_read(folder):
    snapshot = load_lastfm(folder).snapshot
    assert snapshot.users.ids.keys == [10, 11]
    assert snapshot.nodes["Artist"].ids.keys == [1, 2, 7]
    assert snapshot.nodes["Artist"].names.tolist() == ['Mötley "X', "B'tles", None]
    assert snapshot.nodes["Artist"].texts["url"].tolist() == ["http://m", "http://b", None]
    assert snapshot.nodes["Tag"].names.tolist() == ["tropicália", "rock"]
    listened, tagged = snapshot.edges["LISTENED"], snapshot.edges["TAGGED"]
    assert listened.weight.tolist() == [200.0, 3.0]
    assert (tagged.source.tolist(), tagged.target.tolist()) == ([0, 2], [0, 1])
    assert tagged.weight.tolist() == [2.0, 1.0]
    assert len(snapshot.edges["FRIEND"]) == 2


def test_what_was_assumed_is_noted(folder):
    loaded = load_lastfm(folder)
    assert loaded.bad_rows == ()
    assert loaded.duplicates == {}
    assert "artists that are not in artists.dat, kept without a name: 1" in loaded.notes
    assert "TAGGED edges that count their rows: 2 from 3 rows" in loaded.notes


def test_a_parent_folder_will_do_and_another_is_refused(folder, tmp_path_factory):
    outer = tmp_path_factory.mktemp("outer")
    (outer / "hetrec2011").symlink_to(folder)
    assert load_lastfm(outer).snapshot == load_lastfm(folder).snapshot
    for other in (tmp_path_factory.mktemp("empty"), folder / "artists.dat"):
        with pytest.raises(BadInputError, match="no LastFM folder"):
            load_lastfm(other)


def test_bad_rows_have_file_and_line(folder):
    (folder / "user_artists.dat").write_bytes(FILES["user_artists.dat"] + b"10\t2\tmany\r\n10\t2\r\n")
    (folder / "user_taggedartists.dat").write_bytes(FILES["user_taggedartists.dat"] + b"10\t1\t99\t1\t4\t2009\n")
    assert [(bad.file, bad.line, bad.reason) for bad in load_lastfm(folder).bad_rows] == [
        ("user_artists.dat", 4, "weight 'many' is no number"),
        ("user_artists.dat", 5, "has 2 columns where 3 are expected"),
        ("user_taggedartists.dat", 5, "there is no Tag with id '99'"),
    ]


def test_a_missing_file_or_column_is_one_clear_error(folder):
    (folder / "user_friends.dat").write_bytes(b"userID\tfriend\n")
    with pytest.raises(BadInputError, match="no column 'friendID', the nearest is 'friend'"):
        load_lastfm(folder)
    (folder / "tags.dat").unlink()
    with pytest.raises(BadInputError, match=r"no tags\.dat"):
        load_lastfm(folder)


def test_a_schema_of_the_same_graph_may_rename_labels_and_properties(folder):
    renamed = LASTFM_SCHEMA.model_dump(by_alias=True)
    renamed["nodes"]["Artist"] |= {"label": "Band", "key": "mbid", "name": "title", "text": ()}
    renamed["edges"]["LISTENED"]["weight"] = "plays"
    schema = GraphSchema.model_validate(renamed)
    snapshot = load_lastfm(folder, schema).snapshot
    assert snapshot.schema == schema
    assert snapshot.nodes["Artist"].names[1] == "B'tles"
    assert snapshot.edges["LISTENED"].weight.tolist() == [200.0, 3.0]


def test_a_schema_of_another_graph_is_refused(folder):
    with pytest.raises(SchemaError, match="another graph than LastFM: it has no node type 'Artist'"):
        load_lastfm(folder, default_schema())
    turned = LASTFM_SCHEMA.model_dump(by_alias=True)
    turned["edges"]["TAGGED"] |= {"from": "Tag", "to": "Artist"}
    with pytest.raises(SchemaError, match="no relationship 'TAGGED' from Artist to Tag"):
        load_lastfm(folder, GraphSchema.model_validate(turned))


@pytest.mark.data
def test_the_published_counts(data_set):
    loaded = load_lastfm(data_set("lastfm_social"))
    snapshot = loaded.snapshot
    # 17,632 artists are in artists.dat, 390 more have tags alone (1,538 of the 186,479 assignments).
    counts = {name: len(nodes) for name, nodes in snapshot.nodes.items()}
    assert counts == {"User": 1_892, "Artist": 17_632 + 390, "Tag": 11_946}
    assert len(snapshot.edges["LISTENED"]) == 92_834
    assert len(snapshot.edges["FRIEND"]) == 25_434
    assert snapshot.edges["TAGGED"].weight.sum() == 186_479
    assert loaded.bad_rows == ()
    assert loaded.duplicates == {}
    assert sum(name is None for name in snapshot.nodes["Artist"].names) == 390
    assert "tropicália" in snapshot.nodes["Tag"].names
