"""Exact top-20 of dot products: how many users a second get their list, against torch and faiss.

    pip install torch faiss-cpu
    python benchmarks/top_lists.py

29,858 users, 40,981 items (the numbers of Gowalla) and 64 dimensions, random normal in 32 bits, seed 0. Once over all
items, and once without those that each user of Gowalla has. Ours is what ``sync`` makes the lists of ``spectral``,
``lightgcn`` and ``ials`` with. torch multiplies blocks of users and takes ``topk``; of the block sizes it is given the
best one of a first round and, since small ones are best and few people take them, 1,024 too; what a user has is set to
minus infinity by index. faiss is its flat index of inner products, which leaves out nothing. All are given as many
threads as there are cores and take turns, so that what else the machine does falls on all alike; a ratio is the median
over the turns. Lists are compared before the clock runs.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

import faiss
import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from walks import gowalla

from graphrec_neo4j.ranking.topk import top_k_of_vectors

K, DIMENSIONS, TURNS, BATCHES = 20, 64, 7, (32, 64, 128, 256, 512, 1024, 4096)
USUAL = 1024
THREADS = os.cpu_count() or 1

Vectors = npt.NDArray[np.float32]
Way = Callable[[], npt.NDArray]


def main() -> None:
    torch.set_num_threads(THREADS)
    faiss.omp_set_num_threads(THREADS)
    seen, random = gowalla().seen, np.random.default_rng(0)
    users, items = (random.standard_normal((count, DIMENSIONS)).astype(np.float32) for count in seen.shape)
    everyone = np.arange(len(users))
    for what, hidden in (("all items", None), ("without what a user has", seen)):
        ways: dict[str, Way] = {"ours": lambda hidden=hidden: top_k_of_vectors(users, items, everyone, K, hidden).items}  # type: ignore[misc]
        for batch in (best_batch(users, items, hidden), USUAL):
            ways[f"torch, {batch} a block"] = lambda batch=batch, hidden=hidden: by_torch(users, items, batch, hidden)  # type: ignore[misc]
        if hidden is None:
            ways["faiss, flat"] = lambda: by_faiss(users, items)
        print(f"\ntop-{K} of {len(users):,} x {len(items):,} x {DIMENSIONS}, {what}, {THREADS} threads")
        report(ways)
    print(
        f"\n{platform.machine()}, {THREADS} cores, Python {platform.python_version()}, numpy {np.__version__}", end=", "
    )
    print(f"torch {torch.__version__}, faiss {faiss.__version__}, load average {os.getloadavg()[0]:.1f}")
    print(f"command: python {' '.join(sys.argv)}")


def by_torch(users: Vectors, items: Vectors, batch: int, seen: sparse.csr_matrix | None) -> npt.NDArray:
    mine, others = torch.from_numpy(users), torch.from_numpy(items).T
    lists = []
    for start in range(0, len(users), batch):
        scores = mine[start : start + batch] @ others
        if seen is not None:
            rows = seen[start : start + len(scores)]
            at = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
            scores[torch.from_numpy(at), torch.from_numpy(rows.indices.astype(np.int64))] = -torch.inf
        lists.append(torch.topk(scores, K).indices)
    return torch.cat(lists).numpy()


def by_faiss(users: Vectors, items: Vectors) -> npt.NDArray:
    index = faiss.IndexFlatIP(DIMENSIONS)
    index.add(items)
    return index.search(users, K)[1]


def best_batch(users: Vectors, items: Vectors, seen: sparse.csr_matrix | None) -> int:
    some = users[: len(users) // 4]
    return min(BATCHES, key=lambda batch: min(seconds(lambda: by_torch(some, items, batch, seen)) for _ in range(2)))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(ways: dict[str, Way]) -> None:
    first = {way: work() for way, work in ways.items()}
    ours = next(iter(first.values()))
    taken: dict[str, list[float]] = {way: [] for way in ways}
    work_of: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(TURNS):
        for way, work in ways.items():
            worked = time.process_time()
            taken[way].append(seconds(work))
            work_of[way].append(time.process_time() - worked)
    print(f"{'':26}{'users/s':>10}{'best':>10}{'ours is':>10}{'CPU us/user':>13}{'same places':>13}")
    for way, theirs in taken.items():
        ratio = statistics.median(other / mine for other, mine in zip(theirs, next(iter(taken.values())), strict=True))
        users, same = len(ours), (first[way] == ours).mean()
        print(f"{way:26}{users / statistics.median(theirs):10,.0f}{users / min(theirs):10,.0f}{ratio:9.1f}x", end="")
        print(f"{1e6 * statistics.median(work_of[way]) / users:13,.0f}{same:13.3%}")


if __name__ == "__main__":
    main()
