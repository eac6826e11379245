"""The lock: what ships parses and is pinned; what is not a lock is refused; damage is seen."""

import hashlib
from pathlib import Path

import pytest

from graphrec_neo4j.errors import ServerError
from graphrec_neo4j.server.lock import LockedJar, format_lock, lock_text, parse_lock
from graphrec_neo4j.server.releases import RELEASES, Release, chosen_release

JAR = LockedJar("org.neo4j", "neo4j-bolt", "5.0", "", 3, hashlib.sha256(b"abc").hexdigest())
NATIVE = LockedJar("io.netty", "netty-kqueue", "4.1", "osx-aarch_64", 3, hashlib.sha256(b"abc").hexdigest())


@pytest.mark.parametrize("release", RELEASES.values(), ids=lambda release: release.version)
def test_a_shipped_lock_pins_the_server_and_the_browser(release: Release) -> None:
    pinned = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in parse_lock(lock_text(release.lock_name))}
    assert pinned >= set(release.roots)
    assert f"org.neo4j:neo4j-kernel:{release.version}" in pinned


@pytest.mark.parametrize(("version", "count"), [("5.26.30", 217), ("2026.08.1", 238)])
def test_a_shipped_lock_names_each_file_once_and_no_address(version: str, count: int) -> None:
    text = lock_text(RELEASES[version].lock_name)
    jars = parse_lock(text)
    assert len({jar.file_name for jar in jars}) == len(jars) == count
    assert "://" not in text


def test_a_release_is_chosen_by_its_name() -> None:
    assert chosen_release({}) == chosen_release({"GRAPHREC_NEO4J_VERSION": ""}) == RELEASES["5.26.30"]
    assert chosen_release({"GRAPHREC_NEO4J_VERSION": "2026.08.1"}).version == "2026.08.1"
    with pytest.raises(
        ServerError, match=r"is '2026.08', which is not 5.26.30 or 2026.08.1, the nearest is '2026.08.1'"
    ):
        chosen_release({"GRAPHREC_NEO4J_VERSION": "2026.08"})


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
