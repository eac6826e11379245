"""Files that are made to do harm: one sentence, and no more memory than a table of that size may take."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from graphrec_neo4j.errors import BadInputError
from loaders.formats import load
from loaders.loaded import accept

MIB = 2**20
ROOM = 400 * MIB
"""What a loader may take above what its modules take; no file here needs that much, most say that they hold more."""


def one_line(path: Path) -> None:
    """A line without an end: 100 MB."""
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"a" * MIB)


def one_field(path: Path) -> None:
    """A quoted field of 100 MB in many lines."""
    with path.open("wb") as file:
        file.write(b'user,item\nu,"')
        for _ in range(100_000):
            file.write(b"x," * 499 + b"\n")
        file.write(b'"\n')


def open_quotes(path: Path) -> None:
    """Quotes that are never closed, before two million good rows."""
    with path.open("wb") as file:
        file.write(b'user,item\nu,"i\n' + b"u,i\n" * 2_000_000)


def many_columns(path: Path) -> None:
    """A million columns."""
    path.write_bytes(b",".join(b"c%d" % number for number in range(1_000_000)) + b"\n" + b"1," * 999_999 + b"1\n")


def packed_line(path: Path) -> None:
    """4 GB in one line, packed into 4 MB."""
    block = gzip.compress(b"a" * (64 * MIB), 6)
    path.with_suffix(".csv.gz").write_bytes(block * 64)


def packed_rows(path: Path) -> None:
    """600 MB of rows that are all alike, packed into 2 MB."""
    row = b"u" * 10_000 + b",i\n"
    path.with_suffix(".csv.gz").write_bytes(gzip.compress(row * 6_000, 6) * 10)


def packed_twice(path: Path) -> None:
    """A packed file in a packed file."""
    path.with_suffix(".csv.gz").write_bytes(gzip.compress(gzip.compress(b"u,i\n" * 100)))


def zeros(path: Path) -> None:
    """A link to a device without an end."""
    path.symlink_to("/dev/zero")


def pipe(path: Path) -> None:
    """A pipe that nobody writes into."""
    os.mkfifo(path)


def archive(path: Path) -> None:
    """A zip whose members would land elsewhere, be links, or unpack to a terabyte."""
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../../outside.csv", "u,i\n")
        file.writestr("/absolute.csv", "u,i\n")
        link = zipfile.ZipInfo("link.csv")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
        file.writestr("bomb.csv", b"\0" * (8 * MIB))


HOSTILE: dict[Callable[[Path], None], str] = {
    one_line: r"has a line of more than 16 MiB|has one column",
    one_field: r"this row cannot be read \(field larger than field limit",
    open_quotes: r"this row cannot be read \(field larger than field limit",
    many_columns: r"1,?000,?000 columns",
    packed_line: r"has a line of more than 16 MiB",
    packed_rows: r"holds more than 200 times its own size",
    packed_twice: r"is not UTF-8|not UTF-8",
    zeros: r"is no file but a device or a pipe",
    pipe: r"is no file but a device or a pipe",
    archive: r"is an archive; unpack it and name what is in it",
}


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_file_is_one_sentence(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "file.csv")
    [path] = tmp_path.iterdir()
    told = in_little_memory("edges", path)
    assert "\n" not in told.strip()
    assert re.search(HOSTILE[make], told), told
    assert list(tmp_path.iterdir()) == [path]


def test_an_adjacency_list_is_bounded_too(tmp_path: Path) -> None:
    one_line(tmp_path / "file.csv")
    assert re.search(HOSTILE[one_line], in_little_memory("adjacency", tmp_path / "file.csv"))


def in_little_memory(form: str, path: Path) -> str:
    """Load a file in a process of its own that may take ``ROOM`` more than it has; what it says in the end."""
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from graphrec_neo4j.errors import GraphRecError\n"
        "from loaders.formats import load\n"
        "import loaders.from_edge_lists\n"
        "taken = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (taken + {ROOM}, taken + {ROOM}))\n"
        "try:\n"
        "    print('loaded', len(load(sys.argv[1], Path(sys.argv[2])).snapshot.users))\n"
        "except GraphRecError as error:\n"
        "    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, form, str(path)], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout


def test_long_lines_and_packed_files_as_people_have_them_are_read(tmp_path: Path) -> None:
    long = "u " + " ".join(f"i{number}" for number in range(100_000))
    (tmp_path / "long.txt").write_text(f"{long}\n")
    assert len(load("adjacency", tmp_path / "long.txt").snapshot.items) == 100_000
    (tmp_path / "same.csv.gz").write_bytes(gzip.compress(b"user,item\n" + b"u,i\n" * 1_000_000))
    assert len(load("edges", tmp_path / "same.csv.gz").snapshot.users) == 1


def test_a_bad_row_is_shown_short(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("user,item\nu,i\n" + ",".join("x" * 100 for _ in range(1000)) + "\n")
    loaded = load("edges", tmp_path / "edges.csv")
    assert len(loaded.bad_rows[0].raw) == 10_000
    with pytest.raises(BadInputError, match="has 1000 columns where 2 are expected"):
        accept(loaded)
