"""A TCP proxy on loopback between a sync and its server, which knows what passes and strikes at a chosen moment."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

_CHUNK = 1 << 16
_NAMED = re.compile(rb"\x85query(?:[\x80-\x8f]|\xd0.)((?:read|write|schema)/[a-z_]+|transaction)", re.DOTALL)
_COMMIT = b"\x00\x02\xb0\x12\x00\x00"

STAGES = ("before", "writing", "checking", "pointer", "tidy", "after")
_STAGE_OF = {"run_begin": "writing", "results_count_nodes": "checking", "run_publish": "pointer"}
_AFTER_POINTER = {"results_delete_ended": "tidy", "run_prune": "after"}


@dataclass(frozen=True)
class Moment:
    """When to strike: at the nth time that ``statement`` passes, or after so many bytes of one direction.

    ``how`` is ``half`` (in the middle of the message), ``sent`` (as soon as it is on its way, or ``delay`` seconds
    later), or ``unanswered`` (its commit reached the server and the answer never comes back).
    """

    statement: str = ""
    nth: int = 1
    how: str = "sent"
    delay: float = 0.0
    up: int | None = None
    down: int | None = None

    def __str__(self) -> str:
        if self.statement:
            late = f" and {1000 * self.delay:.0f} ms" if self.delay else ""
            return f"{self.how} {self.statement.rpartition('/')[2]} {self.nth}{late}"
        return f"{self.up if self.up is not None else self.down:,} bytes {'up' if self.up is not None else 'down'}"


@dataclass
class Traffic:
    """What passed since the proxy was armed: statements in their order, and bytes to and from the server."""

    statements: list[str] = field(default_factory=list)
    up: int = 0
    down: int = 0

    def stage(self) -> str:
        """The stage of a sync that its latest statement belongs to."""
        stage = "before"
        for name in self.statements:
            short = name.rpartition("/")[2]
            if stage in ("pointer", "tidy"):
                stage = _AFTER_POINTER.get(short, stage)
            elif stage != "after" and not (stage == "checking" and short != "run_publish"):
                stage = _STAGE_OF.get(short, stage)
        return stage


class Proxy:
    """Forwards connections to ``target`` until ``cut``; ``strike`` is called once, at the moment that is armed."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.RLock()
        self._refusing = threading.Event()
        self.traffic, self._counts = Traffic(), Counter[str]()
        self._moment: Moment | None = None
        self._strike: Callable[[], None] = lambda: None
        self.struck: str | None = None
        self._swallow: set[socket.socket] = set()
        self._await_commit: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening and close what is open."""
        self._listener.close()
        self.cut()

    def arm(self, moment: Moment | None, strike: Callable[[], None] = lambda: None) -> None:
        """Count from nothing again, and call ``strike`` when ``moment`` comes; never if it is None."""
        with self._lock:
            self.traffic, self._counts, self.struck = Traffic(), Counter(), None
            self._moment, self._strike = moment, strike
            self._swallow, self._await_commit = set(), set()
            self._refusing.clear()

    def cut(self, seconds: float = 0.0) -> None:
        """End every connection, and refuse new ones for ``seconds``."""
        if seconds:
            self._refusing.set()
            timer = threading.Timer(seconds, self._refusing.clear)
            timer.daemon = True
            timer.start()
        with self._lock:
            for connection in list(self._open):
                _hang_up(connection)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing.is_set():
                _hang_up(client)
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            _hang_up(client)
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open |= {client, server}
        back = threading.Thread(target=self._pump, args=(server, client, self._down), daemon=True)
        back.start()
        self._pump(client, server, self._up)
        back.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()

    def _pump(
        self,
        source: socket.socket,
        target: socket.socket,
        look: Callable[[socket.socket, socket.socket, bytes], bytes],
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                target.sendall(look(source, target, data))
        _hang_up(source)
        _hang_up(target)

    def _up(self, client: socket.socket, server: socket.socket, data: bytes) -> bytes:
        with self._lock:
            before = self.traffic.up
            self.traffic.up += len(data)
            name = named_in(data)
            if name:
                self.traffic.statements.append(name)
                self._counts[name] += 1
            moment = self._moment
            if moment is None:
                return data
            if moment.up is not None and self.traffic.up > moment.up:
                return self._now(data, server, moment.up - before)
            if name == moment.statement and self._counts[name] == moment.nth:
                if moment.how == "half":
                    return self._now(data, server, len(data) // 2)
                if moment.how == "unanswered":
                    self._await_commit.add(client)
                else:
                    server.sendall(data)
                    self._soon(moment.delay)
                    return b""
            if client in self._await_commit and data.endswith(_COMMIT):
                # The server commits; what it answers from now on is lost.
                self._swallow.add(server)
                server.sendall(data)
                self._soon(0.05)
                return b""
        return data

    def _down(self, server: socket.socket, client: socket.socket, data: bytes) -> bytes:
        with self._lock:
            before = self.traffic.down
            self.traffic.down += len(data)
            moment = self._moment
            if moment is not None and moment.down is not None and self.traffic.down > moment.down:
                return self._now(data, client, moment.down - before)
            return b"" if server in self._swallow else data

    def _now(self, data: bytes, target: socket.socket, length: int) -> bytes:
        """Let the first ``length`` bytes through, strike, and then, if the connection is still there, the others."""
        target.sendall(data[:length])
        self._hit()
        return data[length:]

    def _soon(self, delay: float) -> None:
        self._moment = None
        if not delay:
            self._hit()
            return
        timer = threading.Timer(delay, self._hit)
        timer.daemon = True
        timer.start()

    def _hit(self) -> None:
        with self._lock:
            self._moment, self.struck = None, self.traffic.stage()
            strike = self._strike
        strike()


def _hang_up(connection: socket.socket) -> None:
    """End a connection at once for both ends, and wake who reads here."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def named_in(data: bytes) -> str:
    """The statement that a transaction of ours begins with: it names itself to the server, in its metadata."""
    found = _NAMED.search(data)
    return found[1].decode() if found else ""
