"""Columns of nodes and edges as bytes for a digest, in which what is missing leaves no trace."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.edge_times import MISSING_TIME


def hash_columns(hashed: hashlib.blake2b, columns: Mapping[str, npt.NDArray | None]) -> None:
    """Add the name and the values of every column of which something is there, by name."""
    for label, column in sorted(columns.items()):
        if column is None or _all_missing(label, column):
            continue
        hashed.update(f"{label}\0".encode())
        if column.dtype == object:
            hash_objects(hashed, column.tolist())
        else:
            # -0.0 and 0.0 are equal, as are all NaN, so they must hash alike.
            plain = np.where(np.isnan(column), np.nan, column + 0.0) if column.dtype.kind == "f" else column
            hashed.update(np.ascontiguousarray(plain).tobytes())


def _all_missing(label: str, column: npt.NDArray) -> bool:
    if column.dtype == object:
        return all(value is None for value in column)
    return bool(
        np.isnan(column).all() if column.dtype.kind == "f" else label == "time" and (column == MISSING_TIME).all()
    )


def hash_objects(hashed: hashlib.blake2b, values: Iterable[object]) -> None:
    """Add each of ``values`` with the length of its text, so that no two sequences hash alike."""
    for value in values:
        text = repr(value).encode("utf-8", "surrogatepass")
        hashed.update(len(text).to_bytes(8, "little") + text)
