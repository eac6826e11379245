"""``CypherQuery``: one ``.cypher`` file with its header, checked when it is loaded.

A header is comment lines: the purpose first, then ``mode``, ``params``, ``returns`` and, where they apply,
``interactions: positive`` (named interaction patterns keep to positive ones, and ``EXISTS {(u)-[:`INTERACTED`]->(i)}``
means whatever excludes an item) and ``servers`` (the server lines that a file is for).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from graphrec_neo4j.cypher_names import KNOWN_NAMES, Naming, Renderer
from graphrec_neo4j.errors import QueryFileError, nearest
from graphrec_neo4j.schema import GraphSchema

_HEADER_KEYS = ("mode", "params", "returns", "interactions", "servers")
_PARAMETER = re.compile(r"(\w+)\s*\(([^),]+)(?:,\s*default\s+([^)]+))?\)")
_IGNORED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """A declared parameter: its name, its kind (``key``, ``integer``, ``text``, ``list`` …) and default text."""

    name: str
    kind: str
    default: str | None = None


@dataclass(frozen=True)
class Statement:
    """Cypher that is ready to run: a name for messages, the text, and ``read`` or ``write``."""

    name: str
    text: str
    mode: str


@dataclass(frozen=True)
class CypherQuery:
    """One file of ``cypher/``: ``name`` is its path without the suffix, ``body`` the statement as written."""

    name: str
    purpose: str
    mode: str
    parameters: tuple[Parameter, ...]
    returns: tuple[str, ...]
    positive: bool
    servers: str
    body: str

    def render(self, names: GraphSchema | Naming) -> Statement:
        """Return the statement in the names of a schema; raises QueryFileError where the schema lacks one."""
        naming = Naming.of(names) if isinstance(names, GraphSchema) else names
        text = Renderer(self.name, naming, positive=self.positive).render(self.body)
        return Statement(self.name, text, self.mode)

    def check_arguments(self, given: Mapping[str, Any]) -> None:
        """Raise QueryFileError unless ``given`` names exactly the parameters without a default, or more of them."""
        known = {parameter.name for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise QueryFileError(f"{self.name} has no parameter {name!r}{nearest(name, known)}.")
        for parameter in self.parameters:
            if parameter.default is None and parameter.name not in given:
                raise QueryFileError(f"{self.name} needs {parameter.name} ({parameter.kind}).")


def cypher_folder() -> Path:
    """The folder of the files: inside the installed package, or beside the package in a checkout."""
    installed = Path(str(files("graphrec_neo4j"))) / "cypher"
    return installed if installed.is_dir() else Path(__file__).resolve().parent.parent / "cypher"


def query_names(folder: str = "") -> list[str]:
    """The names of all files, or of those in one subfolder, sorted."""
    root = cypher_folder()
    return sorted(path.relative_to(root).with_suffix("").as_posix() for path in (root / folder).rglob("*.cypher"))


@cache
def load_query(name: str) -> CypherQuery:
    """Load and check the file ``name`` (``recommend/top_items``); raises QueryFileError."""
    path = cypher_folder() / f"{name}.cypher"
    if name not in query_names():
        raise QueryFileError(f"there is no query {name!r}{nearest(name, query_names())}; see graphrec-neo4j query.")
    return parse_query(name, path.read_text(encoding="utf-8"))


def statement(name: str, names: GraphSchema | Naming | None = None) -> Statement:
    """Load the file ``name`` and render it; without ``names``, as it stands."""
    query = load_query(name)
    return query.render(names) if names is not None else Statement(query.name, query.body, query.mode)


def parse_query(name: str, text: str) -> CypherQuery:
    """Parse a file's text; raises QueryFileError where it breaks its own header."""
    header, body = _split(text)
    purpose, entries = _read_header(name, header)
    parameters = tuple(
        Parameter(found[1], found[2].strip(), found[3] and found[3].strip())
        for found in _PARAMETER.finditer(entries.get("params", ""))
    )
    bare = _IGNORED.sub(" ", body)
    used, declared = set(re.findall(r"\$(\w+)", bare)), {parameter.name for parameter in parameters}
    if used != declared:
        raise QueryFileError(
            f"{name}: parameters declared and not used: {sorted(declared - used)}, used and not declared: "
            f"{sorted(used - declared)}."
        )
    for quoted_name in re.findall(r"`([^`]*)`", bare):
        if quoted_name not in KNOWN_NAMES:
            raise QueryFileError(f"{name}: `{quoted_name}` is not a name of the default graph.")
    returns = tuple(part.strip() for part in entries.get("returns", "").split(",") if part.strip())
    positive = entries.get("interactions", "all") == "positive"
    return CypherQuery(
        name, purpose, entries["mode"], parameters, returns, positive, entries.get("servers", "all"), body
    )


def _split(text: str) -> tuple[list[str], str]:
    lines = text.splitlines()
    end = next((n for n, line in enumerate(lines) if not line.startswith("//")), len(lines))
    return [line[2:].strip() for line in lines[:end]], "\n".join(lines[end:]).strip().rstrip(";")


def _read_header(name: str, lines: list[str]) -> tuple[str, dict[str, str]]:
    purpose: list[str] = []
    entries: dict[str, str] = {}
    last = ""
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key in _HEADER_KEYS:
            entries[key], last = value.strip(), key
        elif last:
            entries[last] += " " + line
        else:
            purpose.append(line)
    if not purpose or entries.get("mode") not in ("read", "write", "schema"):
        raise QueryFileError(f"{name}: the header must give a purpose and mode: read, write or schema.")
    return " ".join(purpose), entries
