"""A password is nowhere but where it was put: not in output, errors, logs, files, the database or the process list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import neo4j
import pytest
from click.testing import CliRunner
from published import PlainDriver

from graphrec_neo4j.cli import COMMANDS, cli
from graphrec_neo4j.errors import BadInputError, GraphRecError
from graphrec_neo4j.settings import Connection, password_in

MARKER = "S3cret-marker-7QX"
USER = "graphrec-secret-test"
QUESTIONS = (
    ("doctor",),
    ("status",),
    ("verify",),
    ("recommend", "u00"),
    ("similar", "a01"),
    ("explain", "u00", "a01"),
    ("query", "popular", "user_id=u00"),
    ("init",),
    ("browser", "u00"),
    ("rollback",),
    ("forget", "--yes"),
    ("evaluate", "--model", "popularity"),
    ("train", "--model", "popularity", "--path", "trained"),
    ("sync", "--model", "popularity"),
    ("load", "edges", "edges.csv"),
)

Run = Callable[..., str]


@pytest.fixture(scope="module")
def secret(neo4j_connection: Connection) -> Iterator[Connection]:
    """The same server, to a user whose password is the marker."""
    with PlainDriver(neo4j_connection) as driver:
        driver.rows("MATCH (n) DETACH DELETE n")
    auth = (neo4j_connection.username, neo4j_connection.password)
    with neo4j.GraphDatabase.driver(neo4j_connection.uri, auth=auth) as plain:
        for text in (f"CREATE OR REPLACE USER `{USER}` SET PASSWORD $password CHANGE NOT REQUIRED",):
            plain.execute_query(text, password=MARKER, database_="system")  # type: ignore[arg-type]
        yield Connection(neo4j_connection.uri, USER, MARKER, neo4j_connection.database)
        plain.execute_query(f"DROP USER `{USER}`", database_="system")  # type: ignore[arg-type]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Run:
    """Run a command in an empty folder and return all that it said, logs and tracebacks too."""
    for name in list(os.environ):
        if name.startswith("NEO4J_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GRAPHREC_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Path("edges.csv").write_text(
        "user,item\n" + "".join(f"u{k:02d},a{(k * j) % 17:02d}\n" for k in range(12) for j in (1, 2, 3))
    )

    def invoke(*words: str) -> str:
        result = CliRunner().invoke(cli, list(words))
        assert result.exception is None or isinstance(result.exception, GraphRecError | SystemExit), result.exception
        chain, error = [], result.exception
        while error is not None:
            chain.append(f"{error!r} {error}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join([result.output, *chain, caplog.text])

    return invoke


def files_with_the_marker(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file() and MARKER.encode() in path.read_bytes()]
    return [str(path.relative_to(folder)) for path in found]


def given(connection: Connection) -> list[str]:
    return ["--uri", connection.uri, "--username", connection.username, "--password", connection.password]


@pytest.mark.live
def test_the_right_password_shows_nowhere(secret: Connection, run: Run, tmp_path: Path) -> None:
    said = [run("load", "edges", "edges.csv", *given(secret)), run("sync", "--model", "p3", *given(secret))]
    assert "edges are new" in said[0]
    assert "run 1" in said[1]
    said += [run(*question, *given(secret)) for question in QUESTIONS]
    said += [run(*question, "--json", *given(secret)) for question in QUESTIONS[:8]]
    assert not [text for text in said if MARKER in text]
    assert files_with_the_marker(tmp_path) == []
    with PlainDriver(secret) as driver:
        stored = driver.rows("MATCH (n) RETURN properties(n) AS of_node, [(n)-[r]->() | properties(r)] AS of_edges")
        assert stored
        assert MARKER not in repr(stored)


@pytest.mark.live
@pytest.mark.parametrize(
    "where", ["wrong password", "wrong database", "http", "unreachable", "no host", "not an address", "no routing"]
)
def test_a_password_that_fails_shows_nowhere(secret: Connection, run: Run, tmp_path: Path, where: str) -> None:
    uri = {
        "unreachable": "neo4j://127.0.0.1:1",
        "no host": f"bolt://no-such-host.invalid/?password={MARKER}",
        "not an address": f"bolt://neo4j:{MARKER}@127.0.0.1:1",
        "http": secret.uri.replace("bolt://", "http://"),
        "no routing": f"neo4j://127.0.0.1:1?policy={MARKER}",
    }.get(where, secret.uri)
    # The server keeps out for some seconds who was wrong three times, so nobody real is.
    username = "nobody" if where == "wrong password" else secret.username
    database = "other" if where == "wrong database" else secret.database
    for question in (QUESTIONS[0], QUESTIONS[3], *QUESTIONS[-4:]):
        named = ["--uri", uri, "--username", username, "--password", MARKER, "--database", database]
        said = run(*question, *named)
        assert any(word in said for word in ("NEO4J_", "Neo4j address")), said
        assert MARKER not in said
    assert files_with_the_marker(tmp_path) == []


@pytest.mark.live
def test_a_password_from_a_file_or_the_environment_is_not_in_the_list_of_processes(
    neo4j_connection: Connection, tmp_path: Path
) -> None:
    """The whole command line and what it starts, while it runs: the file's name is there, what it holds is not."""
    (tmp_path / "password").write_text(neo4j_connection.password + "\n")
    code = (
        "import os, pathlib, sys\n"
        "from graphrec_neo4j.database import Database\n"
        "def look(self, *_):\n"
        "    me = pathlib.Path('/proc/self/cmdline').read_bytes()\n"
        "    found = me.count(os.environ['LOOKED_FOR'].encode()), me.count(b'--password-file' + bytes(1))\n"
        "    print('seen', *found, self.connection.uri)\n"
        "Database.__enter__ = lambda self: (look(self), self)[1]\n"
        "from graphrec_neo4j.cli import main\n"
        "main()\n"
    )
    words = ["status", "--uri", neo4j_connection.uri, "--password-file", str(tmp_path / "password")]
    environment = {**os.environ, "LOOKED_FOR": neo4j_connection.password, "GRAPHREC_CACHE": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True)
    assert f"seen 0 1 {neo4j_connection.uri}" in ended.stdout, ended.stderr


def test_every_command_that_connects_says_where_a_password_is_safe() -> None:
    for name in COMMANDS:
        told = CliRunner().invoke(cli, [name, "--help"]).output
        if "--password " in told:
            assert "Shows in the list" in told, name
            assert "--password-file" in told, name


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe"])
def test_a_file_that_holds_no_password_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(BadInputError, match=r"the password file .*password (must hold|cannot be read)") as refused:
        password_in(tmp_path / "password")
    assert "two" not in str(refused.value)


def test_a_password_comes_from_one_place(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" spaces count \r\n")
    assert password_in(tmp_path / "password") == " spaces count "
    both = CliRunner().invoke(cli, ["status", "--password", "x", "--password-file", str(tmp_path / "password")])
    assert (both.exit_code, "not both" in both.output) == (2, True)


def test_json_of_a_server_names_the_file_and_not_the_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(MARKER)
    told = CliRunner().invoke(cli, ["server", "status", "--json", "--home", str(tmp_path)])
    assert json.loads(told.output)["password_file"] == str(tmp_path / "password")
    assert MARKER not in told.output
