"""A graph from a folder of CSV files: ``NAME.csv`` or ``NAME.csv.gz`` for each node and edge type of the schema.

A node file has the key column and, where wanted, those of the display name, features and texts. An edge file has
``from`` and ``to``, the keys of its ends, and, where wanted, those of weight, time and further properties. All but
``from`` and ``to`` are called as the schema calls the properties; further properties are kept as text.
"""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path
from typing import Any

from graphrec_neo4j.errors import BadInputError, nearest
from graphrec_neo4j.schema import EdgeType, GraphSchema, NodeType, default_schema
from loaders.builder import GraphBuilder
from loaders.loaded import LoadedGraph
from loaders.rows import Layout, read_header, read_rows
from loaders.times import infer_time_unit, unit_words
from loaders.trim import trimmed

_CSV = Layout()
_ENDS = ("from", "to")
_SAMPLE_ROWS = 1000


def load_csv(path: Path, schema: GraphSchema | None = None) -> LoadedGraph:
    """Read a folder of CSV files.

    With a schema, each of its types needs a file, but for edges via an intermediate node, which are derived.
    Without one, the files must be some of the default schema's (User, Item and INTERACTED at least), and key
    types and the form of times are seen from the values. Raises BadInputError for missing or misnamed files and
    columns.
    """
    files = _files(path)
    made = schema or _inferred(path, files)
    _check_files(path, files, made)
    builder = GraphBuilder(made, infer_keys=schema is None)
    for name, node in made.nodes.items():
        _check_header(files[name], name, (node.key,), _node_columns(node))
        for chunk in read_rows(files[name], _CSV, builder.bad_rows):
            builder.add_nodes(name, chunk)
    for name, edge in made.edges.items():
        if edge.via:
            continue
        _check_header(files[name], name, _ENDS, _edge_columns(edge))
        for chunk in read_rows(files[name], _CSV, builder.bad_rows):
            builder.add_edges(name, chunk)
    builder.notes += _notes(files, made, time_was_seen=schema is None)
    loaded = builder.finish()
    return loaded if schema else trimmed(loaded)


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise BadInputError(f"{folder} is no folder; CSV files are loaded from one, a file for each type.")
    files: dict[str, Path] = {}
    for path in sorted(chain(folder.glob("*.csv"), folder.glob("*.csv.gz"))):
        name = path.name.removesuffix(".gz").removesuffix(".csv")
        if name in files:
            raise BadInputError(f"{folder} holds {files[name].name} and {path.name}; keep one of them.")
        files[name] = path
    return files


def _check_files(folder: Path, files: dict[str, Path], schema: GraphSchema) -> None:
    for name in chain(schema.nodes, schema.edges):
        derived = name in schema.edges and schema.edges[name].via
        if derived and name in files:
            raise BadInputError(
                f"{files[name]} cannot be loaded: {name} goes via {derived.label} nodes and is derived from them."
            )
        if not derived and name not in files:
            unused = {path.name for other, path in files.items() if other not in {*schema.nodes, *schema.edges}}
            raise BadInputError(
                f"{folder} holds no {name}.csv{nearest(f'{name}.csv', unused)}; each type of the schema needs a "
                "file, with nothing but a header if it is empty."
            )


def _check_header(path: Path, name: str, needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
    header = read_header(path, _CSV)
    for column in needed:
        if column not in header:
            raise BadInputError(f"{path.name} has no column {column!r}, which {name} needs{nearest(column, header)}.")
    for column in header:
        if column not in (*needed, *optional):
            raise BadInputError(
                f"{path.name} has a column {column!r} that the schema does not have for {name}"
                f"{nearest(column, (*needed, *optional))}; rename or remove it, or declare it in graphrec.toml."
            )


def _node_columns(node: NodeType) -> tuple[str, ...]:
    return (*((node.name,) if node.name else ()), *node.features, *node.text)


def _edge_columns(edge: EdgeType) -> tuple[str, ...]:
    return tuple(str(place) for place in (edge.weight, edge.time) if place) + edge.properties


def _notes(files: dict[str, Path], schema: GraphSchema, *, time_was_seen: bool) -> list[str]:
    types = {*schema.nodes, *schema.edges}
    unread = [path.name for name, path in files.items() if name not in types]
    notes = [f"{file} is no type of the schema and was not read" for file in unread]
    for name, edge in schema.edges.items():
        if edge.via:
            notes.append(f"{name} goes via {edge.via.label} nodes and is derived, so no file of it was read")
        elif time_was_seen and edge.time and str(edge.time) in read_header(files[name], _CSV):
            notes.append(f"times of {name} were read as {unit_words(edge.time_unit)}")
    return notes


def _inferred(folder: Path, files: dict[str, Path]) -> GraphSchema:
    """The part of the default schema that the files are named after."""
    schema: dict[str, Any] = default_schema().model_dump(by_alias=True)
    known = {*schema["nodes"], *schema["edges"]}
    unknown = [path.name for name, path in files.items() if name not in known]
    missing = [f"{name}.csv" for name in ("User", "Item", "INTERACTED") if name not in files]
    if unknown or missing:
        what = f"is no file for {unknown[0]}" if unknown else f"needs {missing[0]}"
        raise BadInputError(
            f"{folder}: the default schema {what}, and there is no graphrec.toml that says what the files are; "
            "write one (`graphrec-neo4j init` proposes one for a database that is already there), or name the files "
            f"{', '.join(f'{name}.csv' for name in (*schema['nodes'], *schema['edges']))}."
        )
    for part in ("nodes", "edges"):
        schema[part] = {name: kind for name, kind in schema[part].items() if name in files}
    for name, edge in schema["edges"].items():
        if edge["time"]:
            edge["time_unit"] = infer_time_unit(_sample(files[name], edge["time"]))
    if "IN_CATEGORY" in schema["edges"] and "Category" not in schema["nodes"]:
        raise BadInputError(f"{folder} holds IN_CATEGORY.csv but no Category.csv, which its ends refer to.")
    return GraphSchema.model_validate(schema)


def _sample(path: Path, column: str) -> list[str]:
    chunks = (chunk.columns.get(column, ()) for chunk in read_rows(path, _CSV, []))
    return list(islice((text for texts in chunks for text in texts), _SAMPLE_ROWS))
