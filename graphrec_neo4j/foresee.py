"""Whether a table fits into memory, said before work on it starts."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from graphrec_neo4j.errors import ModelError

GIB = 2**30

_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_UNITS |= {f"{unit}ib": size for unit, size in _UNITS.items() if unit not in ("", "b")}
_UNITS |= {f"{unit}b": 1000**power for power, unit in enumerate("kmgt", start=1)}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)

_limit = math.inf

_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")
_STATM = Path("/proc/self/statm")


def must_fit(what: str, needed: float, limit_gib: float | None, instead: str) -> None:
    """Raise ModelError if ``needed`` bytes for ``what`` are more than there is room for; ``instead`` is a way out."""
    room = room_for(limit_gib)
    if needed > room and _of_limit() <= room:
        instead += f", or give more than --memory {_limit / GIB:,.1f} GiB"
    must_fit_into(room, what, needed, instead)


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


def limit_memory(size: float | None) -> None:
    """Let this process take ``size`` bytes in all and no more, as far as that can be foreseen; None lifts the limit."""
    global _limit
    _limit = math.inf if size is None else size


def bytes_of(text: str) -> float:
    """Return the bytes that a text such as ``4GiB``, ``512m`` (binary), ``4GB`` (decimal) names; raises ValueError."""
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None or not 0 < float(found[1]) * unit < math.inf:
        raise ValueError(text)
    return float(found[1]) * unit


def available_bytes() -> float:
    """Return how many bytes this process can still take; infinity where nobody can say.

    That is the least of what the machine has without swapping, what a container's limit leaves, and what
    :func:`limit_memory` leaves.
    """
    return min(_of_machine(), _of_cgroup(_CGROUP), _of_limit())


def _of_limit() -> float:
    """What the limit that was set leaves beside what this process has taken."""
    return math.inf if _limit == math.inf else max(0.0, _limit - _taken())


def _taken() -> float:
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * float(os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, AttributeError):
        return 0.0


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
