import gzip

import numpy as np
import pytest

from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME
from loaders.from_csv import load_csv

SHOP = GraphSchema.parse(
    """
    recommend_to = "Customer"
    recommend = "Product"
    [nodes.Customer]
    key = "email"
    name = "name"
    [nodes.Product]
    key = "sku"
    key_type = "integer"
    name = "title"
    features = ["price", "stars"]
    text = ["blurb"]
    [nodes.Shelf]
    [edges.VIEWED]
    from = "Customer"
    to = "Product"
    weight = "seconds"
    time = "at"
    time_unit = "text"
    properties = ["device"]
    [edges.ON_SHELF]
    from = "Product"
    to = "Shelf"
    duplicates = "error"
    """
)
FILES = {
    "Customer.csv": "email,name\nzoë@x.org,Zoë\n山田@x.org,\n",
    "Product.csv": 'sku,title,price,stars,blurb\n7,"Cup, large",2.5,,"two\nlines"\n8,Bowl,,4,\n',
    "Shelf.csv": "id\nkitchen\n",
    "VIEWED.csv": (
        "from,to,seconds,at,device\n"
        "zoë@x.org,7,2,2024-05-31T12:00:00Z,phone\n"
        "zoë@x.org,7,3,2024-05-31T13:00:00Z,\n"
        "山田@x.org,8,,,tablet\n"
    ),
    "ON_SHELF.csv": "from,to\n7,kitchen\n",
}
NOON = 1_717_156_800_000


def write(folder, files):
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def bad(loaded):
    return [(row.file, row.line, row.reason) for row in loaded.bad_rows]


def test_nodes_come_with_names_features_and_texts(tmp_path):
    loaded = load_csv(write(tmp_path, FILES), SHOP)
    customers, products = loaded.snapshot.nodes["Customer"], loaded.snapshot.nodes["Product"]
    assert customers.ids.keys == ["zoë@x.org", "山田@x.org"]
    assert customers.names.tolist() == ["Zoë", None]
    assert products.ids.keys == [7, 8]
    assert products.names.tolist() == ["Cup, large", "Bowl"]
    np.testing.assert_array_equal(products.features, [[2.5, np.nan], [np.nan, 4.0]])
    assert products.texts["blurb"].tolist() == ["two\nlines", None]
    assert loaded.snapshot.schema == SHOP
    assert loaded.bad_rows == ()


def test_edges_come_with_weight_time_and_properties_merged_by_the_rule(tmp_path):
    loaded = load_csv(write(tmp_path, FILES), SHOP)
    viewed = loaded.snapshot.edges["VIEWED"]
    assert (viewed.source.tolist(), viewed.target.tolist()) == ([0, 1], [0, 1])
    np.testing.assert_array_equal(viewed.weight, [2.0 + 3.0, np.nan])
    assert viewed.time.tolist() == [NOON + 3_600_000, MISSING_TIME]
    assert viewed.properties["device"].tolist() == [None, "tablet"]
    assert loaded.duplicates == {"VIEWED": 1}
    assert loaded.snapshot.edges["ON_SHELF"].weight is None


