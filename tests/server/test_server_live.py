"""The local server itself: from the command line, against crashes, taken ports and rivals."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import neo4j
import pytest

from graphrec_neo4j.errors import GraphRecError, ServerError
from graphrec_neo4j.progress import silent
from graphrec_neo4j.server import LocalServer, local
from graphrec_neo4j.server.artefacts import ensure_jars
from graphrec_neo4j.server.configuration import Ports, free_port
from graphrec_neo4j.server.home import Home
from graphrec_neo4j.server.process import find_server, java_executable, wait_until
from graphrec_neo4j.settings import Connection, cache_folder

pytestmark = pytest.mark.live

COMMAND = [sys.executable, "-c", "from graphrec_neo4j.cli import main; main()", "server"]


@pytest.fixture
def home(tmp_path: Path, neo4j_jars: None) -> Iterator[Path]:
    """A home that no server is left running in."""
    yield tmp_path / "a home"
    LocalServer(tmp_path / "a home").stop()


@pytest.fixture(scope="session")
def neo4j_jars() -> None:
    """Java and the jars are there, or these tests are skipped, as the shared server's fixture would."""
    try:
        java_executable()
        ensure_jars(cache_folder() / "server", None, silent)
    except GraphRecError as error:
        if os.environ.get("GRAPHREC_REQUIRE_NEO4J") == "1":
            raise
        pytest.skip(str(error))


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments, "--home", str(home)], capture_output=True, text=True, timeout=200, check=False
    )


def count_nodes(uri: str, password: str, first: str = "RETURN 1") -> int:
    with neo4j.GraphDatabase.driver(uri, auth=("neo4j", password)) as driver:
        driver.execute_query(first)
        return driver.execute_query("MATCH (n) RETURN count(n)").records[0][0]


def test_the_life_of_a_server_from_the_command_line(home: Path) -> None:
    # capture_output is a pipe: this call only returns because the server holds no end of it.
    started = run("start", "--json", home=home)
    assert started.returncode == 0, started.stderr
    info = json.loads(started.stdout)
    assert (info["running"], info["username"], info["version"]) == (True, "neo4j", "5.26.30")
    password = Path(info["password_file"]).read_text()
    assert stat.S_IMODE(Path(info["password_file"]).stat().st_mode) == 0o600
    assert count_nodes(info["uri"], password, "CREATE (:Kept)") == 1
    with pytest.raises(neo4j.exceptions.AuthError):
        count_nodes(info["uri"], "another password")
    assert password not in Path(f"/proc/{info['pid']}/cmdline").read_text()

    assert json.loads(run("status", "--json", home=home).stdout) == info
    begun = time.monotonic()
    assert json.loads(run("start", "--json", home=home).stdout) == info
    assert time.monotonic() - begun < 3
    assert "stopped" in run("stop", home=home).stderr
    stopped = run("status", "--json", home=home)
    assert (stopped.returncode, json.loads(stopped.stdout)["running"]) == (0, False)

    again = LocalServer(home, fast_start=True).start()
    assert count_nodes(str(again.uri), password) == 1
    asked = run("destroy", home=home)
    assert (asked.returncode, home.exists()) == (1, True)
    assert run("destroy", "--yes", home=home).returncode == 0
    assert not home.exists()
    assert find_server(home) is None


def test_a_server_whose_starter_was_killed_is_found_waited_for_and_stopped(home: Path) -> None:
    starter = subprocess.Popen([*COMMAND, "start", "--home", str(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert wait_until(lambda: find_server(home) is not None, 60)
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    pid = LocalServer(home).status().pid
    assert pid is not None
    info = LocalServer(home).start()
    assert (info.running, info.pid) == (True, pid)
    assert LocalServer(home).stop() is True
    assert LocalServer(home).status().pid is None


def test_rivals_on_taken_ports_start_one_server_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bolt, socket.create_server(("127.0.0.1", 0)) as http:
        taken = Ports(bolt.getsockname()[1], http.getsockname()[1])
        first = iter([taken])
        # The first choice is wrong, as if another program had been faster.
        monkeypatch.setattr(local, "choose_ports", lambda wanted: next(first, Ports(free_port(), free_port())))
        with ThreadPoolExecutor(2) as pool:
            one, two = pool.map(lambda _: LocalServer(home, fast_start=True).start(), range(2))
    assert one == two
    assert str(taken.bolt) not in str(one.uri)
    assert count_nodes(str(one.uri), LocalServer(home).password()) == 0


def test_a_server_does_not_take_another_ones_answer_for_its_own(
    home: Path, neo4j_connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Ports(int(neo4j_connection.uri.rpartition(":")[2]), _http_port(neo4j_connection))
    chosen = iter([other, Ports(free_port(), free_port())])
    monkeypatch.setattr(local, "choose_ports", lambda wanted: next(chosen))
    info = LocalServer(home, fast_start=True).start()
    assert info.running
    assert info.uri != neo4j_connection.uri
    assert count_nodes(info.uri or "", LocalServer(home).password()) == 0


def _http_port(connection: Connection) -> int:
    with neo4j.GraphDatabase.driver(connection.uri, auth=(connection.username, connection.password)) as driver:
        asked = "SHOW SETTINGS YIELD name, value WHERE name = 'server.http.listen_address' RETURN value"
        return int(driver.execute_query(asked).records[0][0].rpartition(":")[2])


def test_a_server_killed_at_its_first_start_takes_its_password_at_the_next(home: Path) -> None:
    starter = subprocess.Popen([*COMMAND, "start", "--home", str(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert wait_until(lambda: (home / "data" / "databases" / "system").exists(), 60)
    pid = find_server(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert b"did not start" in starter.communicate(timeout=60)[1]
    info = LocalServer(home, fast_start=True).start()
    assert count_nodes(str(info.uri), LocalServer(home).password()) == 0


def test_a_heap_that_java_refuses_is_named_and_forgotten(home: Path) -> None:
    with pytest.raises(ServerError, match="write it like 512m or 2g"):
        LocalServer(home, heap="1z").start()
    assert Home(home).remembered().heap == "512m"
    assert LocalServer(home).status().pid is None
