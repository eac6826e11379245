"""Files, schemas and keys that nobody means well: exactly what was meant, or one clear refusal; never a traceback."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import pytest
from hostile import cases, clear, integers, numbers, texts
from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.cypher_names import Naming, quoted
from graphrec_neo4j.errors import GraphRecError, QueryFileError, SchemaError
from graphrec_neo4j.ids import parse_key
from graphrec_neo4j.meta_path import MetaPath
from graphrec_neo4j.queries import load_query, query_names
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.schema_toml import schema_to_toml
from loaders.formats import load
from loaders.loaded import LoadedGraph, accept
from loaders.times import BadTimeError, parse_time

FORMS = ("edges", "adjacency", "csv", "movielens", "lastfm")
SCHEMA = GraphSchema.parse(
    """
    recommend_to = "U"
    recommend = "I"
    [nodes.U]
    name = "name"
    [nodes.I]
    features = ["price"]
    text = ["about"]
    [edges.DID]
    from = "U"
    to = "I"
    weight = "w"
    time = "at"
    time_unit = "text"
    strength = "one"
    duplicates = "error"
    properties = ["note"]
    """
)


def read(form: str, path: Path, schema: GraphSchema | None = None) -> LoadedGraph | None:
    try:
        loaded = load(form, path, schema)
        accept(loaded)
    except GraphRecError as error:
        clear(error)
        return None
    return loaded


@cases(60)
@given(
    content=st.one_of(st.binary(max_size=200), texts.map(lambda text: text.encode("utf-8", "replace"))),
    form=st.sampled_from(FORMS),
)
def test_any_bytes_are_a_graph_or_a_refusal(tmp_path: Path, content: bytes, form: str) -> None:
    for name in ("file.txt", "User.csv", "Item.csv", "INTERACTED.csv", "u.data", "u.item", "ratings.csv", "movies.csv"):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "user_artists.dat").write_bytes(content)
    read(form, tmp_path if form in ("csv", "movielens", "lastfm") else tmp_path / "file.txt")


cells = st.one_of(texts, numbers.map(repr), integers.map(str))
rows = st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=6)


@cases(60)
@given(rows=rows, delimiter=st.sampled_from([",", "\t", ";", " ", "::"]), form=st.sampled_from(FORMS[:2]))
def test_any_table_is_a_graph_or_a_refusal(tmp_path: Path, rows: list[list[str]], delimiter: str, form: str) -> None:
    text = "\n".join(delimiter.join(row) for row in rows)
    (tmp_path / "file.txt").write_text(text, encoding="utf-8", errors="replace", newline="")
    read(form, tmp_path / "file.txt")


def write(path: Path, header: list[str], rows: list[list[str]]) -> bool:
    """Write a CSV file as anybody's program would; False where a text cannot be in a file."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *rows])
    try:
        path.write_bytes(text.getvalue().encode("utf-8"))
    except UnicodeEncodeError:
        return False
    return True


@cases(60)
@given(data=st.data())
def test_a_folder_of_csv_files_is_read_exactly_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    users = data.draw(st.lists(st.tuples(texts, texts), min_size=1, max_size=4, unique_by=lambda row: row[0]))
    items = data.draw(st.lists(st.tuples(texts, cells, texts), min_size=1, max_size=4, unique_by=lambda row: row[0]))
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(users), st.sampled_from(items)), max_size=4, unique=True))
    edges = [[user[0], item[0], *data.draw(st.tuples(cells, texts, texts))] for user, item in pairs]
    written = [
        write(tmp_path / "U.csv", ["id", "name"], [list(row) for row in users]),
        write(tmp_path / "I.csv", ["id", "price", "about"], [list(row) for row in items]),
        write(tmp_path / "DID.csv", ["from", "to", "w", "at", "note"], edges),
    ]
    loaded = read("csv", tmp_path, SCHEMA) if all(written) else None
    if loaded is None:
        return
    made = loaded.snapshot
    assert {key: made.users.names[made.users.ids.row(key)] for key, _ in users} == {k: n or None for k, n in users}
    for key, price, about in items:
        row = made.items.ids.row(key)
        found = made.items.features[row, 0]
        assert (math.isnan(found) and not price.strip()) or found == float(price)
        assert made.items.texts["about"][row] == (about or None)
    assert edges_of(loaded) == {
        (u, i): (None if not w.strip() else float(w), note or None) for u, i, w, _, note in edges
    }


def edges_of(loaded: LoadedGraph) -> dict[tuple[Any, Any], tuple[float | None, str | None]]:
    made = loaded.snapshot
    edges = made.edges["DID"]
    assert edges.weight is not None
    return {
        (made.users.ids.key(int(u)), made.items.ids.key(int(i))): (None if math.isnan(w) else w, note)
        for u, i, w, note in zip(
            edges.source, edges.target, edges.weight.tolist(), edges.properties["note"], strict=True
        )
    }


