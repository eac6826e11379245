"""What a monitor is told: a text file in Prometheus's format, for the textfile collector of its node exporter.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.runs import current_run, moment, status

RESULTS = ("published", "unchanged", "failed")
"""How a sync may end."""

_COUNTED = re.compile(r'^graphrec_syncs_total\{result="(\w+)"\} (\d+)$', re.MULTILINE)
_SIZES = ("users", "items", "interactions", "recommendations")


def write_sample(path: Path, database: Database | None, ended: str) -> None:
    """Write what is published and how many syncs ended how, as ``path`` counted them so far and one more.

    ``ended`` is one of RESULTS; without a ``database``, as where it does not answer, the counts alone are told. The
    file is replaced in one step, so that nobody reads half of it. Raises BadInputError where it cannot be written.
    """
    counts = dict.fromkeys(RESULTS, 0) | counted(path)
    counts[ended] += 1
    lines = [
        *_counts(counts),
        *_metric("up", "Whether the database answered.", "gauge", {"": int(database is not None)}),
    ]
    if database is not None:
        lines += _published(database)
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as made:
            made.write("\n".join(lines) + "\n")
        os.chmod(made.name, 0o644)
        os.replace(made.name, path)
    except OSError as error:
        raise BadInputError(f"{path} cannot be written: {error.strerror}.") from None


def counted(path: Path) -> dict[str, int]:
    """Return how many syncs ended how by a file that :func:`write_sample` wrote; nothing where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return {result: int(count) for result, count in _COUNTED.findall(text) if result in RESULTS}


def _counts(counts: Mapping[str, int]) -> Iterator[str]:
    values = {f'result="{result}"': counts[result] for result in RESULTS}
    yield from _metric("syncs_total", "Syncs by how they ended.", "counter", values)
    yield from _metric("sample_timestamp_seconds", "When this file was written.", "gauge", {"": int(time.time())})


def _published(database: Database) -> Iterator[str]:
    found, run = status(database), current_run(database)
    yield from _metric("sync_running", "Whether a sync holds the lease.", "gauge", {"": int(found["syncing"])})
    if run is None or run.published_at is None:
        return
    published = int(moment(run.published_at).timestamp())
    yield from _metric("published_run", "The number of the run that is served.", "gauge", {"": run.number})
    yield from _metric("published_timestamp_seconds", "When it was published.", "gauge", {"": published})
    sizes = {f'of="{name}"': int(found[name]) for name in _SIZES}
    yield from _metric("published_size", "What the run that is served is made of.", "gauge", sizes)
    stages = {f'stage="{stage.replace(" ", "_")}"': seconds for stage, seconds in run.timings.items()}
    yield from _metric("stage_seconds", "What its stages took.", "gauge", stages)


def _metric(name: str, told: str, kind: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield f"# HELP graphrec_{name} {told}"
    yield f"# TYPE graphrec_{name} {kind}"
    for labels, value in values.items():
        yield f"graphrec_{name}{{{labels}}} {value}" if labels else f"graphrec_{name} {value}"
