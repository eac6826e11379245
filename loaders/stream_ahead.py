"""Work done ahead of its consumer by a few threads, in order, with a bound on what waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Self, TypeVar

Task = TypeVar("Task")
Made = TypeVar("Made")


class Ahead(Generic[Task, Made]):
    """Iterates over ``work(task)`` in the order of ``tasks``, which are taken one by one as room is made.

    ``sessions`` threads work; at most ``waiting`` results are made or in the making before they are asked for. What
    ``work`` raises is raised where its result is due. The end, an error and ``close`` end the threads, after the tasks
    that they are at; dropping the iterator does not.
    """

    def __init__(
        self, work: Callable[[Task], Made], tasks: Iterable[Task], *, sessions: int = 2, waiting: int = 4
    ) -> None:
        self._work, self._tasks, self._waiting = work, iter(tasks), waiting
        self._pool = ThreadPoolExecutor(sessions, thread_name_prefix="graphrec-stream")
        self._pending: deque[Future[Made]] = deque()
        self.closed = False

    def __iter__(self) -> Iterator[Made]:
        return self

    def __next__(self) -> Made:
        try:
            self._fill()
            if not self._pending:
                raise StopIteration
            return self._pending.popleft().result()
        except BaseException:
            self.close()
            raise

    def _fill(self) -> None:
        while not self.closed and len(self._pending) < self._waiting:
            try:
                task = next(self._tasks)
            except StopIteration:
                return
            self._pending.append(self._pool.submit(self._work, task))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads and forget what waits; may be called again."""
        self.closed = True
        self._pending.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)
        close_tasks = getattr(self._tasks, "close", None)
        if close_tasks is not None:
            close_tasks()
