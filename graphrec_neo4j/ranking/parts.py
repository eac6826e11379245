"""Lists of many users made part by part, so that whoever waits for them hears how far they are."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.progress import Progress
from graphrec_neo4j.results import TopK

Rows = npt.NDArray[np.integer]

PART, PART_OF_A_CORE = 4096, 1024


def in_parts(rank: Callable[[Rows], TopK], users: Rows, progress: Progress) -> TopK:
    """Return ``rank(users)``, made for one part of the users after another, of which ``progress`` hears as "ranking".

    Lists must not depend on who else is asked for. A part is large enough to keep every core at work.
    """
    size = max(PART, PART_OF_A_CORE * (os.cpu_count() or 1))
    progress("ranking", 0, len(users))
    top = rank(users[:size])
    if len(users) > size:
        first, k = top, top.items.shape[1]
        top = TopK(np.empty((len(users), k), dtype=np.int32), np.empty((len(users), k), dtype=np.float32))
        top.items[:size], top.scores[:size] = first.items, first.scores
    for start in range(size, len(users), size):
        progress("ranking", start, len(users))
        part = rank(users[start : start + size])
        top.items[start : start + size], top.scores[start : start + size] = part.items, part.scores
    progress("ranking", len(users), len(users))
    return top
