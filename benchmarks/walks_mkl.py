"""P3 top-100 for users of Gowalla against sparse products by MKL.

    pip install sparse_dot_mkl mkl
    python benchmarks/walks_mkl.py

What scipy multiplies in ``walks.py`` is multiplied by MKL, sparse times sparse in 32 bits, at as many threads as there
are cores, or at one in each of as many threads, which picks lists at the same time; and, with all items tied to all
others beforehand by MKL's general product or by its Gram product, which are not timed with the users, each user's items
times those ties ("tied"). The number of users a block is the best of six in a first round. Picking is that of
``walks.py``.

Gowalla is taken from the folder GRAPHREC_DATA or from ../shared/data. All ways take turns, so that what else the
machine does falls on all alike; the ratio is the median over the turns.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from importlib.metadata import files, version

import numpy as np
import numpy.typing as npt
from scipy import sparse
from walks import OUR_USERS, SCIPY_USERS, K, Way, along, by_products, gowalla, lister, report, row_normalised

# The wheel of MKL lies where sparse_dot_mkl does not look by itself.
os.environ.setdefault("MKL_RT", str(next(file.locate() for file in files("mkl") or () if "libmkl_rt" in file.name)))
from sparse_dot_mkl import dot_product_mkl, gram_matrix_mkl, mkl_set_num_threads_local

BLOCKS = (31, 62, 125, 250, 500, 1000)
THREADS = os.cpu_count() or 1

Users = npt.NDArray[np.integer]


class Products:
    """The rows of a product of sparse matrices, which MKL makes when they are asked for."""

    def __init__(self, *factors: sparse.csr_matrix) -> None:
        self.factors = factors

    def __getitem__(self, users: Users) -> sparse.csr_matrix:
        return reduce(dot_product_mkl, self.factors[1:], self.factors[0][users])


def main() -> None:
    snapshot = gowalla()
    likes = snapshot.interactions
    steps = [row_normalised(matrix).astype(np.float32) for matrix in (likes, likes.T.tocsr(), likes)]
    print(f"{likes.shape[0]:,} users, {likes.shape[1]:,} items, {likes.nnz:,} interactions, top-{K}")
    tied = {}
    for name, product in (("MKL, general", dot_product_mkl), ("MKL, Gram", gram)):
        start = time.perf_counter()
        ties = product(steps[1], steps[2])
        size = (ties.data.nbytes + ties.indices.nbytes) / 2**20
        print(f"{name}: all ties between items in {time.perf_counter() - start:.1f} s, {size:,.0f} MiB", flush=True)
        tied[name] = ties
    assert abs(tied["MKL, general"] - tied["MKL, Gram"]).max() < 1e-6
    tried = {"MKL": Products(*steps), "MKL, tied": Products(steps[0], tied["MKL, general"])}
    ways: dict[str, Way] = {f"ours, {THREADS} threads": (lister(along(snapshot, 3), snapshot), OUR_USERS)}
    agree(tried, likes)
    for name, products in tried.items():
        for how, inside in (("", THREADS), (" each", 1)):
            block, work = quickest({block: by_blocks(products, likes, block, inside) for block in BLOCKS})
            ways[f"{name}{how}, {block}"] = (work, SCIPY_USERS)
    report(ways, likes.shape[0])
    print(
        f"{platform.machine()}, {THREADS} cores, Python {platform.python_version()}, numpy {np.__version__}", end=", "
    )
    print(", ".join(f"{name} {version(name)}" for name in ("sparse_dot_mkl", "mkl")), end=", ")
    print(f"load average {os.getloadavg()[0]:.1f}\ncommand: python {' '.join(sys.argv)}")


def gram(to_users: sparse.csr_matrix, to_items: sparse.csr_matrix) -> sparse.csr_matrix:
    """All ties between items from half of a symmetric product; each step divides by the degree of where it leaves."""
    half = gram_matrix_mkl(to_items.sqrt())
    whole = half + sparse.triu(half, 1).T
    of_items = to_users.max(axis=1).toarray().ravel()
    return sparse.csr_matrix(sparse.diags(of_items) @ whole).astype(np.float32)


def agree(tried: dict[str, Products], likes: sparse.csr_matrix) -> None:
    """All ways to multiply give the same rows, or the benchmark means nothing."""
    users = np.arange(0, likes.shape[0], 997)
    first, *others = (products[users] for products in tried.values())
    for other in others:
        assert abs(first - other).max() < 1e-6


def by_blocks(products: Products, likes: sparse.csr_matrix, block: int, threads: int) -> Callable[[Users], None]:
    """Lists of many users, a block at a time; blocks are shared out among threads where MKL takes one."""

    def lists(users: Users) -> None:
        mkl_set_num_threads_local(threads)
        for start in range(0, len(users), block):
            by_products([products], likes, users[start : start + block])  # type: ignore[list-item]

    def shared_out(users: Users) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lists, np.array_split(users, THREADS)))

    return shared_out if threads == 1 else lists


def quickest(ways: dict[int, Callable[[Users], None]]) -> tuple[int, Callable[[Users], None]]:
    """The block that made lists of some users fastest, and what makes lists with it."""
    users, taken = np.random.default_rng(1).permutation(20_000)[:SCIPY_USERS], {}
    for block, work in ways.items():
        start = time.perf_counter()
        work(users)
        taken[block] = time.perf_counter() - start
    block = min(taken, key=lambda block: taken[block])
    return block, ways[block]


if __name__ == "__main__":
    main()
