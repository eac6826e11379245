import gzip

import numpy as np
import pytest

from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.schema import GraphSchema, default_schema
from graphrec_neo4j.snapshot import MISSING_TIME
from loaders.from_edge_lists import load_adjacency, load_edges, read_interactions
from loaders.sniff import sniff_format


@pytest.fixture
def write(tmp_path):
    def _write(content, name="edges.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def pairs(snapshot, edge="INTERACTED"):
    """{(source id, target id): weight or None}"""
    kind, edges = snapshot.schema.edges[edge], snapshot.edges[edge]
    source = snapshot.nodes[kind.source].ids.keys_of(edges.source)
    target = snapshot.nodes[kind.target].ids.keys_of(edges.target)
    weight = [None] * len(edges) if edges.weight is None else edges.weight.tolist()
    return dict(zip(zip(source, target, strict=True), weight, strict=True))


@pytest.mark.parametrize("separator", ["\t", ",", ";", "::", " ", "   ", ", "])
def test_any_separator(write, separator):
    loaded = load_edges(write(f"1{separator}10{separator}2.5\n2{separator}20{separator}1\n"))
    assert pairs(loaded.snapshot) == {(1, 10): 2.5, (2, 20): 1.0}
    assert loaded.bad_rows == ()


@pytest.mark.parametrize(
    "header", ["user,item,weight", "item,weight,user", "user_id,movieId,plays", "who,what,count", "User,Item,Weight"]
)
def test_a_header_is_seen_and_names_the_columns(write, header):
    names = [name.casefold() for name in header.split(",")]
    row = ["20,2.5,1" if names[0] == "item" else "1,20,2.5"]
    loaded = load_edges(write("\n".join([header, *row])))
    assert pairs(loaded.snapshot) == {(1, 20): 2.5}


def test_other_columns_of_a_header_are_said_not_read(write):
    loaded = load_edges(write("user\titem\tcategory\trating\n1\t2\t9\t4\n"))
    assert pairs(loaded.snapshot) == {(1, 2): 4.0}
    assert "columns of edges.txt that were not read: category" in loaded.notes


def test_keys_are_integers_only_if_all_are_plain(write):
    assert load_edges(write("1 -5\n2 0\n")).snapshot.items.ids.keys == [-5, 0]
    for odd in ("007", "+7", "1.0", "x", "9223372036854775808", "-0", "٣"):
        loaded = load_edges(write(f"1 {odd}\n2 8\n"))
        assert loaded.snapshot.items.ids.keys == sorted([odd, "8"])
        assert loaded.snapshot.schema.nodes["Item"].key_type == "string"
        assert loaded.snapshot.users.ids.keys == [1, 2]


def test_unicode_ids_come_back_exactly(write):
    assert pairs(load_edges(write("Zoë,東京\nÅsa,Ωmega\n")).snapshot) == {("Zoë", "東京"): None, ("Åsa", "Ωmega"): None}


def test_what_the_file_lacks_is_not_in_the_schema(write):
    schema = load_edges(write("1 2\n")).snapshot.schema
    assert schema.edges["INTERACTED"].weight is None
    assert schema.edges["INTERACTED"].time is None
    assert set(schema.nodes) == {"User", "Item"}
    assert schema.nodes["Item"].name is None


def test_repeated_pairs_without_weights_are_counted(write):
    loaded = load_edges(write("1 2\n1 3\n1 2\n1 2\n"))
    assert loaded.duplicates == {"INTERACTED": 2}
    made = pairs(loaded.snapshot)
    assert made[1, 2] == 3.0
    assert np.isnan(made[1, 3])


def test_ratings_keep_the_last_by_time_and_counts_are_added(write):
    rows = "1,2,5,200\n1,2,1,100\n1,3,4,50\n"
    assert pairs(load_edges(write("user,item,rating,time\n" + rows)).snapshot)[1, 2] == 5.0
    assert pairs(load_edges(write("user,item,plays,time\n" + rows)).snapshot)[1, 2] == 6.0


@pytest.mark.parametrize(
    ("text", "unit", "milliseconds"),
    [
        ("1260759144", "s", 1_260_759_144_000),
        ("1260759144000", "ms", 1_260_759_144_000),
        ("2009-12-14", "date", 1_260_748_800_000),
    ],
)
def test_times_are_read_in_the_form_they_have(write, text, unit, milliseconds):
    loaded = load_edges(write(f"1,2,3,{text}\n1,3,3,\n"))
    assert loaded.snapshot.edges["INTERACTED"].time.tolist() == [milliseconds, MISSING_TIME]
    assert loaded.snapshot.schema.edges["INTERACTED"].time_unit == unit
    assert any(note.startswith("times were read as") for note in loaded.notes)


def test_times_without_an_offset_are_noted_once(write):
    loaded = load_edges(write("user,item,time\n1,2,2024-05-31T12:00\n1,3,2024-05-31T13:00\n"))
    assert [note for note in loaded.notes if "UTC" in note] == [
        "times of INTERACTED without an offset were taken as UTC"
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,2,heavy,5", "weight 'heavy' is no number"),
        ("1,2,1_000,5", "weight '1_000' is no number"),
        ("1,2,NaN,5", "weight is 'NaN', which is not finite"),
        ("1,2,-inf,5", "weight is '-inf', which is not finite"),
        ("1,2,-3,5", "weight -3 is negative, which no walk can use"),
        ("1,2,1,noon", "time 'noon' is no number"),
        ("1,2,1,99999999999999999999", "time '99999999999999999999' is out of 64 bits"),
        ("1,2,1", "has 3 columns where 4 are expected"),
        (",2,1,5", "the User key is missing"),
        ("1, ,1,5", "the Item key is missing"),
    ],
)
def test_each_kind_of_bad_row_has_its_line_and_reason(write, row, reason):
    loaded = load_edges(write(f"user,item,weight,time\n1,10,1,5\n\n{row}\n1,11,,\n"))
    assert [(bad.file, bad.line, bad.reason) for bad in loaded.bad_rows] == [("edges.txt", 4, reason)]
    assert loaded.bad_rows[0].raw == ",".join(cell.strip() for cell in row.split(","))
    assert set(pairs(loaded.snapshot)) == {(1, 10), (1, 11)}


