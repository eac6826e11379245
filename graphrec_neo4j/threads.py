"""Rows shared out among threads, as numba kernels let go of the interpreter lock; and calls that may never end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread, current_thread, main_thread
from typing import Any, ParamSpec, Self, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

GRACE_SECONDS = 5.0
"""How long whoever pressed Ctrl-C waits for an answer that may never come."""


def in_threads(work: Callable[[int, int], None], rows: int, piece: int, threads: int | None = None) -> None:
    """Call ``work(start, stop)`` on pieces of ``rows`` rows, at most ``piece`` each, on all cores by default.

    Rows must not depend on each other, so that the answer is the same for any number of threads. An error, or the
    user's wish to stop, ends the work with the pieces that have begun.
    """
    bounds = [(start, min(start + piece, rows)) for start in range(0, rows, piece)]
    threads = min(threads or os.cpu_count() or 1, len(bounds))
    if threads <= 1:
        for start, stop in bounds:
            work(start, stop)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            for done in [pool.submit(work, start, stop) for start, stop in bounds]:
                done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class Workers:
    """A few threads for calls that wait for others, and may do so for minutes. Use as a context manager.

    Its end, and an error, cancel what has not begun and wait for what has. Ctrl-C and SIGTERM wait ``GRACE_SECONDS``
    for that, and then the threads end with the process, while it would wait for those of a ThreadPoolExecutor.
    """

    def __init__(self, threads: int) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [Thread(target=self._work, name="graphrec-worker", daemon=True) for _ in range(threads)]
        self._open: set[Future[Any]] = set()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, stopped: BaseException | None, trace: object) -> None:
        begun = [future for future in list(self._open) if not future.cancel()]
        for _thread in self._threads:
            self._calls.put(None)
        wait(begun, GRACE_SECONDS if isinstance(stopped, KeyboardInterrupt) else None)

    def submit(self, call: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Future[Result]:
        """Call as soon as a thread is free, first come first served, unless the future is cancelled before."""
        future: Future[Result] = Future()
        self._open.add(future)
        future.add_done_callback(self._open.discard)

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(call(*given, **named))
            except BaseException as error:
                future.set_exception(error)

        self._calls.put(run)
        return future

    def _work(self) -> None:
        while run := self._calls.get():
            run()


def apart(call: Callable[[], Result]) -> Result:
    """Call away from the main thread, which Ctrl-C strikes, so that it cannot break off what is not made to be.

    Whoever presses it waits ``GRACE_SECONDS`` at most for the call's end, and is told of it in the main thread.
    """
    if current_thread() is not main_thread():
        return call()
    with Workers(1) as workers:
        return workers.submit(call).result()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let a dense product inside take one thread, where :func:`in_threads` shares out whole products."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
