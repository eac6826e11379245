"""Snapshots on disk: saved without pickle, and trusted only where what is read back is what was saved."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

Arrays = Mapping[str, npt.NDArray]

DAMAGED = (
    OSError,
    KeyError,
    ValueError,
    TypeError,
    EOFError,
    RuntimeError,
    MemoryError,
    zlib.error,
    zipfile.BadZipFile,
)

_ABOUT, _NUMBERS, _WORDS = "about", "ids", "words"


def save_snapshot(snapshot: GraphSnapshot, path: Path) -> bool:
    """Write ``snapshot`` into one .npz in one step, and say whether that was done.

    It is not where a property has values that JSON does not know, such as points; then the graph is read in full.
    """
    try:
        arrays = dict(_arrays(snapshot))
    except TypeError:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    os.replace(unfinished, path)
    return True


def load_snapshot(path: Path) -> GraphSnapshot | None:
    """Return the snapshot that was saved, None where it is missing, damaged, or not what was saved."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = _from_text(arrays[_ABOUT])
        schema = GraphSchema.from_json(about["schema"])
        nodes = {name: _nodes(name, number, schema, arrays) for number, name in enumerate(schema.nodes)}
        edges = {
            name: _edges(number, schema.edges[name].properties, arrays) for number, name in enumerate(schema.edges)
        }
        snapshot = GraphSnapshot(schema, nodes, edges, about["half_life_days"])
    except (*DAMAGED, GraphRecError):
        return None
    return snapshot if snapshot.digest == about["digest"] else None


def _arrays(snapshot: GraphSnapshot) -> Iterator[tuple[str, npt.NDArray]]:
    schema = snapshot.schema
    about = {"schema": schema.to_json(), "digest": snapshot.digest, "half_life_days": snapshot.half_life_days}
    yield _ABOUT, _as_text(about)
    for number, name in enumerate(schema.nodes):
        nodes, prefix = snapshot.nodes[name], f"node{number}/"
        keys = list(nodes.ids.keys)
        yield prefix + _NUMBERS, np.array(keys, dtype=np.int64) if nodes.ids.key_type == "integer" else _as_text(keys)
        if nodes.features is not None:
            yield prefix + "features", nodes.features
        words = {"names": _listed(nodes.names), "texts": {text: _listed(held) for text, held in nodes.texts.items()}}
        yield prefix + _WORDS, _as_text(words)
    for number, name in enumerate(schema.edges):
        edges, prefix = snapshot.edges[name], f"edge{number}/"
        for column in ("source", "target", "weight", "time"):
            held = getattr(edges, column)
            if held is not None:
                yield prefix + column, held
        yield prefix + _WORDS, _as_text({label: _listed(held) for label, held in edges.properties.items()})


def _nodes(name: str, number: int, schema: GraphSchema, arrays: Arrays) -> Nodes:
    prefix, key_type = f"node{number}/", schema.nodes[name].key_type
    stored = arrays[prefix + _NUMBERS]
    ids = IdMap(name, stored.tolist() if key_type == "integer" else _from_text(stored), key_type)
    words = _from_text(arrays[prefix + _WORDS])
    texts = {text: cast(npt.NDArray, _objects(held)) for text, held in words["texts"].items()}
    return Nodes(ids, _objects(words["names"]), arrays.get(prefix + "features"), texts)


def _edges(number: int, properties: tuple[str, ...], arrays: Arrays) -> Edges:
    prefix = f"edge{number}/"
    words = _from_text(arrays[prefix + _WORDS])
    held = {label: cast(npt.NDArray, _objects(words[label])) for label in properties if label in words}
    ends = arrays[prefix + "source"], arrays[prefix + "target"]
    return Edges(*ends, arrays.get(prefix + "weight"), arrays.get(prefix + "time"), held)


def _as_text(value: Any) -> npt.NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value).encode("utf-8"), dtype=np.uint8)


def _from_text(stored: npt.NDArray) -> Any:
    return json.loads(stored.tobytes().decode("utf-8"))


def _listed(column: npt.NDArray | None) -> list[Any] | None:
    return None if column is None else column.tolist()


def _objects(listed: list[Any] | None) -> npt.NDArray | None:
    return None if listed is None else np.fromiter(listed, dtype=object, count=len(listed))
