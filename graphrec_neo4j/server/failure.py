"""From the log of a server that ended while it started to one sentence."""

from __future__ import annotations

from pathlib import Path

_KNOWN = (
    ("has been locked by another process", "another Neo4j uses these data; stop that one first"),
    ("No space left on device", "the disk is full; free some space, then start again"),
    ("Could not reserve enough space", "the machine has too little free memory; choose a smaller --heap"),
    ("Invalid maximum heap size", "Java does not understand the --heap; write it like 512m or 2g"),
)
_PORT_CLASHES = ("Address already in use", "is already in use, cannot bind")
_WEIGHTY = ("ERROR", "Error", "Caused by", "Unrecognized setting")


def is_port_clash(log: str) -> bool:
    """Say whether the server ended because something else had taken a port."""
    return any(text in log for text in _PORT_CLASHES)


def why_it_ended(log: str, file: Path) -> str:
    """Return the sentence for a start that failed: what is known of the cause, the line, the file."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for text, advice in _KNOWN:
        if text in log:
            return f"Neo4j did not start: {advice} (its log is {file})."
    weighty = [line for line in lines if any(mark in line for mark in _WEIGHTY)]
    line = (weighty or lines or ["it logged nothing"])[0]
    return f"Neo4j did not start: {line.rstrip('.')[:300]} (its log is {file})."
