"""What the server's home holds before its first start: neo4j.conf, the password, auth.ini, and its ports."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from graphrec_neo4j.errors import ServerError

HOST = "127.0.0.1"
USERNAME = "neo4j"
USUAL_BOLT, USUAL_HTTP = 7687, 7474
FOLDERS = ("conf", "data", "import", "licenses", "logs", "plugins", "run")

_HASH_ROUNDS = 1024


@dataclass(frozen=True)
class Ports:
    """The two loopback ports of one server."""

    bolt: int
    http: int


def neo4j_conf(ports: Ports, page_cache: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return ``neo4j.conf``, with ``more`` settings; an unknown key would end the server, so each is known to 5.26."""
    bolt, http = f"{HOST}:{ports.bolt}", f"{HOST}:{ports.http}"
    settings = {
        "server.default_listen_address": HOST,
        "server.bolt.listen_address": bolt,
        "server.bolt.advertised_address": bolt,
        "server.http.listen_address": http,
        "server.http.advertised_address": http,
        "server.https.enabled": "false",
        "server.memory.pagecache.size": page_cache,
        "db.tx_log.rotation.retention_policy": "512M size",
        # Else an empty server takes 512 MB of disk for logs to come.
        "db.tx_log.preallocate": "false",
        "db.checkpoint.interval.time": "1m",
        "dbms.usage_report.enabled": "false",
        "client.allow_telemetry": "false",
        # Else Browser draws every other relationship between the nodes of a picture too.
        "browser.post_connect_cmd": "config autoComplete: false",
        # Else a stop waits twice for five seconds, long after the data are safe.
        "internal.server.bolt.thread_pool_shutdown_wait_time": "0s",
    }
    return "".join(f"{key}={value}\n" for key, value in {**settings, **more}.items())


def auth_ini(password: str, salt: bytes) -> str:
    """Return the line of ``data/dbms/auth.ini`` from which Neo4j takes its first password.

    The digest is sha256(salt + password), hashed 1023 times more: what ``neo4j-admin dbms
    set-initial-password`` writes, without a second JVM and without the password in the process list.
    """
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(_HASH_ROUNDS - 1):
        digest = hashlib.sha256(digest).digest()
    return f"{USERNAME}:SHA-256,{digest.hex()},{salt.hex()},{_HASH_ROUNDS}:\n"


def write_credentials(home: Path, password_file: Path) -> None:
    """Make a password for a new home; leave one that is in use as it is."""
    has_data = (home / "data" / "databases").exists()
    if not password_file.exists():
        if has_data:
            raise ServerError(
                f"the password file {password_file} of a server that has data is gone; put it back, or remove "
                "server and data with 'graphrec-neo4j server destroy'."
            )
        write_private(password_file, secrets.token_urlsafe(18))
    ini = home / "data" / "dbms" / "auth.ini"
    if not has_data or not ini.exists():
        ini.parent.mkdir(parents=True, exist_ok=True)
        write_private(ini, auth_ini(password_file.read_text().strip(), secrets.token_bytes(32)))


def write_private(path: Path, text: str) -> None:
    """Write a file that only the user can read, in one step: it is there whole or not at all."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    os.replace(draft, path)


def choose_ports(wanted: Ports) -> Ports:
    """Return the wanted ports, each replaced by any free one if something else has it."""
    bolt = wanted.bolt if is_free(wanted.bolt) else free_port()
    http = wanted.http if is_free(wanted.http) and wanted.http != bolt else free_port(but=bolt)
    return Ports(bolt, http)


def is_free(port: int) -> bool:
    """Say whether nothing listens on a loopback port; a connection dying in TIME_WAIT does not count."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return False
    return True


def free_port(but: int | None = None) -> int:
    """Return a loopback port that was free a moment ago and is not ``but``."""
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind((HOST, 0))
        ports = [probe.getsockname()[1] for probe in (first, second)]
    return next(port for port in ports if port != but)
