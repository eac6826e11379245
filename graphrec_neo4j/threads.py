"""Rows shared out among threads: numba kernels let go of the interpreter lock, so threads are enough."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


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


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let a dense product inside take one thread, where :func:`in_threads` shares out whole products."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
