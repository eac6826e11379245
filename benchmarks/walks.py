"""P3 top-100 for users of Gowalla, or of ten times Gowalla, against sparse products in scipy.

    python benchmarks/walks.py [ten | long]

``ten`` is ten copies of Gowalla in which one edge in five leads to the same item of a random copy instead, with all
ids shuffled: degrees and tastes stay as they are, and nothing is near to anything by its number. ``long`` walks five
steps instead of three, in blocks as the rule has it, by row products alone, and in scipy, all for the same users.

Gowalla is taken from the folder GRAPHREC_DATA or from ../shared/data, as a folder or a zip. The ways take turns, so
that what else the machine does falls on all alike; the ratio is the median over the turns. Scipy's way
multiplies blocks of users through and picks each row's best by argpartition, on one thread and on as many as ours.
Processor time a user is printed too, because it means something on a busy machine as well.
"""

from __future__ import annotations

import operator
import os
import platform
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
import scipy
from scipy import sparse

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.ranking.peak_memory import peak_mib, reset_peak
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk
from loaders.from_edge_lists import load_adjacency

K, TURNS, OUR_USERS, SCIPY_USERS, SCIPY_BLOCK = 100, 7, 6000, 1000, 500
COPIES, STRAY = 10, 0.2

LONG_USERS = 512

Way = tuple[Callable[[npt.NDArray], None], int]
"""What makes lists, and for how many users a turn."""


def main() -> None:
    how = sys.argv[1:]
    snapshot = ten_times(gowalla()) if how == ["ten"] else gowalla()
    steps, threads = 5 if how == ["long"] else 3, os.cpu_count() or 1
    walk, likes = along(snapshot, steps), snapshot.interactions
    ahead, back = row_normalised(likes), row_normalised(likes.T.tocsr())
    products = [back if step % 2 else ahead for step in range(steps)]

    def plain(users: npt.NDArray) -> None:
        for start in range(0, len(users), SCIPY_BLOCK):
            by_products(products, likes, users[start : start + SCIPY_BLOCK])

    def plain_threads(users: npt.NDArray) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(plain, np.array_split(users, threads)))

    print(f"{likes.shape[0]:,} users, {likes.shape[1]:,} items, {likes.nnz:,} interactions, {steps} steps, top-{K}")
    ours, theirs = (LONG_USERS, LONG_USERS) if how == ["long"] else (OUR_USERS, SCIPY_USERS)
    ways: dict[str, Way] = {f"ours, {threads} threads": (lister(walk, snapshot), ours)}
    if how == ["long"]:
        ways |= {f"by rows, {threads} threads": (lister(by_rows(walk), snapshot), ours)}
    ways |= {"scipy, 1 thread": (plain, theirs), f"scipy, {threads} threads": (plain_threads, theirs)}
    report(ways, likes.shape[0])
    print(
        f"{platform.machine()}, {threads} cores, Python {platform.python_version()}, numpy {np.__version__}", end=", "
    )
    print(f"scipy {scipy.__version__}, numba {numba.__version__}\ncommand: python {' '.join(sys.argv)}")


