"""Whether a table fits into memory, said before work on it starts."""

from __future__ import annotations

import math
import os
from pathlib import Path

from graphrec_neo4j.errors import ModelError

GIB = 2**30

_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


def must_fit(what: str, needed: float, limit_gib: float | None, instead: str) -> None:
    """Raise ModelError if ``needed`` bytes for ``what`` are more than there is room for; ``instead`` is a way out."""
    must_fit_into(room_for(limit_gib), what, needed, instead)


def must_fit_into(room: float, what: str, needed: float, instead: str) -> None:
    """As :func:`must_fit`, where there is room for ``room`` bytes, as on a GPU."""
    if needed > room:
        raise ModelError(
            f"{what} needs about {needed / GIB:,.1f} GiB of memory, but there is room for {room / GIB:,.1f}; {instead}."
        )


def room_for(limit_gib: float | None) -> float:
    """Return how many bytes may be taken: what is free, and no more than ``limit_gib`` if that is given."""
    free = available_bytes()
    return free if limit_gib is None else min(free, limit_gib * GIB)


def available_bytes() -> float:
    """Return how many bytes this process can still take without swapping; infinity where nobody can say."""
    return min(_of_machine(), _of_cgroup(_CGROUP))


def _of_machine() -> float:
    """Linux says what is available; elsewhere half of the memory that is built in is taken to be."""
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024.0
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2
    except (AttributeError, ValueError, OSError):
        return math.inf


def _of_cgroup(folder: Path) -> float:
    """What a container's limit leaves; cached files that can be given up count as free."""
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
        return math.inf if limit == "max" else float(int(limit) - used + int(stat.get("inactive_file", 0)))
    except (OSError, ValueError):
        return math.inf
