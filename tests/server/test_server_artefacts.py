"""Fetching: verified jars only, from a folder or a small repository on loopback; damage is mended or named."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from graphrec_neo4j.errors import ServerError
from graphrec_neo4j.progress import silent
from graphrec_neo4j.server.artefacts import fetch, remove_damage
from graphrec_neo4j.server.lock import LockedJar

CONTENTS = {"neo4j-bolt": b"bolt" * 1000, "neo4j-kernel": b"kernel" * 1000}
JARS = [
    LockedJar("org.neo4j", name, "5.0", "", len(content), hashlib.sha256(content).hexdigest())
    for name, content in CONTENTS.items()
]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Maven repository in a folder, with both jars."""
    for jar in JARS:
        path = tmp_path / "repository" / jar.repository_path
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENTS[jar.artifact])
    return tmp_path / "repository"


@pytest.fixture
def address(repository: Path) -> Iterator[str]:
    """The same repository over HTTP."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(repository))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the jars, and no Maven cache of this machine to take them from."""
    pytest.importorskip("jgo")
    monkeypatch.setenv("M2_REPO", str(tmp_path / "no-maven-cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "jars").mkdir()
    return tmp_path / "jars"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_jars_come_over_http_and_leave_nothing_beside_them(folder: Path, address: str) -> None:
    told: list[tuple[str, int, int]] = []
    fetch(JARS, folder, address, lambda *stage: told.append(stage))
    assert remove_damage(folder, JARS) == []
    assert told[0][1:] == (0, 0)
    assert not list(folder.parent.glob("fetching-*"))


def test_jars_come_from_a_folder_laid_out_like_a_repository(folder: Path, repository: Path) -> None:
    fetch(JARS, folder, str(repository), silent)
    assert names(folder) == {"neo4j-bolt-5.0.jar", "neo4j-kernel-5.0.jar"}


def test_jars_come_from_the_maven_cache_of_this_machine(
    folder: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("M2_REPO", str(repository))
    fetch(JARS, folder, "http://127.0.0.1:9/unused", silent)
    assert remove_damage(folder, JARS) == []


@pytest.mark.parametrize("damaged", [b"bolt" * 999, b"tlob" * 1000], ids=["truncated", "tampered"])
def test_a_damaged_jar_is_deleted_and_fetched_again(folder: Path, address: str, damaged: bytes) -> None:
    fetch(JARS, folder, address, silent)
    (folder / "neo4j-bolt-5.0.jar").write_bytes(damaged)
    missing = remove_damage(folder, JARS)
    assert [jar.artifact for jar in missing] == ["neo4j-bolt"]
    assert names(folder) == {"neo4j-kernel-5.0.jar"}
    fetch(missing, folder, address, silent)
    assert remove_damage(folder, JARS) == []


def test_a_jar_that_is_not_in_the_lock_leaves_the_class_path(folder: Path) -> None:
    (folder / "stranger.jar").write_bytes(b"")
    assert remove_damage(folder, []) == []
    assert names(folder) == set()


def test_a_repository_with_another_jar_is_refused_by_name(folder: Path, repository: Path, address: str) -> None:
    (repository / JARS[0].repository_path).write_bytes(b"tlob" * 1000)
    with pytest.raises(ServerError, match=r"org\.neo4j:neo4j-bolt:5\.0 from http://127.* does not have the sha256"):
        fetch(JARS, folder, address, silent)
    assert "neo4j-bolt-5.0.jar" not in names(folder)


def test_a_damaged_maven_cache_is_passed_over_and_left_alone(
    folder: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = tmp_path / "cache" / JARS[0].repository_path
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"bo")
    monkeypatch.setenv("M2_REPO", str(tmp_path / "cache"))
    fetch(JARS, folder, address, silent)
    assert remove_damage(folder, JARS) == []
    assert cached.read_bytes() == b"bo"


def test_no_network_and_no_cache_is_one_sentence_with_three_ways_out(folder: Path) -> None:
    with pytest.raises(ServerError) as raised:
        fetch(JARS, folder, "http://127.0.0.1:9", silent)
    text = str(raised.value)
    assert text.count("\n") == 0
    assert all(way in text for way in ("connect to the network", "--maven-repository", "NEO4J_URI"))
    assert raised.value.exit_code == 3
