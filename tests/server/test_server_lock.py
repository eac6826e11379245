"""The lock: what ships parses and is pinned; what is not a lock is refused; damage is seen."""

import hashlib
from pathlib import Path

import pytest

from graphrec_neo4j.errors import ServerError
from graphrec_neo4j.server.artefacts import BROWSER_VERSION, NEO4J_VERSION
from graphrec_neo4j.server.lock import LockedJar, format_lock, lock_text, parse_lock

JAR = LockedJar("org.neo4j", "neo4j-bolt", "5.0", "", 3, hashlib.sha256(b"abc").hexdigest())
NATIVE = LockedJar("io.netty", "netty-kqueue", "4.1", "osx-aarch_64", 3, hashlib.sha256(b"abc").hexdigest())


def test_the_shipped_lock_pins_the_server_and_the_browser() -> None:
    pinned = {jar.coordinates for jar in parse_lock(lock_text())}
    assert f"org.neo4j.app:neo4j-server:{NEO4J_VERSION}" in pinned
    assert f"org.neo4j:neo4j-bolt:{NEO4J_VERSION}" in pinned
    assert f"org.neo4j.client:neo4j-browser:{BROWSER_VERSION}" in pinned


def test_the_shipped_lock_names_each_file_once_and_no_address() -> None:
    jars = parse_lock(lock_text())
    assert len({jar.file_name for jar in jars}) == len(jars) == 217
    assert "://" not in lock_text()


def test_a_lock_comes_back_as_it_was_written() -> None:
    text = format_lock((JAR, NATIVE), "two jars\nfor a test")
    assert text.startswith("# two jars\n# for a test\nio.netty:netty-kqueue:4.1:osx-aarch_64 3 ")
    assert set(parse_lock(text)) == {JAR, NATIVE}


def test_a_classifier_stands_in_the_file_name_and_the_path() -> None:
    assert NATIVE.file_name == "netty-kqueue-4.1-osx-aarch_64.jar"
    assert NATIVE.repository_path == Path("io/netty/netty-kqueue/4.1/netty-kqueue-4.1-osx-aarch_64.jar")


@pytest.mark.parametrize(
    "line",
    [
        "org.neo4j:neo4j:5.0",
        "org.neo4j:neo4j 3 " + "0" * 64,
        "org.neo4j:neo4j:5.0 three " + "0" * 64,
        "org.neo4j:neo4j:5.0 3 " + "0" * 63 + "x",
        "org.neo4j:neo4j:5.0 3 abcd",
        "org.neo4j:neo4j:5.0:a:b 3 " + "0" * 64,
    ],
)
def test_a_line_that_is_no_jar_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(ServerError, match="line 2 of the server's lock"):
        parse_lock(f"# a comment\n{line}\n")


@pytest.mark.parametrize(
    ("content", "is_it"), [(b"abc", True), (b"abd", False), (b"ab", False), (b"abcd", False), (b"", False)]
)
def test_only_the_very_jar_matches(tmp_path: Path, content: bytes, is_it: bool) -> None:
    path = tmp_path / JAR.file_name
    assert not JAR.matches(path)
    path.write_bytes(content)
    assert JAR.matches(path) is is_it
