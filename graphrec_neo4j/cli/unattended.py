"""Work that is done again and again with nobody looking: when the next time is, and what is logged of each."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from graphrec_neo4j.errors import GraphRecError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType):
    """A number with a unit, ``90s``, ``15m``, ``6h`` or ``1d``, in seconds."""

    name = "duration"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        """Return seconds; anything else is a usage error."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", str(value).strip())
        if not found or float(found[1]) <= 0:
            self.fail(f"{value!r} is no duration such as 90s, 15m, 6h or 1d", parameter, context)
        return float(found[1]) * _SECONDS[found[2]]


@dataclass(frozen=True)
class Rhythm:
    """When the next time is: ``pause`` seconds after the end, or ``every`` so many from start to start; or never.

    A time that takes longer than that is followed at once, and what was missed is not made up for.
    """

    pause: float | None = None
    every: float | None = None

    def wait(self, began: float, ended: float) -> float | None:
        """Return the seconds to wait from ``ended``, None where there is no next time."""
        if self.every is not None:
            return max(0.0, began + self.every - ended)
        return self.pause


class Log:
    """Says things on stderr: to people as sentences, or with ``as_json`` to machines as one JSON object a line."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def __call__(self, event: str, message: str, **facts: Any) -> None:
        """Tell of an ``event`` with its facts; people read the ``message``."""
        if self.as_json:
            level = "error" if event == "failed" else "info"
            moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": moment, "level": level, "event": event, "message": message, **facts}
            click.echo(json.dumps(line, ensure_ascii=False, default=str), err=True)
        else:
            click.echo(message, err=True)


def again_and_again(once: Callable[[], None], rhythm: Rhythm, log: Log) -> None:
    """Do ``once`` by the ``rhythm``. The first time must go well; what fails later is logged, and tried again."""
    first = True
    while True:
        began = time.monotonic()
        try:
            once()
        except GraphRecError as error:
            if first:
                raise
            log("failed", f"error: {error}", exit_code=error.exit_code)
        first = False
        wait = rhythm.wait(began, time.monotonic())
        if wait is None:
            return
        time.sleep(wait)
