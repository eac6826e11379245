"""Seeds of one epoch: read by page, shuffled among the pages of a chunk, cut into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from graphrec_neo4j.snapshot import IntArray
from loaders.stream_ahead import Ahead

Columns = tuple[IntArray, ...]


@dataclass(frozen=True)
class Seeds:
    """The seeds of one batch: its ``number``, their ``places`` (n,) in the epoch, ``columns`` of node numbers (n,)."""

    number: int
    places: IntArray
    columns: Columns


def seed_batches(
    chunks: Iterator[IntArray], read: Callable[[IntArray], Columns], batch_size: int, rng: np.random.Generator
) -> Iterator[Seeds]:
    """Yield all that ``read`` finds in ``chunks`` of pages, in an order of chance; the last batch is smaller.

    While one chunk of pages is used up, the next is read.
    """
    columns: Columns = ()
    number = done = 0
    with Ahead(read, chunks, sessions=1, waiting=1) as read_chunks:
        for chunk in read_chunks:
            order = rng.permutation(len(chunk[0]))
            shuffled = tuple(column[order] for column in chunk)
            columns = tuple(map(np.append, columns, shuffled)) if columns else shuffled
            whole = len(columns[0]) // batch_size * batch_size
            for start in range(0, whole, batch_size):
                batch = tuple(column[start : start + batch_size] for column in columns)
                yield Seeds(number, np.arange(done, done + batch_size), batch)
                number, done = number + 1, done + batch_size
            columns = tuple(column[whole:] for column in columns)
    if columns and len(columns[0]):
        yield Seeds(number, np.arange(done, done + len(columns[0])), columns)
