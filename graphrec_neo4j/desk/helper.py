"""A small HTTP server on this machine alone, from which Neo4j Browser may fetch the guide and the style.

Neo4j serves no files of others, and Browser asks before each fetch whether it may (a CORS preflight), which the
standard library's file server does not answer. Any page of the web can ask this machine, too, and what is served names
people and what they get: so nobody but the Browser in question is told that it may read the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_KINDS = {"html": "text/html; charset=utf-8", "grass": "text/plain; charset=utf-8", "zip": "application/zip"}


class Helper:
    """Serves some files from memory while it is open, at ``address``.

    The name in the address is ``localhost``: beside its vendor's own it is all that Browser takes guides from.
    """

    def __init__(self, files: Callable[[str], Mapping[str, bytes]], origins: Collection[str], port: int = 0) -> None:
        """Serve what ``files(address)`` gives to pages of ``origins``, at ``port`` or any free one.

        Raises OSError if the port is taken.
        """
        self._server = _Server((HOST, port), _Handler)
        self._server.origins = origins
        self.address = f"http://localhost:{self._server.server_port}"
        self._server.files = {f"/{name}": body for name, body in files(self.address).items()}

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self) -> None:
        """Return when somebody interrupts (Ctrl-C)."""
        try:
            self._thread.join()
        except KeyboardInterrupt:
            return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    files: Mapping[str, bytes]
    origins: Collection[str]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_OPTIONS(self) -> None:
        """Say that Browser may fetch from here."""
        self._answer(HTTPStatus.NO_CONTENT, b"")

    def do_GET(self) -> None:
        """Send a file."""
        path = self.path.partition("?")[0]
        body = self.server.files.get(path)
        if body is None:
            self._answer(HTTPStatus.NOT_FOUND, b"no such file\n")
        else:
            self._answer(HTTPStatus.OK, body, _KINDS[path.rpartition(".")[2]])

    do_HEAD = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: what is fetched from here is no news."""

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        origin = self.headers["Origin"]
        if origin in self.server.origins:
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
            self.send_header("Access-Control-Allow-Headers", "*")
            self.send_header("Access-Control-Allow-Private-Network", "true")
        self.send_header("Vary", "Origin")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