def test_gzip_and_plain_files_mix(tmp_path):
    plain = load_csv(write(tmp_path, FILES), SHOP).snapshot
    (tmp_path / "VIEWED.csv").unlink()
    (tmp_path / "VIEWED.csv.gz").write_bytes(gzip.compress(FILES["VIEWED.csv"].encode()))
    assert load_csv(tmp_path, SHOP).snapshot == plain
    write(tmp_path, FILES)
    with pytest.raises(BadInputError, match=r"holds VIEWED\.csv and VIEWED\.csv\.gz; keep one"):
        load_csv(tmp_path, SHOP)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nobody@x.org,7,1,,", "there is no Customer with email 'nobody@x.org'"),
        ("zoë@x.org,9,1,,", "there is no Product with sku '9'"),
        ("zoë@x.org,07,1,,", "the Product key '07' is no plain integer, and the schema says key_type = 'integer'"),
        (",7,1,,", "the Customer key is missing"),
        ("zoë@x.org,,1,,", "the Product key is missing"),
        ("zoë@x.org,7,long,,", "seconds 'long' is no number"),
        ("zoë@x.org,7,nan,,", "seconds is 'nan', which is not finite"),
        ("zoë@x.org,7,inf,,", "seconds is 'inf', which is not finite"),
        ("zoë@x.org,7,1,2024-02-30,", "at '2024-02-30' is no time such as 2024-05-31T12:00:00Z"),
        ("zoë@x.org,7,1,1717156800,", "at '1717156800' is a number, not a time; set time_unit to 's' or 'ms'"),
        ("zoë@x.org,7,1,2024-05-31T12:00:00.0001Z,", "at '2024-05-31T12:00:00.0001Z' is finer than a millisecond"),
        ("zoë@x.org,7,1", "has 3 columns where 5 are expected"),
    ],
)
def test_each_kind_of_bad_edge_has_its_line_and_reason(tmp_path, row, reason):
    header, first, *rest = FILES["VIEWED.csv"].splitlines()
    files = FILES | {"VIEWED.csv": "\n".join([header, first, row, *rest])}
    loaded = load_csv(write(tmp_path, files), SHOP)
    assert bad(loaded) == [("VIEWED.csv", 3, reason)]
    assert loaded.bad_rows[0].raw == row
    assert loaded.snapshot == load_csv(write(tmp_path, FILES), SHOP).snapshot


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",Cup,1,1,", "the Product key is missing"),
        ("x7,Cup,1,1,", "the Product key 'x7' is no plain integer, and the schema says key_type = 'integer'"),
        (
            "9223372036854775808,Cup,1,1,",
            "the Product key 9223372036854775808 is out of 64 bits; use string keys for such numbers",
        ),
        ("9,Cup,cheap,1,", "price 'cheap' is no number"),
        ("8,Bowl,,5,", "sku '8' is that of Product.csv:4, with other values"),
        ("9,Cup", "has 2 columns where 5 are expected"),
    ],
)
def test_each_kind_of_bad_node_has_its_line_and_reason(tmp_path, row, reason):
    loaded = load_csv(write(tmp_path, FILES | {"Product.csv": FILES["Product.csv"] + row + "\n"}), SHOP)
    # The text of line 2 goes on in line 3, so the fourth row is on line 5.
    assert bad(loaded) == [("Product.csv", 5, reason)]
    assert loaded.snapshot == load_csv(write(tmp_path, FILES), SHOP).snapshot


def test_a_node_that_is_repeated_word_for_word_is_taken_once_and_noted(tmp_path):
    loaded = load_csv(write(tmp_path, FILES | {"Shelf.csv": "id\nkitchen\nkitchen\n"}), SHOP)
    assert loaded.snapshot.nodes["Shelf"].ids.keys == ["kitchen"]
    assert "rows of Shelf that repeat an earlier one exactly, taken once: 1" in loaded.notes


def test_duplicates_are_bad_rows_where_the_schema_says_so(tmp_path):
    loaded = load_csv(write(tmp_path, FILES | {"ON_SHELF.csv": "from,to\n7,kitchen\n8,kitchen\n7,kitchen\n"}), SHOP)
    reason = "joins the same pair as ON_SHELF.csv:2, and the schema says duplicates = 'error'"
    assert bad(loaded) == [("ON_SHELF.csv", 4, reason)]
    assert len(loaded.snapshot.edges["ON_SHELF"]) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "Product.csv",
            "skuu,title\n",
            r"has no column 'sku', which Product needs, the nearest is 'skuu'",
        ),
        ("Product.csv", "sku,titel\n", r"a column 'titel' .* does not have for Product, the nearest is 'title'"),
        ("VIEWED.csv", "from,target\n", r"VIEWED\.csv has no column 'to', which VIEWED needs"),
        ("VIEWED.csv", "from,to,second\n", r"a column 'second' .* the nearest is 'seconds'"),
        ("VIEWED.csv", "from,to,to\n", r"two columns called 'to'"),
        ("VIEWED.csv", "", r"VIEWED\.csv is empty"),
    ],
)
def test_headers_are_checked_against_the_schema(tmp_path, name, content, message):
    with pytest.raises(BadInputError, match=message):
        load_csv(write(tmp_path, FILES | {name: content}), SHOP)


def test_a_missing_file_is_an_error_with_the_nearest(tmp_path):
    write(tmp_path, FILES)
    (tmp_path / "Shelf.csv").rename(tmp_path / "Shelves.csv")
    with pytest.raises(BadInputError, match=r"holds no Shelf\.csv, the nearest is 'Shelves\.csv'"):
        load_csv(tmp_path, SHOP)


def test_a_file_of_no_type_is_noted(tmp_path):
    loaded = load_csv(write(tmp_path, FILES | {"notes.csv": "x\n"}), SHOP)
    assert "notes.csv is no type of the schema and was not read" in loaded.notes