@cases(150)
@given(text=texts)
def test_a_name_is_quoted_whole_or_refused(text: str) -> None:
    try:
        name = quoted(text)
    except QueryFileError as error:
        clear(error)
        return
    inside = name[1:-1]
    assert name[0] == name[-1] == "`"
    assert "`" not in inside.replace("``", "")
    # The parser reads \\uXXXX before it reads names, so no other backslash may be left.
    assert "\\" not in inside.replace("\\u005C", "")
    assert inside.replace("``", "`").replace("\\u005C", "\\") == text


@cases(100)
@given(data=st.data())
def test_a_schema_of_any_names_comes_back_from_its_toml_or_is_refused(data: st.DataObject) -> None:
    types = data.draw(st.lists(texts, min_size=2, max_size=2, unique=True))
    given_ = {
        "recommend_to": types[0],
        "recommend": types[1],
        "nodes": {
            name: {"label": data.draw(texts), "key": data.draw(texts), "name": data.draw(texts)} for name in types
        },
        "edges": {
            data.draw(texts): {"from": types[0], "to": types[1], "type": data.draw(texts), "weight": data.draw(texts)}
        },
        "meta_paths": {data.draw(texts): data.draw(texts)} if data.draw(st.booleans()) else {},
    }
    try:
        schema = GraphSchema.parse(toml_of(given_))
        assert GraphSchema.parse(schema_to_toml(schema)) == schema
        for query in query_names("recommend"):
            load_query(query).render(Naming.of(schema))
    except GraphRecError as error:
        clear(error)


def toml_of(data: dict[str, Any]) -> str:
    """The same as TOML, by hand, with every character escaped that TOML lets one escape."""

    def text(value: str) -> str:
        return '"' + "".join(f"\\U{ord(letter):08X}" for letter in value) + '"'

    lines = [f"recommend_to = {text(data['recommend_to'])}", f"recommend = {text(data['recommend'])}"]
    for section in ("nodes", "edges"):
        for name, entries in data[section].items():
            lines += [f"[{section}.{text(name)}]", *(f"{key} = {text(value)}" for key, value in entries.items())]
    if data["meta_paths"]:
        lines += ["[meta_paths]", *(f"{text(name)} = {text(path)}" for name, path in data["meta_paths"].items())]
    return "\n".join(lines)


@cases(100)
@given(
    text=st.one_of(
        texts,
        st.lists(texts, max_size=5).map("\n".join),
        st.lists(st.tuples(texts, texts)).map(lambda pairs: "\n".join(f"{a} = {b}" for a, b in pairs)),
    )
)
def test_any_text_is_a_schema_or_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SchemaError):
        GraphSchema.parse(text)
    (tmp_path / "graphrec.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SchemaError) as refused:
        GraphSchema.load(tmp_path / "graphrec.toml")
    clear(refused.value)


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "x = " + "9" * 5000, "x = 1e999", "\ud800 = 1"])
def test_toml_that_python_does_not_read_is_refused(text: str) -> None:
    with pytest.raises(SchemaError):
        GraphSchema.parse(text)


@pytest.mark.parametrize("text", ["1e999999999", "-1e999999999", "9" * 5000, "1E-999999999", "nan", "sNaN", "inf"])
@pytest.mark.parametrize("unit", ["s", "ms"])
def test_numbers_that_no_time_can_be_are_refused(text: str, unit: Any) -> None:
    with pytest.raises(BadTimeError):
        parse_time(text, unit)


@cases(100)
@given(text=texts)
def test_any_text_is_a_meta_path_or_refused(text: str) -> None:
    try:
        MetaPath.parse(text)
    except GraphRecError as error:
        clear(error)


@cases(150)
@given(text=cells, kind=st.sampled_from(["string", "integer"]))
def test_any_argument_is_a_key_or_refused(text: str, kind: Any) -> None:
    try:
        key = parse_key(text, kind, "User")
    except GraphRecError as error:
        clear(error)
        return
    assert key == (text if kind == "string" else int(text))
    assert kind == "string" or text.isascii()
    assert kind == "string" or -(2**63) <= int(key) < 2**63


@cases(150)
@given(text=cells, unit=st.sampled_from(["s", "ms", "date", "datetime", "text"]))
def test_any_text_is_a_time_or_refused(text: str, unit: Any) -> None:
    try:
        milliseconds, _ = parse_time(text, unit)
    except BadTimeError:
        return
    assert -(2**63) < milliseconds < 2**63
