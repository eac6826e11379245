"""Where things are: the connection, the schema file, the user's cache folder."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graphrec_neo4j.errors import BadInputError

SCHEMA_FILE = "graphrec.toml"
QUESTION_SECONDS = 60.0


@dataclass(frozen=True)
class Connection:
    """How to reach one database; the password never shows in a repr."""

    uri: str
    username: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str = "neo4j"


def given_connection(
    uri: str | None = None,
    username: str | None = None,
    password: str | None = None,
    database: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Connection | None:
    """The connection that flags or ``NEO4J_URI`` and its siblings name, flags first; None where neither does."""
    address = uri or environment.get("NEO4J_URI")
    if not address:
        return None
    return Connection(
        address,
        username or environment.get("NEO4J_USERNAME") or "neo4j",
        password or environment.get("NEO4J_PASSWORD") or "",
        database or environment.get("NEO4J_DATABASE") or "neo4j",
    )


def password_in(file: Path) -> str:
    """The password that a file holds, without the line's end; raises BadInputError where it holds no one line."""
    try:
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"the password file {file} cannot be read as text; check its rights.") from None
    if not text or "\n" in text:
        raise BadInputError(f"the password file {file} must hold the password alone, on one line.")
    return text


def schema_path(given: Path | None = None) -> Path | None:
    """The ``graphrec.toml`` that is named, or the one in the current folder; None where there is none."""
    if given is not None:
        return given
    here = Path(SCHEMA_FILE)
    return here if here.is_file() else None


def question_seconds(environment: Mapping[str, str] = os.environ) -> float:
    """How long the server may work on a question of ``cypher/recommend`` or ``cypher/explain``.

    ``GRAPHREC_QUERY_SECONDS`` says something else than 60; raises BadInputError where that is no number above 0.
    """
    given = environment.get("GRAPHREC_QUERY_SECONDS")
    if not given:
        return QUESTION_SECONDS
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise BadInputError(f"GRAPHREC_QUERY_SECONDS is {given!r}, which is no number of seconds above 0; mend it.")
    return seconds


def cache_folder() -> Path:
    """The folder for fitted models and snapshots; ``GRAPHREC_CACHE`` names another."""
    from platformdirs import user_cache_path

    named = os.environ.get("GRAPHREC_CACHE")
    return Path(named) if named else user_cache_path("graphrec-neo4j", appauthor=False)