def along(snapshot: GraphSnapshot, steps: int) -> MetaPathWalk:
    """The walk of taste in so many steps."""
    user, item = snapshot.schema.recommend_to, snapshot.schema.recommend
    (edge,) = snapshot.schema.edges
    again = f"<-{edge}-{user}-{edge}->{item}" * (steps // 2)
    return MetaPathWalk.along(snapshot, [snapshot.schema.meta_path(f"{user}-{edge}->{item}{again}")])


def by_rows(walk: MetaPathWalk) -> MetaPathWalk:
    """The same walk, for which blocks never pay."""
    rows = replace(walk)
    vars(rows)["_in_panels"] = None
    return rows


def lister(walk: MetaPathWalk, snapshot: GraphSnapshot) -> Callable[[npt.NDArray], None]:
    """What makes the lists of many users by ``walk``, compiled."""
    walk.top_k(np.arange(64), K, snapshot.seen)

    def lists(users: npt.NDArray) -> None:
        walk.top_k(users, K, snapshot.seen)

    return lists


def by_products(steps: list[sparse.csr_matrix], likes: sparse.csr_matrix, users: npt.NDArray) -> list[npt.NDArray]:
    """The items of each user's list by sparse products, best first."""
    product = reduce(operator.matmul, steps[1:], steps[0][users])
    # Everything is positive, so that taking away more than there can be leaves seen items below all others.
    unseen = (product - likes[users] * 2.0).tocsr()
    lists = []
    for first, last in zip(unseen.indptr, unseen.indptr[1:], strict=False):
        scores, items = unseen.data[first:last], unseen.indices[first:last]
        best = np.argpartition(-scores, K)[:K] if len(scores) > K else np.arange(len(scores))
        best = best[scores[best] > 0]
        lists.append(items[best[np.argsort(-scores[best])]])
    return lists


def row_normalised(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags(1 / np.where(sums > 0, sums, 1)) @ matrix)


def report(ways: dict[str, Way], n_users: int) -> None:
    random = np.random.default_rng(0)
    rates: dict[str, list[float]] = {way: [] for way in ways}
    work_of: dict[str, list[float]] = {way: [] for way in ways}
    peaks = dict.fromkeys(ways, 0.0)
    for _ in range(TURNS):
        everyone = random.permutation(n_users)
        for way, (work, count) in ways.items():
            users = everyone[:count]
            reset_peak()
            before, start, worked = peak_mib(), time.perf_counter(), time.process_time()
            work(users)
            rates[way].append(len(users) / (time.perf_counter() - start))
            work_of[way].append(1e6 * (time.process_time() - worked) / len(users))
            peaks[way] = max(peaks[way], peak_mib() - before)
    mine = next(iter(rates.values()))
    print(f"{'':20}{'users/s':>10}{'best':>10}{'ours is':>10}{'CPU us/user':>13}{'extra MiB':>11}")
    for way, theirs in rates.items():
        cpu = statistics.median(work_of[way])
        ratio = statistics.median(our / other for our, other in zip(mine, theirs, strict=True))
        print(
            f"{way:20}{statistics.median(theirs):10,.0f}{max(theirs):10,.0f}{ratio:9.1f}x{cpu:13,.0f}{peaks[way]:11,.0f}"
        )


def ten_times(snapshot: GraphSnapshot) -> GraphSnapshot:
    """Ten copies of users and items; a fifth of the edges lead to a random copy; rows are shuffled."""
    random, (n_users, n_items) = np.random.default_rng(0), snapshot.interactions.shape
    user, item = (np.tile(ends, COPIES) for ends in snapshot.interactions.nonzero())
    copy = np.repeat(np.arange(COPIES), snapshot.interactions.nnz)
    there = np.where(random.random(len(copy)) < STRAY, random.integers(0, COPIES, len(copy)), copy)
    source = random.permutation(n_users * COPIES)[user + copy * n_users]
    target = random.permutation(n_items * COPIES)[item + there * n_items]
    pairs = np.unique(source * (n_items * COPIES) + target)
    sources, targets = (part.astype(np.int32) for part in np.divmod(pairs, n_items * COPIES))
    sizes = {snapshot.schema.recommend_to: n_users * COPIES, snapshot.schema.recommend: n_items * COPIES}
    nodes = {name: Nodes(IdMap(name, range(size), "integer")) for name, size in sizes.items()}
    (edge,) = snapshot.schema.edges
    return GraphSnapshot(snapshot.schema, nodes, {edge: Edges(sources, targets)})


def gowalla() -> GraphSnapshot:
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    source = Path(os.environ.get("GRAPHREC_DATA") or beside)
    if (source / "gowalla").is_dir():
        return load_adjacency(source / "gowalla" / "train.txt").snapshot
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(source / "gowalla.zip").extractall(folder)
        return load_adjacency(Path(folder) / "gowalla" / "train.txt").snapshot


if __name__ == "__main__":
    main()
