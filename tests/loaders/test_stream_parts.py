"""The parts of a streamed graph that need no database: numbers, the feature cache, work ahead of its consumer."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from graphrec_neo4j.errors import StreamError
from loaders.stream_ahead import Ahead
from loaders.stream_features import FeatureCache
from loaders.stream_numbers import NodeNumbers
from loaders.stream_seeds import seed_batches


def test_an_integer_id_is_its_own_number() -> None:
    numbers = NodeNumbers("User", "integer", remembered=1)
    ids = [0, -5, 2**63 - 1, -(2**63)]
    assert numbers.of_keys(ids).tolist() == ids
    assert numbers.keys_of(np.array(ids)) == ids


def test_a_string_id_has_the_same_number_everywhere_and_comes_back_exactly() -> None:
    ids = ["", "0", "Ünï", "a" * 1000, "\ud800"]
    numbers = NodeNumbers("Item", "string", remembered=100)
    made = numbers.of_keys(ids)
    assert (made >= 0).all()
    assert len(set(made.tolist())) == len(ids)
    assert numbers.keys_of(made) == ids
    assert (NodeNumbers("Item", "string", remembered=7).of_keys(ids) == made).all()


def test_at_least_the_last_ids_are_remembered_and_at_most_twice_as_many() -> None:
    numbers = NodeNumbers("Item", "string", remembered=10)
    made = numbers.of_keys([f"i{n}" for n in range(95)])
    assert numbers.keys_of(made[-10:]) == [f"i{n}" for n in range(85, 95)]
    with pytest.raises(StreamError, match="no Item of the last 10 has the number"):
        numbers.keys_of(made[:75])


@pytest.mark.parametrize(("key_type", "key"), [("integer", "5"), ("string", 5), ("integer", True)])
def test_an_id_of_the_other_type_is_refused(key_type: str, key: object) -> None:
    with pytest.raises(StreamError, match="but the schema says key_type"):
        NodeNumbers("User", key_type, remembered=10).of_keys([key])  # type: ignore[arg-type, list-item]


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    cache = FeatureCache(width=1, size=3 * (4 + 256))
    assert cache.capacity == 3
    cache.put(np.array([1, 2, 3]), np.array([[1.0], [2.0], [3.0]], np.float32))
    cache.take(np.array([1]))
    cache.put(np.array([4]), np.array([[4.0]], np.float32))
    rows, missing = cache.take(np.array([1, 2, 3, 4]))
    assert missing.tolist() == [1]
    assert rows[[0, 2, 3], 0].tolist() == [1, 3, 4]
    assert np.isnan(rows[1, 0])
    assert (cache.hits, cache.misses, len(cache)) == (4, 1, 3)


@pytest.mark.parametrize("size", [0, 259])
def test_a_cache_too_small_for_a_row_holds_none(size: int) -> None:
    cache = FeatureCache(width=1, size=size)
    cache.put(np.array([1]), np.ones((1, 1), np.float32))
    assert len(cache) == 0
    assert cache.take(np.array([1]))[1].tolist() == [0]


@pytest.mark.parametrize("width", [1, 16, 200])
def test_a_cache_keeps_within_its_stated_size_whatever_comes_and_goes(width: int) -> None:
    size = 2**20
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        cache = FeatureCache(width, size)
        for start in range(0, 3 * cache.capacity, 100):
            cache.put(np.arange(start, start + 100) << 40, np.ones((100, width), np.float32))
        assert len(cache) == cache.capacity
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert size / 3 < taken <= size


def test_results_come_in_the_order_of_tasks_and_no_more_than_asked_for_ahead() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for n in range(20):
            taken.append(n)
            yield n

    def slow_first(n: int) -> int:
        time.sleep(0.02 if n % 3 == 0 else 0)
        return n * n

    made = Ahead(slow_first, tasks(), sessions=3, waiting=4)
    assert next(made) == 0
    assert len(taken) == 4
    assert list(made) == [n * n for n in range(1, 20)]


def test_an_error_comes_where_its_result_is_due_and_ends_the_threads() -> None:
    def work(n: int) -> float:
        return 1 / (n - 2)

    made = Ahead(work, range(10), sessions=2, waiting=4)
    assert [next(made), next(made)] == [-1 / 2, -1]
    with pytest.raises(ZeroDivisionError):
        next(made)
    assert list(made) == []
    assert no_threads()


def test_an_error_of_the_tasks_is_not_taken_for_their_end() -> None:
    def tasks() -> Iterator[int]:
        yield 1
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(Ahead(abs, tasks()))
    assert no_threads()


def test_closing_ends_the_threads_and_those_of_the_tasks() -> None:
    batches = seed_batches(iter([np.arange(5)] * 50), lambda pages: (pages,), 2, np.random.default_rng(0))
    made = Ahead(lambda seeds: seeds.number, batches)
    assert next(made) == 0
    made.close()
    made.close()
    assert list(made) == []
    assert no_threads()


def test_seeds_come_once_each_in_whole_batches_but_the_last() -> None:
    chunks = [np.arange(0, 5), np.arange(5, 5), np.arange(5, 12), np.arange(12, 13)]
    batches = list(seed_batches(iter(chunks), lambda pages: (pages, -pages), 3, np.random.default_rng(0)))
    assert [len(batch.places) for batch in batches] == [3, 3, 3, 3, 1]
    assert [batch.number for batch in batches] == [0, 1, 2, 3, 4]
    assert np.concatenate([batch.places for batch in batches]).tolist() == list(range(13))
    first, second = (np.concatenate([batch.columns[n] for batch in batches]) for n in (0, 1))
    assert sorted(first.tolist()) == list(range(13))
    assert (first == -second).all()


def no_threads() -> bool:
    return not any(thread.name.startswith("graphrec-stream") for thread in threading.enumerate())
