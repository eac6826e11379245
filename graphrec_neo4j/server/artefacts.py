"""From Maven coordinates to a folder of verified jars.

Every jar is checked against the lock's sha256 before it enters the folder, and all of them again at every
start: that costs about 0.15 s of the seconds a start takes, and finds what sizes and dates would not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from graphrec_neo4j.errors import MissingExtraError, ServerError
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.server.guard import exclusive
from graphrec_neo4j.server.lock import LockedJar, lock_digest, lock_text, parse_lock
from graphrec_neo4j.server.releases import LONG_TERM, Release

_MEGABYTE = 1_000_000
_ATTEMPTS = 3
_WORKERS = 6
_REQUEST_SECONDS = 20
_FETCH_SECONDS = 1800.0


def ensure_jars(cache: Path, maven_repository: str | None, progress: Progress, release: Release = LONG_TERM) -> Path:
    """Return the folder that holds exactly the locked jars, fetching what is missing or damaged."""
    text = lock_text(release.lock_name)
    folder = cache / f"neo4j-{release.version}-{lock_digest(text)}"
    jars = parse_lock(text)
    folder.mkdir(parents=True, exist_ok=True)
    waiting = "another process is fetching Neo4j; waiting for it"
    with exclusive(cache / "fetch.lock", "fetching Neo4j", _FETCH_SECONDS, lambda: progress(waiting, 0, 0)):
        missing = remove_damage(folder, jars)
        if missing:
            fetch(missing, folder, maven_repository, progress, release.version)
    return folder


def remove_damage(folder: Path, jars: Sequence[LockedJar]) -> list[LockedJar]:
    """Delete every file that is no locked jar or not as locked; return the jars that are not there now."""
    by_name = {jar.file_name: jar for jar in jars}
    for path in folder.iterdir():
        jar = by_name.get(path.name)
        if jar is not None and jar.matches(path):
            del by_name[path.name]
        else:
            path.unlink()
    return list(by_name.values())


def fetch(
    jars: Sequence[LockedJar],
    folder: Path,
    maven_repository: str | None,
    progress: Progress,
    version: str = LONG_TERM.version,
) -> None:
    """Bring ``jars`` into ``folder``: from a Maven repository on this machine, else over the network."""
    for leftover in folder.parent.glob("fetching-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=folder.parent) as staging:
        source = JarSource(Path(staging), maven_repository, version)
        message, total, done = f"fetching Neo4j {version} (MB)", sum(jar.size for jar in jars), 0
        progress(message, 0, total // _MEGABYTE)
        executor = ThreadPoolExecutor(_WORKERS)
        try:
            futures = {executor.submit(source.bring, jar, folder): jar for jar in jars}
            for future in as_completed(futures):
                future.result()
                done += futures[future].size
                progress(message, done // _MEGABYTE, total // _MEGABYTE)
        finally:
            executor.shutdown(cancel_futures=True)


class JarSource:
    """Where jars come from: Maven folders of this machine first, then one remote repository through jgo."""

    def __init__(self, staging: Path, maven_repository: str | None, version: str) -> None:
        """Use ``maven_repository`` (an address, or a folder laid out like one) in place of Maven Central."""
        try:
            from jgo.config import GlobalSettings
            from jgo.maven import MavenContext
        except ImportError:
            raise MissingExtraError("the local server", "local") from None
        self._staging, self._version = staging, version
        self._folders = [Path(GlobalSettings.load().repo_cache)]
        self._name = maven_repository or "Maven Central"
        remote = None
        if maven_repository and Path(maven_repository).is_dir():
            self._folders.append(Path(maven_repository))
        elif maven_repository:
            remote = {"mirror": maven_repository.rstrip("/")}
        self._context = MavenContext(repo_cache=staging, timeout=_REQUEST_SECONDS, remote_repos=remote)

    def bring(self, jar: LockedJar, folder: Path) -> None:
        """Put one verified jar into ``folder``; raises ServerError if no source has it as locked."""
        for local in self._folders:
            if jar.matches(local / jar.repository_path):
                return _place(Path(shutil.copy(local / jar.repository_path, self._staging)), folder)
        for attempt in range(1, _ATTEMPTS + 1):
            path = self._download(jar, last=attempt == _ATTEMPTS)
            if path is not None and jar.matches(path):
                return _place(path, folder)
        raise ServerError(
            f"{jar.coordinates} from {self._name} does not have the sha256 that this package expects and was "
            "thrown away; try again, or name another Maven repository with --maven-repository."
        )

    def _download(self, jar: LockedJar, last: bool) -> Path | None:
        """Fetch one jar into the staging folder; None for a failure that is worth another attempt."""
        component = self._context.project(jar.group, jar.artifact).at_version(jar.version)
        artifact = component.artifact(jar.classifier, "jar")
        (self._staging / jar.repository_path).unlink(missing_ok=True)
        try:
            return Path(artifact.resolve())
        except (OSError, RuntimeError) as error:
            if not last:
                return None
            raise ServerError(
                f"Neo4j {self._version} is not complete on this machine and {jar.coordinates} cannot be fetched "
                f"from {self._name} ({type(error).__name__}); connect to the network once, name a mirror with "
                "--maven-repository, or set NEO4J_URI to a Neo4j that runs already."
            ) from error


def _place(path: Path, folder: Path) -> None:
    """Move a verified jar to its place in one step, so that a jar is there whole or not at all."""
    os.replace(path, folder / path.name)