def test_a_bad_row_leaves_no_node_behind(write):
    loaded = load_edges(write("user,item,weight\n1,10,1\nnew,newer,x\n"))
    assert loaded.snapshot.users.ids.keys == [1]
    assert loaded.snapshot.items.ids.keys == [10]


def test_bad_rows_come_in_the_order_of_the_file(write):
    loaded = load_edges(write("user,item,weight\n1,10,x\n1\n1,11,y\n"))
    assert [bad.line for bad in loaded.bad_rows] == [2, 3, 4]


def test_a_given_schema_keeps_its_names_and_rules(write):
    schema = GraphSchema.parse(
        """
        recommend_to = "Reader"
        recommend = "Book"
        [nodes.Reader]
        [nodes.Book]
        key = "isbn"
        key_type = "integer"
        [edges.READ]
        from = "Reader"
        to = "Book"
        weight = "times"
        duplicates = "error"
        """
    )
    loaded = load_edges(write("1 7 2\n1 8 1\n1 7 4\n2 x 1\n2 007 1\n2 9223372036854775808 1\n"), schema)
    assert pairs(loaded.snapshot, "READ") == {("1", 7): 2.0, ("1", 8): 1.0}
    assert loaded.snapshot.schema == schema
    assert [(bad.line, bad.reason) for bad in loaded.bad_rows] == [
        (3, "joins the same pair as edges.txt:1, and the schema says duplicates = 'error'"),
        (4, "the Book key 'x' is no plain integer, and the schema says key_type = 'integer'"),
        (5, "the Book key '007' is no plain integer, and the schema says key_type = 'integer'"),
        (6, "the Book key 9223372036854775808 is out of 64 bits; use string keys for such numbers"),
    ]


@pytest.mark.parametrize(
    ("content", "message"), [("", "is empty"), ("1\n2\n", "has 1 columns"), ("1 2 3 4 5\n", "5 columns")]
)
def test_a_file_that_is_no_edge_list_is_refused(write, content, message):
    with pytest.raises(BadInputError, match=message):
        load_edges(write(content))


def test_adjacency_keeps_users_without_items(write):
    loaded = load_adjacency(write("0 5 6\n1\n2 5\n"))
    assert pairs(loaded.snapshot) == {(0, 5): None, (0, 6): None, (2, 5): None}
    assert loaded.snapshot.users.ids.keys == [0, 1, 2]
    assert "User nodes without interactions, kept: 1 of 3" in loaded.notes


def test_adjacency_with_commas_and_gzip(write):
    path = write(gzip.compress(b"anna,x,y,\nbob,y\n"), "lists.txt.gz")
    assert set(pairs(load_adjacency(path).snapshot)) == {("anna", "x"), ("anna", "y"), ("bob", "y")}


