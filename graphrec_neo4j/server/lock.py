"""The lock: which jars the server is made of, each with its size and sha256.

One line a jar, ``group:artifact:version[:classifier] size sha256``; it names no place to fetch from, because
the sha256 alone decides what is accepted. ``python -m graphrec_neo4j.server.relock`` writes it anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from graphrec_neo4j.errors import ServerError
from graphrec_neo4j.server.releases import LONG_TERM


@dataclass(frozen=True)
class LockedJar:
    """One jar of the server: Maven coordinates (classifier may be empty), size in bytes and sha256 in hex."""

    group: str
    artifact: str
    version: str
    classifier: str
    size: int
    sha256: str

    @property
    def coordinates(self) -> str:
        """``group:artifact:version``, with ``:classifier`` where there is one."""
        parts = (self.group, self.artifact, self.version, self.classifier)
        return ":".join(part for part in parts if part)

    @property
    def file_name(self) -> str:
        """The jar's name, as Maven gives it."""
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{tail}.jar"

    @property
    def repository_path(self) -> Path:
        """Where a Maven repository keeps the jar, relative to its root."""
        return Path(*self.group.split("."), self.artifact, self.version, self.file_name)

    def matches(self, path: Path) -> bool:
        """Say whether ``path`` is this very jar: there, of the right size and with the right sha256."""
        return path.is_file() and path.stat().st_size == self.size and sha256_of(path) == self.sha256


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def parse_lock(text: str) -> tuple[LockedJar, ...]:
    """Read a lock; raises ServerError with the number of the first line that is no jar."""
    jars = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line and not line.startswith("#"):
            jars.append(_parse_line(line, number))
    return tuple(jars)


def _parse_line(line: str, number: int) -> LockedJar:
    try:
        coordinates, size, sha256 = line.split()
        group, artifact, version, *classifier = coordinates.split(":")
        bytes.fromhex(sha256)
        jar = LockedJar(group, artifact, version, "".join(classifier), int(size), sha256)
    except ValueError:
        jar = None
    if jar is None or len(jar.sha256) != 64 or len(classifier) > 1:
        raise ServerError(
            f"line {number} of the server's lock is not 'group:artifact:version[:classifier] size sha256'; "
            "install graphrec-neo4j again."
        )
    return jar


def format_lock(jars: tuple[LockedJar, ...], header: str) -> str:
    """Write a lock: ``header`` as comment lines, then the jars in order of their coordinates."""
    comments = [f"# {line}" for line in header.splitlines()]
    lines = sorted(f"{jar.coordinates} {jar.size} {jar.sha256}" for jar in jars)
    return "\n".join([*comments, *lines]) + "\n"


def lock_text(name: str = LONG_TERM.lock_name) -> str:
    """Return a lock that ships with the package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def lock_digest(text: str) -> str:
    """Return a short name for a lock, so that jars of different locks never share a folder."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
