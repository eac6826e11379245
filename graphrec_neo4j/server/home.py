"""The folder of one server: what is in it, what is remembered, and how we know it for one of ours."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from graphrec_neo4j.errors import ServerError
from graphrec_neo4j.server.configuration import FOLDERS, USUAL_BOLT, USUAL_HTTP, Ports, write_private
from graphrec_neo4j.server.releases import LONG_TERM, VERSION_VARIABLE, Release, order_of

HOME_VARIABLE = "GRAPHREC_HOME"
MAKER = "graphrec-neo4j"


@dataclass(frozen=True)
class Remembered:
    """What ``server.json`` keeps from start to start; the file is also the mark of our homes."""

    made_by: str = MAKER
    version: str = LONG_TERM.version
    bolt: int = USUAL_BOLT
    http: int = USUAL_HTTP
    heap: str = "512m"
    page_cache: str = "256m"

    @property
    def ports(self) -> Ports:
        """The ports of the last start, or the usual ones."""
        return Ports(self.bolt, self.http)

    def changed(self, heap: str | None, page_cache: str | None, release: Release = LONG_TERM) -> Remembered:
        """Return this with what was asked for, for ``release``; raises ServerError where its data are of a later one.

        Neo4j brings data of an earlier release forward when it starts, and never back.
        """
        if order_of(self.version) > release.order:
            raise ServerError(
                f"the data of this server were written by Neo4j {self.version}, which {release.version} cannot read; "
                f"set {VERSION_VARIABLE}={self.version}, or choose another --home."
            )
        return replace(
            self,
            version=release.version,
            heap=heap or self.heap,
            page_cache=page_cache or self.page_cache,
        )


class Home:
    """The folder of one server; nothing is created before ``prepare``."""

    def __init__(self, path: Path | None) -> None:
        """Take ``path``, else what GRAPHREC_HOME names, else a folder in the user's data directory."""
        chosen = path or os.environ.get(HOME_VARIABLE) or user_data_path("graphrec-neo4j", appauthor=False) / "server"
        self.path = Path(chosen).expanduser().resolve()
        self.password_file = self.path / "password"
        self.log = self.path / "logs" / "neo4j.log"
        self.console = self.path / "logs" / "console.log"
        self._mark = self.path / "server.json"

    def is_ours(self) -> bool:
        """Say whether the folder bears our mark."""
        return self._read().get("made_by") == MAKER

    def remembered(self) -> Remembered:
        """Return what the last start wrote down; the defaults for a folder that is new."""
        known = asdict(Remembered())
        found: dict[str, Any] = {key: value for key, value in self._read().items() if key in known}
        return Remembered(**found)

    def remember(self, state: Remembered) -> None:
        """Write ``state`` down for the next start and for ``status``."""
        write_private(self._mark, json.dumps(asdict(state), indent=2) + "\n")

    def prepare(self) -> None:
        """Create the folder for the user alone; raises ServerError for a folder with other things in it."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.is_ours():
            if any(self.path.iterdir()):
                raise ServerError(
                    f"{self.path} has files in it and is no server of ours; choose an empty folder with --home."
                )
            self.path.chmod(0o700)
            self.remember(Remembered())
        for name in FOLDERS:
            (self.path / name).mkdir(exist_ok=True)

    def remove(self) -> bool:
        """Delete the folder with all data; False if there is none; raises ServerError if it is not ours."""
        if not self.path.exists():
            return False
        if not self.is_ours():
            raise ServerError(f"{self.path} is no server of ours, so it is not removed.")
        shutil.rmtree(self.path)
        return True

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._mark.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