def test_ties_join_users_and_may_bring_new_ones(write):
    loaded = load_adjacency(write("0 5 6\n1 5\n"), ties=write("user,friend\n0,1\n1,0\n1,9\n", "trust.csv"))
    assert set(pairs(loaded.snapshot, "FOLLOWS")) == {(0, 1), (1, 0), (1, 9)}
    assert loaded.snapshot.users.ids.keys == [0, 1, 9]


def test_a_pair_twice_in_one_line_is_bad_where_duplicates_are_errors(write):
    strict = default_schema().model_dump(by_alias=True)
    strict["edges"]["INTERACTED"]["duplicates"] = "error"
    loaded = load_adjacency(write("0 5 6 5\n"), GraphSchema.model_validate(strict))
    assert [(bad.line, bad.raw) for bad in loaded.bad_rows] == [(1, "0,5")]
    assert set(pairs(loaded.snapshot)) == {("0", "5"), ("0", "6")}


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("user item\n1 2\n", "edges"),
        ("1,2\n1,3\n", "edges"),
        ("1\t2\t5\n1\t3\t4\n", "edges"),
        ("0 1 2\n1 5\n", "adjacency"),
        ("0 1 2 3 4\n1 5 6 7 8\n", "adjacency"),
    ],
)
def test_the_form_is_sniffed(write, content, form):
    assert sniff_format(write(content)) == form


def test_a_given_split_is_one_graph_and_its_test_pairs(write):
    split = read_interactions(write("0 5 6\n1 5\n", "train.txt"), write("0 7\n2 5\n", "test.txt"))
    users, items = split.snapshot.users.ids, split.snapshot.items.ids
    assert set(pairs(split.snapshot)) == {(0, 5), (0, 6), (1, 5)}
    assert (users.keys, items.keys) == ([0, 1, 2], [5, 6, 7])
    expected = np.zeros((3, 3))
    expected[users.row(0), items.row(7)] = expected[users.row(2), items.row(5)] = 1.0
    assert (split.test.toarray() == expected).all()
    assert (split.users_without_train, split.items_without_train) == (1, 1)


def test_test_pairs_of_the_train_file_are_left_out_and_said(write):
    split = read_interactions(write("1,5\n1,6\n", "train.txt"), write("1,5\n1,7\n", "test.txt"))
    assert split.test.nnz == 1
    assert "test pairs that are also in the train file, left out of the test part: 1" in split.notes
    assert not split.test.multiply(split.snapshot.interactions).nnz


def test_keys_of_a_split_have_one_type_over_both_files(write):
    split = read_interactions(write("1,5\n", "train.txt"), write("1,x\n", "test.txt"))
    assert split.snapshot.items.ids.keys == ["5", "x"]


def test_a_bad_row_in_either_file_refuses_the_split(write):
    with pytest.raises(BadInputError, match=r"test\.txt:2: the Item key is missing"):
        read_interactions(write("1,5\n1,6\n", "train.txt"), write("1,7\n1,\n", "test.txt"))


def test_default_names_are_those_of_the_default_schema(write):
    loaded = load_edges(write("1 2 3\n"))
    default = default_schema().edges["INTERACTED"]
    assert loaded.snapshot.schema.edges["INTERACTED"].weight == default.weight


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "files", "nodes", "edges"),
    [
        ("gowalla", ("train.txt", "test.txt", None), (29_858, 40_981), (810_128, 217_242, 0)),
        ("lastfm_sociallgn", ("train_set.txt", "test_set.txt", "trust.txt"), (1_892, 17_632), (74_267, 18_567, 25_434)),
        ("douban_book_social", ("train.txt", "test.txt", "social.txt"), (13_015, 22_294), (478_730, 119_690, 169_150)),
    ],
)
def test_published_splits_have_their_published_counts(data_set, folder, files, nodes, edges):
    train, test, ties = (data_set(folder) / name if name else None for name in files)
    split = read_interactions(train, test, ties)
    snapshot = split.snapshot
    tied = len(snapshot.edges["FOLLOWS"]) if ties else 0
    assert (len(snapshot.users), len(snapshot.items)) == nodes
    assert (len(snapshot.edges["INTERACTED"]), split.test.nnz, tied) == edges


@pytest.mark.data
def test_ciao_keeps_one_rating_a_pair(data_set):
    loaded = load_edges(data_set("ciao_hin") / "ratings_with_timestamp.tsv")
    assert len(loaded.snapshot.edges["INTERACTED"]) == 282_650
    assert loaded.duplicates == {"INTERACTED": 284_086 - 282_650}
    assert loaded.snapshot.edges["INTERACTED"].weight.max() == 5.0
