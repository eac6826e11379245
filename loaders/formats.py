"""The formats that ``graphrec-neo4j load`` knows, by name."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from graphrec_neo4j.errors import BadInputError, nearest
from graphrec_neo4j.schema import GraphSchema
from loaders.from_csv import load_csv
from loaders.from_edge_lists import load_adjacency, load_edges
from loaders.from_generator import load_generated
from loaders.from_lastfm import load_lastfm
from loaders.from_movielens import load_movielens
from loaders.loaded import LoadedGraph

_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar", ".tar.bz2", ".tar.xz")
Loader = Callable[[Path, GraphSchema | None], LoadedGraph]
"""Called with the path and the schema of ``graphrec.toml``, or None where there is none."""


FORMATS: Mapping[str, Loader] = {
    "csv": load_csv,
    "movielens": load_movielens,
    "lastfm": load_lastfm,
    "edges": load_edges,
    "adjacency": load_adjacency,
}
"""Every format that is read from a path."""


def load(name: str, path: Path | None, schema: GraphSchema | None = None) -> LoadedGraph:
    """Read ``path`` as format ``name``; ``"generated"`` takes no path.

    Raises BadInputError with the nearest format for an unknown one, and where a path is missing or too much.
    """
    if name == "generated":
        return load_generated(path, schema)
    if name not in FORMATS:
        raise BadInputError(f"there is no format {name!r}{nearest(name, (*FORMATS, 'generated'))}.")
    if path is None:
        raise BadInputError(f"'load {name}' needs the path to read.")
    if path.is_file() and (zipfile.is_zipfile(path) or path.name.endswith(_ARCHIVES)):
        raise BadInputError(f"{path} is an archive; unpack it and name what is in it.")
    return FORMATS[name](path, schema)
