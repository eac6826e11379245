"""Finding the server: by its whole command line, never by a number that was written down."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphrec_neo4j.server import LocalServer
from graphrec_neo4j.server.configuration import Ports, free_port
from graphrec_neo4j.server.process import (
    answers,
    end_server,
    find_server,
    identity,
    java_command,
    pids_in_listing,
)
from graphrec_neo4j.server.releases import LONG_TERM, NEWEST, RELEASES, Release


@pytest.fixture
def sleeping(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """A function that starts a process with given arguments and returns its pid."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> int:
        code = "import time; print(flush=True); time.sleep(60)"
        process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        started.append(process)
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_server_is_found_by_its_home(tmp_path: Path, sleeping: Callable[..., int]) -> None:
    sleeping(*identity(tmp_path / "other"))
    pid = sleeping("-Xmx512m", *identity(tmp_path / "home"))
    assert find_server(tmp_path / "home") == pid


@pytest.mark.parametrize("release", RELEASES.values(), ids=lambda release: release.version)
def test_a_server_of_any_release_is_found(tmp_path: Path, sleeping: Callable[..., int], release: Release) -> None:
    pid = sleeping("-Xmx512m", *identity(tmp_path, release))
    assert find_server(tmp_path) == pid
    listing = (
        f"{pid} java -Xmx512m {' '.join(identity(tmp_path, NEWEST))}\n7 java -Xmx1g {' '.join(identity(tmp_path))}\n"
    )
    assert list(pids_in_listing(listing, *(" ".join(identity(tmp_path, one)) for one in RELEASES.values()))) == [pid, 7]


@pytest.mark.parametrize("changed", [slice(0, 2), slice(1, 3), slice(0, 1)], ids=["no conf", "no class", "class only"])
def test_half_a_command_line_is_no_server(tmp_path: Path, sleeping: Callable[..., int], changed: slice) -> None:
    sleeping(*identity(tmp_path)[changed])
    assert find_server(tmp_path) is None


def test_a_home_whose_name_begins_alike_is_another(tmp_path: Path, sleeping: Callable[..., int]) -> None:
    sleeping("-Xmx512m", *identity(tmp_path / "home2"))
    assert find_server(tmp_path / "home") is None


def test_a_process_that_only_talks_of_a_server_is_none(tmp_path: Path, sleeping: Callable[..., int]) -> None:
    sleeping(" ".join(["java", "-Xmx512m", *identity(tmp_path)]))
    assert find_server(tmp_path) is None


def test_a_recycled_pid_is_not_killed(tmp_path: Path, sleeping: Callable[..., int]) -> None:
    pid = sleeping("an innocent program")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "neo4j.pid").write_text(str(pid))
    server = LocalServer(tmp_path)
    assert server.status().pid is None
    assert server.stop() is False
    assert subprocess.run(["kill", "-0", str(pid)], check=False).returncode == 0


def test_a_listing_of_processes_is_read(tmp_path: Path) -> None:
    command = " ".join(java_command(Path("/a b/bin/java"), Path("/jars"), tmp_path, "512m", fast_start=False))
    listing = f"  12 /sbin/init\n 345 {command}\n 346 {command}2\n 347 grep {LONG_TERM.main_class}\n"
    assert list(pids_in_listing(listing, " ".join(identity(tmp_path)))) == [345]


def test_ps_lists_what_proc_lists(tmp_path: Path, sleeping: Callable[..., int]) -> None:
    pid = sleeping("-Xmx512m", *identity(tmp_path))
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True).stdout
    assert list(pids_in_listing(listing, " ".join(identity(tmp_path)))) == [pid]


def test_ending_waits_until_the_process_is_gone(tmp_path: Path, sleeping: Callable[..., int]) -> None:
    sleeping("-Xmx512m", *identity(tmp_path))
    assert end_server(tmp_path, seconds=10) is True
    assert find_server(tmp_path) is None
    assert end_server(tmp_path, seconds=10) is False


def test_only_tests_give_up_the_second_compiler() -> None:
    paths = Path("/java"), Path("/jars"), Path("/home")
    assert "-XX:TieredStopAtLevel=1" in java_command(*paths, "512m", fast_start=True)
    assert "-XX:TieredStopAtLevel=1" not in java_command(*paths, "512m", fast_start=False)


def test_nothing_answers_on_a_free_port() -> None:
    assert not answers(Ports(free_port(), free_port()))
