"""Write the locks of the servers' jars anew: ``python -m graphrec_neo4j.server.relock``.

For maintainers, after a change of ``releases.py``: resolves the coordinates on Maven
Central, fetches every jar once into the Maven cache and records size and sha256. Read the diff before you
commit it: what this writes is what every user's machine will accept.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jgo

from graphrec_neo4j.server.lock import LockedJar, format_lock, sha256_of
from graphrec_neo4j.server.releases import BROWSER_VERSION, RELEASES

HEADER = f"""The jars of Neo4j Community {{version}} with Neo4j Browser {BROWSER_VERSION}.
Made by: python -m graphrec_neo4j.server.relock
group:artifact:version[:classifier] size sha256"""


def lock_jars(artifacts: Iterable[Any]) -> tuple[LockedJar, ...]:
    """Fetch jgo's artifacts and describe each as a locked jar; no two may have one file name."""
    jars = tuple(_lock_jar(artifact) for artifact in artifacts)
    names = {jar.file_name for jar in jars}
    if len(names) != len(jars):
        raise SystemExit("two jars share a file name, and the server keeps all jars in one folder.")
    return jars


def _lock_jar(artifact: Any) -> LockedJar:
    path = Path(artifact.resolve())
    return LockedJar(
        group=artifact.groupId,
        artifact=artifact.artifactId,
        version=artifact.version,
        classifier=artifact.classifier or "",
        size=path.stat().st_size,
        sha256=sha256_of(path),
    )


def main() -> None:
    """Resolve, fetch, and write the locks beside this file."""
    for release in RELEASES.values():
        jars = lock_jars(jgo.resolve("+".join(release.roots)))
        target = Path(__file__).with_name(release.lock_name)
        text = format_lock(jars, HEADER.format(version=release.version))
        target.write_text(text, encoding="utf-8", newline="\n")
        print(f"{len(jars)} jars, {sum(jar.size for jar in jars) / 1e6:.0f} MB: {target}")


if __name__ == "__main__":
    main()
