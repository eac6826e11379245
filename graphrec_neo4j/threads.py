"""Rows shared out among threads, as numba kernels let go of the interpreter lock; and calls that may never end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import ParamSpec, Self, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


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
    """A few threads for calls that wait for others, and may do so for minutes; whoever stops need not wait for them.

    They end with the process, while it waits for those of a ThreadPoolExecutor. Use as a context manager.
    """

    def __init__(self, threads: int) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [Thread(target=self._work, name="graphrec-worker", daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._calls.put(None)

    def submit(self, call: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Future[Result]:
        """Call as soon as a thread is free, first come first served, unless the future is cancelled before."""
        future: Future[Result] = Future()

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


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let a dense product inside take one thread, where :func:`in_threads` shares out whole products."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
