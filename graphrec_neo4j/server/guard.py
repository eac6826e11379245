"""A lock between processes that the operating system lets go when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from graphrec_neo4j.errors import ServerError

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def exclusive(path: Path, what: str, seconds: float, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file ``path``; the file itself stays, as removing it would let two holders in.

    ``what`` names the work for the error, ``on_wait`` is called once if another process holds the lock.
    Raises ServerError if it still does after ``seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for_lock(descriptor, what, seconds, on_wait)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, what: str, seconds: float, on_wait: Callable[[], None]) -> None:
    deadline = time.monotonic() + seconds
    waiting = False
    while True:
        try:
            return _try_lock(descriptor)
        except OSError:
            if time.monotonic() > deadline:
                raise ServerError(
                    f"another process has been busy {what} for {seconds:.0f} s; wait for it or end it, then try again."
                ) from None
        if not waiting:
            waiting = True
            on_wait()
        time.sleep(0.1)