def test_columns_that_are_left_out_are_missing_values(tmp_path):
    files = FILES | {"VIEWED.csv": "to,from\n7,zoë@x.org\n", "Product.csv": "sku\n7\n"}
    loaded = load_csv(write(tmp_path, files), SHOP)
    viewed, products = loaded.snapshot.edges["VIEWED"], loaded.snapshot.nodes["Product"]
    assert np.isnan(viewed.weight).all()
    assert viewed.time.tolist() == [MISSING_TIME]
    assert products.names.tolist() == [None]
    assert np.isnan(products.features).all()


def test_an_edge_through_a_node_is_derived_not_loaded(tmp_path):
    schema = GraphSchema.parse(
        """
        recommend_to = "Customer"
        recommend = "Product"
        [nodes.Customer]
        [nodes.Product]
        [edges.BOUGHT]
        from = "Customer"
        to = "Product"
        via = {label = "Order", first = "PLACED", second = "CONTAINS"}
        """
    )
    write(tmp_path, {"Customer.csv": "id\na\n", "Product.csv": "id\nb\n"})
    loaded = load_csv(tmp_path, schema)
    assert len(loaded.snapshot.edges["BOUGHT"]) == 0
    assert "BOUGHT goes via Order nodes and is derived, so no file of it was read" in loaded.notes
    write(tmp_path, {"BOUGHT.csv": "from,to\na,b\n"})
    with pytest.raises(BadInputError, match=r"BOUGHT\.csv cannot be loaded: BOUGHT goes via Order"):
        load_csv(tmp_path, schema)


DEFAULT = {
    "User.csv": "id,name\n1,Ann\n2,Bob\n3,Cy\n",
    "Item.csv": "id,title\n010,Tea\n9,Milk\n",
    "INTERACTED.csv": "from,to,weight,time\n1,010,2,1717156800\n2,9,1,\n",
}


def test_without_a_schema_the_default_one_is_seen_from_files_headers_and_values(tmp_path):
    loaded = load_csv(write(tmp_path, DEFAULT))
    schema = loaded.snapshot.schema
    assert set(schema.nodes) == {"User", "Item"}
    assert set(schema.edges) == {"INTERACTED"}
    assert (schema.nodes["User"].key_type, schema.nodes["Item"].key_type) == ("integer", "string")
    assert loaded.snapshot.users.ids.keys == [1, 2, 3]
    assert loaded.snapshot.items.ids.keys == ["010", "9"]
    assert loaded.snapshot.edges["INTERACTED"].time.tolist() == [NOON, MISSING_TIME]
    assert "times of INTERACTED were read as seconds since 1970" in loaded.notes
    assert "User nodes without interactions, kept: 1 of 3" in loaded.notes


def test_without_a_schema_what_no_file_has_is_not_in_it(tmp_path):
    files = DEFAULT | {"User.csv": "id\n1\n2\n", "INTERACTED.csv": "from,to\n1,9\n"}
    schema = load_csv(write(tmp_path, files)).snapshot.schema
    assert schema.nodes["User"].name is None
    assert schema.edges["INTERACTED"].weight is None
    assert schema.edges["INTERACTED"].time is None


def test_without_a_schema_the_whole_default_graph_loads(tmp_path):
    categories = {"IN_CATEGORY.csv": "from,to\n9,dairy\n", "Category.csv": "id,name\ndairy,\n"}
    more = categories | {"FOLLOWS.csv": "from,to\n1,2\n"}
    snapshot = load_csv(write(tmp_path, DEFAULT | more)).snapshot
    assert {name: len(edges) for name, edges in snapshot.edges.items()} == {
        "INTERACTED": 2,
        "FOLLOWS": 1,
        "IN_CATEGORY": 1,
    }
    (tmp_path / "Category.csv").unlink()
    with pytest.raises(BadInputError, match=r"IN_CATEGORY\.csv but no Category\.csv"):
        load_csv(tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (FILES, r"no file for Customer\.csv, and there is no graphrec\.toml .*graphrec-neo4j init"),
        ({"User.csv": "id\n", "Item.csv": "id\n"}, r"needs INTERACTED\.csv.*graphrec\.toml"),
        ({}, r"needs User\.csv"),
    ],
)
def test_without_a_schema_other_files_are_refused_with_a_way_out(tmp_path, files, message):
    with pytest.raises(BadInputError, match=message):
        load_csv(write(tmp_path, files))


def test_a_file_in_place_of_a_folder_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="is no folder"):
        load_csv(write(tmp_path, DEFAULT) / "User.csv")
