"""The local server: start, stop, status, destroy."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from graphrec_neo4j.errors import ServerError
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.server import process
from graphrec_neo4j.server.artefacts import ensure_jars
from graphrec_neo4j.server.configuration import (
    HOST,
    USERNAME,
    choose_ports,
    neo4j_conf,
    write_credentials,
    write_private,
)
from graphrec_neo4j.server.failure import is_port_clash, why_it_ended
from graphrec_neo4j.server.guard import exclusive
from graphrec_neo4j.server.home import Home, Remembered
from graphrec_neo4j.server.releases import Release, chosen_release
from graphrec_neo4j.settings import Connection, cache_folder

REPOSITORY_VARIABLE = "GRAPHREC_MAVEN_REPOSITORY"

_START_SECONDS = 180.0
_STOP_SECONDS = 60.0
_OTHER_START_SECONDS = 900.0
_DESTROY_SECONDS = 30.0
_PORT_ATTEMPTS = 5
_STARTED = "Started."


@dataclass(frozen=True)
class ServerInfo:
    """What there is to know about a server; ``pid`` without ``running`` means that it does not answer yet."""

    running: bool
    uri: str | None
    http: str | None
    username: str
    password_file: Path
    version: str
    home: Path
    pid: int | None

    def to_json(self) -> dict[str, str | int | bool | None]:
        """Return the fields as JSON values, in the order of the documented contract."""
        return {
            "running": self.running,
            "uri": self.uri,
            "http": self.http,
            "username": self.username,
            "password_file": str(self.password_file),
            "version": self.version,
            "home": str(self.home),
            "pid": self.pid,
        }


class LocalServer:
    """A Neo4j Community with its data in ``home``, listening on loopback only.

    Its release is that of ``GRAPHREC_NEO4J_VERSION``, else the long-term one. Many objects, in many processes, may
    stand for one home. ``home`` falls back to GRAPHREC_HOME, then to the user's data directory; ``maven_repository``
    (or GRAPHREC_MAVEN_REPOSITORY) replaces Maven Central; ``heap`` and ``page_cache`` (sizes as Java writes them)
    stay as they were at the last start unless given; ``fast_start`` suits tests, as it saves seconds of start for a
    lower peak speed; ``cache`` holds the jars, 155 MB, for all homes.
    """

    def __init__(
        self,
        home: Path | None = None,
        maven_repository: str | None = None,
        heap: str | None = None,
        page_cache: str | None = None,
        fast_start: bool = False,
        cache: Path | None = None,
    ) -> None:
        self._home = Home(home)
        self._maven_repository = maven_repository or os.environ.get(REPOSITORY_VARIABLE)
        self._heap = heap
        self._page_cache = page_cache
        self._fast_start = fast_start
        self._cache = cache or cache_folder() / "server"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        """The folder with the server's data, logs and password."""
        return self._home.path

    def password(self) -> str:
        """Return the generated password; raises ServerError before the first start."""
        try:
            return self._home.password_file.read_text(encoding="utf-8").strip()
        except OSError:
            raise ServerError(
                f"there is no password file {self._home.password_file}; start the server first: "
                "graphrec-neo4j server start."
            ) from None

    def status(self) -> ServerInfo:
        """Look at the process table and ask the server; changes nothing and needs no extra."""
        state = self._home.remembered()
        pid = process.find_server(self.home)
        running = pid is not None and process.answers(state.ports)
        return ServerInfo(
            running=running,
            uri=f"bolt://{HOST}:{state.bolt}" if running else None,
            http=f"http://{HOST}:{state.http}" if running else None,
            username=USERNAME,
            password_file=self._home.password_file,
            version=state.version,
            home=self.home,
            pid=pid,
        )

    def connection(self) -> Connection:
        """Return how to reach the server; raises ServerError if it does not run."""
        uri = self.status().uri
        if uri is None:
            raise ServerError("the local server does not run; start it with 'graphrec-neo4j server start'.")
        return Connection(uri, USERNAME, self.password())

    def start(self, progress: Progress = silent) -> ServerInfo:
        """Start the server unless it runs, and return when it answers; raises ServerError, MissingExtraError."""
        before = self.status()
        if before.running:
            return before
        java = process.java_executable()
        with _sentence_for(f"the local server in {self.home} cannot be started"), self._guard(progress):
            if not self._comes_up(progress):
                self._start_new(java, progress)
        return self.status()

    def stop(self) -> bool:
        """Stop the server cleanly, whoever started it; False if it did not run."""
        stopped = process.end_server(self.home, _STOP_SECONDS)
        self._reap()
        return stopped

    def destroy(self) -> bool:
        """Stop the server and delete its home with all data; False if there was none."""
        if self.home.exists() and not self._home.is_ours():
            raise ServerError(f"{self.home} is no server of ours, so it is not removed.")
        self.stop()
        with (
            _sentence_for(f"{self.home} cannot be removed"),
            self._guard(silent, _DESTROY_SECONDS),
        ):
            self.stop()
            return self._home.remove()

    def _guard(self, progress: Progress, seconds: float = _OTHER_START_SECONDS) -> AbstractContextManager[None]:
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
        return exclusive(
            self._cache / "locks" / f"{name}.lock",
            f"starting the server in {self.home}",
            seconds,
            lambda: progress("another process is starting this server; waiting for it", 0, 0),
        )

    def _start_new(self, java: Path, progress: Progress) -> None:
        release = chosen_release()
        before = self._home.remembered()
        state = before.changed(self._heap, self._page_cache, release)
        self._home.prepare()
        jars = ensure_jars(self._cache, self._maven_repository, progress, release)
        write_credentials(self.home, self._home.password_file)
        for _ in range(_PORT_ATTEMPTS):
            ports = choose_ports(state.ports)
            state = replace(state, bolt=ports.bolt, http=ports.http)
            progress(f"starting Neo4j {state.version}", 0, 0)
            log = self._run(java, jars, state, release)
            if log is None:
                return
            if not is_port_clash(log):
                # A heap that Java refuses must not be taken up by the next start.
                self._home.remember(before)
                raise ServerError(why_it_ended(log, self._home.log))
        raise ServerError(f"other programs took the ports of Neo4j {_PORT_ATTEMPTS} times while it started; try again.")

    def _run(self, java: Path, jars: Path, state: Remembered, release: Release) -> str | None:
        """Launch once; None when the server answers, else what it logged before it ended."""
        write_private(self.home / "conf" / "neo4j.conf", neo4j_conf(state.ports, state.page_cache, release.settings))
        self._home.remember(state)
        written = self._home.log.stat().st_size if self._home.log.exists() else 0
        command = process.java_command(java, jars, self.home, state.heap, self._fast_start, release)
        child = self._child = process.launch(command, self._home.console)

        def ended_or_answers() -> bool:
            # Another home's server that took the same ports at the same moment would answer for this one.
            ours = process.answers(state.ports) and _STARTED in self._said_since(written)
            return ours or child.poll() is not None

        try:
            came = process.wait_until(ended_or_answers, _START_SECONDS)
        except BaseException:
            self.stop()
            raise
        if came and child.poll() is None:
            return None
        self.stop()
        return self._said_since(written) if came else _too_slow()

    def _said_since(self, written: int) -> str:
        said = self._home.console.read_bytes()
        if self._home.log.exists():
            said += self._home.log.read_bytes()[written:]
        return said.decode(errors="replace")

    def _comes_up(self, progress: Progress) -> bool:
        """Wait for a server that is there already: its starter was killed, say. False if there is none."""
        ports = self._home.remembered().ports
        if process.find_server(self.home) is None:
            return False
        progress("Neo4j is starting", 0, 0)
        process.wait_until(lambda: process.answers(ports) or process.find_server(self.home) is None, _START_SECONDS)
        if process.answers(ports) or process.find_server(self.home) is None:
            return process.answers(ports)
        raise ServerError(
            f"the server in {self.home} runs but does not answer; end it with 'graphrec-neo4j server stop' and "
            "start it again."
        )

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait(_STOP_SECONDS)
            self._child = None


def _too_slow() -> str:
    return f"no answer within {_START_SECONDS:.0f} s, so it was stopped"


@contextmanager
def _sentence_for(what: str) -> Iterator[None]:
    """Turn an error of the file system into one sentence."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        raise ServerError(f"{what}: {cause} ({error.filename}); free it or choose another --home.") from error
