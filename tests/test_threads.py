import signal
import subprocess
import sys
import threading
from contextlib import suppress
from time import sleep

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from graphrec_neo4j import threads
from graphrec_neo4j.threads import Workers, in_threads, one_blas_thread


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 20])
@pytest.mark.parametrize("threads", [None, 1, 3])
def test_every_row_is_worked_on_once_in_pieces(rows: int, threads: int | None) -> None:
    pieces: list[tuple[int, int]] = []
    in_threads(lambda start, stop: pieces.append((start, stop)), rows, 4, threads)
    assert all(0 < stop - start <= 4 for start, stop in pieces)
    assert [row for start, stop in sorted(pieces) for row in range(start, stop)] == list(range(rows))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_thread_is_not_lost(threads: int) -> None:
    def fail(start: int, stop: int) -> None:
        raise ValueError(start)

    with pytest.raises(ValueError, match="0"):
        in_threads(fail, 10, 5, threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_waits_only_for_the_pieces_that_have_begun(threads: int) -> None:
    begun = []

    def work(start: int, stop: int) -> None:
        begun.append(start)
        if start == 20:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        in_threads(work, 500, 1, threads)
    assert 20 < len(begun) < 70


def blas_threads() -> list[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_products_take_one_thread_inside_and_as_many_as_before_afterwards() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with one_blas_thread():
            assert blas_threads() == [1] * len(before)
        assert before
        assert blas_threads() == before


def test_workers_call_in_a_few_threads_and_whoever_stops_does_not_wait_for_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "GRACE_SECONDS", 0.1)
    never, both, running, order = threading.Event(), threading.Barrier(3), set[int](), list[int]()

    def call(number: int) -> int:
        running.add(number)
        order.append(number)
        assert len(running) <= 2
        running.remove(number)
        return 2 * number

    def hang() -> bool:
        both.wait(10)
        return never.wait()

    with suppress(KeyboardInterrupt), Workers(2) as workers:
        called = [workers.submit(call, number) for number in range(20)]
        assert [future.result(10) for future in called] == [*range(0, 40, 2)]
        with pytest.raises(ZeroDivisionError):
            workers.submit(lambda: 1 // 0).result(10)
        hung = [workers.submit(hang) for _ in range(2)]
        both.wait(10)
        waiting = workers.submit(call, 1)
        raise KeyboardInterrupt
    assert waiting.cancelled()
    assert not any(future.done() for future in hung)
    never.set()
    assert all(future.result(10) for future in hung)
    assert sorted(order) == [*range(20)]


@pytest.mark.parametrize("stopped", [None, ValueError()])
def test_workers_wait_for_what_has_begun_where_nobody_pressed_ctrl_c(stopped: Exception | None) -> None:
    begun, ended = threading.Event(), list[float]()

    def call() -> None:
        begun.set()
        sleep(0.3)
        ended.append(1)

    with suppress(ValueError), Workers(1) as workers:
        workers.submit(call)
        assert begun.wait(10)
        if stopped:
            raise stopped
    assert ended


def test_a_process_ends_though_a_worker_hangs() -> None:
    code = (
        "from threading import Event\nfrom graphrec_neo4j import threads\nthreads.GRACE_SECONDS = 0.1\n"
        "try:\n    with threads.Workers(1) as workers:\n        workers.submit(Event().wait)\n"
        "        raise KeyboardInterrupt\nexcept KeyboardInterrupt:\n    pass\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
