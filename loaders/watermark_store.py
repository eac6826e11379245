"""Up to where a graph was read, on disk: the watermarks of its edge types, and how many reads since a whole one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from graphrec_neo4j.snapshot_store import DAMAGED
from loaders.watermarks import Mark, Watermark

_ABOUT = "about"


def save_watermarks(path: Path, marks: Mapping[str, Watermark], reads: int) -> None:
    """Write ``marks`` and the number of ``reads`` since everything was read into one .npz, in one step."""
    about = {"reads": reads, "highest": {name: _plain(mark.highest) for name, mark in marks.items()}}
    arrays = {f"degrees{number}": mark.degrees for number, mark in enumerate(marks.values())}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("wb") as file:
        np.savez(file, **{_ABOUT: np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)}, **arrays)  # type: ignore[arg-type]
    os.replace(unfinished, path)


def load_watermarks(path: Path) -> tuple[dict[str, Watermark], int] | None:
    """Return what was saved, None where it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(file[_ABOUT].tobytes())
            marks = {
                name: Watermark(_mark(*plain), file[f"degrees{number}"])
                for number, (name, plain) in enumerate(about["highest"].items())
            }
        return marks, int(about["reads"])
    except DAMAGED:
        return None


def _plain(mark: Mark | None) -> tuple[str, Any]:
    if isinstance(mark, datetime):
        return "datetime", mark.isoformat()
    if isinstance(mark, date):
        return "date", mark.isoformat()
    return "number", mark


def _mark(kind: str, plain: Any) -> Mark | None:
    if kind == "number":
        return plain
    return datetime.fromisoformat(plain) if kind == "datetime" else date.fromisoformat(plain)
