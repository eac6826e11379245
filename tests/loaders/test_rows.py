import gzip

import pytest

from graphrec_neo4j.errors import BadInputError
from loaders import rows
from loaders.loaded import BadRow
from loaders.rows import Layout, need_columns, need_file, read_header, read_rows

CSV = Layout()


def read(path, layout=CSV):
    bad: list[BadRow] = []
    chunks = list(read_rows(path, layout, bad))
    lines = [line for chunk in chunks for line in chunk.lines]
    columns = {
        name: [f for chunk in chunks for f in chunk.columns[name]] for name in (chunks[0].columns if chunks else ())
    }
    return columns, lines, bad


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_line_numbers_count_quoted_newlines_and_blank_lines(tmp_path):
    path = write(tmp_path / "a.csv", 'id,name\n1,"one\nand more"\n\n2,"two, quoted"\n3,"say ""hi"""\n')
    columns, lines, _ = read(path)
    assert columns == {"id": ["1", "2", "3"], "name": ["one\nand more", "two, quoted", 'say "hi"']}
    assert lines == [2, 5, 6]


def test_windows_and_old_mac_line_ends(tmp_path):
    for ends in ("\r\n", "\r", "\n"):
        columns, lines, _ = read(write(tmp_path / "a.csv", f"id{ends}1{ends}2{ends}"))
        assert (columns, lines) == ({"id": ["1", "2"]}, [2, 3])


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path = write(tmp_path / "a.csv", b"\xef\xbb\xbfid,name\n1,Zo\xc3\xab\n")
    assert read(path)[0] == {"id": ["1"], "name": ["Zoë"]}


def test_gzip_reads_like_plain(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id,name\n1,one\n"))
    assert read(path)[0] == {"id": ["1"], "name": ["one"]}
    assert need_file(tmp_path, "a.csv") == path


def test_broken_gzip_is_one_clear_error(tmp_path):
    path = write(tmp_path / "a.csv.gz", gzip.compress(b"id,name\n1,one\n" * 1000)[:40])
    with pytest.raises(BadInputError, match=r"a\.csv\.gz cannot be read"):
        read(path)


def test_wrong_encoding_names_the_line(tmp_path):
    path = write(tmp_path / "a.csv", "id,name\n1,one\n2,Zoë\n".encode("latin-1"))
    with pytest.raises(BadInputError, match=r"a\.csv:3: byte 0xeb is not UTF-8"):
        read(path)


def test_latin1_where_it_is_documented(tmp_path):
    layout = Layout("|", quoted=False, header=False, columns=("id", "name"), latin1=True)
    assert read(write(tmp_path / "old", "1|Zoë\n".encode("latin-1")), layout)[0]["name"] == ["Zoë"]
    assert read(write(tmp_path / "new", "1|Zoë\n".encode()), layout)[0]["name"] == ["Zoë"]


def test_a_wrong_number_of_columns_is_a_bad_row(tmp_path):
    path = write(tmp_path / "a.csv", 'id,name\n1,one\n2\n3,"three, or so",x\n')
    columns, lines, bad = read(path)
    assert (columns["id"], lines) == (["1"], [2])
    assert bad == [
        BadRow("a.csv", 3, "has 1 column where 2 are expected", "2"),
        BadRow("a.csv", 4, "has 3 columns where 2 are expected", '3,"three, or so",x'),
    ]


def test_quotes_that_never_close_are_one_clear_error(tmp_path):
    path = write(tmp_path / "a.csv", 'id,name\n1,one\n2,"two\n3,three\n')
    with pytest.raises(BadInputError, match=r"a\.csv:3: this row cannot be read"):
        read(path)


def test_separators_of_several_characters_and_white_space(tmp_path):
    path = write(tmp_path / "a.dat", "1::2::3\n")
    layout = Layout("::", quoted=False, header=False, columns=("a", "b", "c"))
    assert read(path, layout)[0] == {"a": ["1"], "b": ["2"], "c": ["3"]}
    path = write(tmp_path / "b.txt", " 1 \t 2\n")
    layout = Layout(None, quoted=False, header=False, columns=("a", "b"))
    assert read(path, layout)[0] == {"a": ["1"], "b": ["2"]}


def test_chunks_join_without_loss(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "CHUNK_ROWS", 3)
    path = write(tmp_path / "a.csv", "id\n" + "".join(f"{n}\n" for n in range(10)))
    assert [len(chunk) for chunk in read_rows(path, CSV, [])] == [3, 3, 3, 1]
    assert read(path)[0] == {"id": [str(n) for n in range(10)]}


def test_headers_are_checked(tmp_path):
    with pytest.raises(BadInputError, match="is empty"):
        read_header(write(tmp_path / "a.csv", ""), CSV)
    with pytest.raises(BadInputError, match="two columns called 'id'"):
        read_header(write(tmp_path / "a.csv", "id,id\n"), CSV)
    with pytest.raises(BadInputError, match="no column 'movieId', the nearest is 'movie'"):
        need_columns(write(tmp_path / "a.csv", "user,movie\n"), CSV, ["movieId"])


def test_a_missing_file_names_the_nearest(tmp_path):
    write(tmp_path / "ratings.cvs", "")
    with pytest.raises(BadInputError, match=r"no ratings\.csv, the nearest is 'ratings\.cvs'"):
        need_file(tmp_path, "ratings.csv")


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(BadInputError, match="cannot be read"):
            read(path)
