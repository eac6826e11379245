"""Personalized PageRank on Gowalla to an L1 error of 1e-6: users a second, against what others use.

    pip install igraph scikit-network networkx
    python benchmarks/page_rank.py

Gowalla is taken from the folder GRAPHREC_DATA or from ../shared/data, as a folder or a zip. All ways take turns,
so that what else the machine does falls on all alike; a ratio is the median over the turns. Processor time a user
is printed too, because it means something on a busy machine as well. Everyone gives the ranks of all nodes, from
a graph that is built beforehand, restarting with probability 0.15, and is as fast as we could make it at this
error: networkx with the largest tolerance that ensures it; scikit-network by power iteration, its fastest solver
that gets there, with the fewest rounds that do; igraph by PRPACK, which has nothing to set and gives more; scipy
with 64 users a block, on one thread and on as many as ours. Errors are against 200 plain iterations in 64 bits.
Who is not installed is left out.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import numpy.typing as npt
import scipy
from scipy import sparse
from walks import gowalla

from graphrec_neo4j.models import create
from graphrec_neo4j.walks.page_rank import personalized_page_rank
from graphrec_neo4j.walks.typed_graph import TypedGraph

DAMPING, ERROR, ROUNDS = 0.85, 1e-6, 85
TURNS, SCIPY_BLOCK, ALONE = 5, 64, 200

Users = npt.NDArray[np.integer]
Ranks = npt.NDArray[np.floating]
Way = tuple[Callable[[Users], Ranks], int]


def main() -> None:
    snapshot = gowalla()
    graph, threads = TypedGraph.of(snapshot), os.cpu_count() or 1
    ways: dict[str, Way] = {
        f"ours, {threads} threads": (lambda users: ours(graph, users, threads), 256 * threads),
        "ours, 1 thread": (lambda users: ours(graph, users, 1), 128),
        "scipy, 1 thread": (scipy_way(graph, 1), SCIPY_BLOCK),
        f"scipy, {threads} threads": (scipy_way(graph, threads), SCIPY_BLOCK * threads),
    }
    peers = (("igraph", igraph_way, 4), ("sknetwork", scikit_network_way, 4), ("networkx", networkx_way, 1))
    for module, peer, count in peers:
        if importlib.util.find_spec(module):
            ways[f"{module} {importlib.import_module(module).__version__}"] = (peer(graph), count)
    n_users = snapshot.interactions.shape[0]
    print(f"{n_users:,} users, {len(graph):,} nodes, {graph.weights.nnz // 2:,} edges")
    report(ways, errors(graph, ways, n_users), n_users)
    on_demand(snapshot)
    print(
        f"{platform.machine()}, {threads} cores, Python {platform.python_version()}, numpy {np.__version__}", end=", "
    )
    print(f"scipy {scipy.__version__}, numba {numba.__version__}\ncommand: python {' '.join(sys.argv)}")


def starts_at(graph: TypedGraph, users: Users) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(users)), (np.arange(len(users)), users)), shape=(len(users), len(graph)))


def ours(graph: TypedGraph, users: Users, threads: int) -> Ranks:
    return personalized_page_rank(graph, starts_at(graph, users), 1 - DAMPING, ERROR, threads=threads)


def steps_of(graph: TypedGraph) -> sparse.csr_matrix:
    return (sparse.diags(1 / graph.degrees) @ graph.weights).T.tocsr()


def iterated(step: sparse.csr_matrix, starts: sparse.csr_matrix, rounds: int) -> Ranks:
    restarts = starts.toarray().T
    ranks = restarts
    for _ in range(rounds):
        ranks = DAMPING * (step @ ranks) + (1 - DAMPING) * restarts
    return ranks.T


def scipy_way(graph: TypedGraph, threads: int) -> Callable[[Users], Ranks]:
    step = steps_of(graph)

    def way(users: Users) -> Ranks:
        blocks = [users[first : first + SCIPY_BLOCK] for first in range(0, len(users), SCIPY_BLOCK)]
        with ThreadPoolExecutor(threads) as pool:
            return np.vstack(list(pool.map(lambda block: iterated(step, starts_at(graph, block), ROUNDS), blocks)))

    return way


def igraph_way(graph: TypedGraph) -> Callable[[Users], Ranks]:
    import igraph

    half = sparse.triu(graph.weights).tocoo()
    made = igraph.Graph(n=len(graph), edges=np.column_stack([half.row, half.col]).tolist())
    return lambda users: np.array(
        [made.personalized_pagerank(damping=DAMPING, reset_vertices=int(user)) for user in users]
    )


def scikit_network_way(graph: TypedGraph) -> Callable[[Users], Ranks]:
    from sknetwork.ranking import PageRank

    walk = PageRank(damping_factor=DAMPING, solver="piteration", n_iter=ROUNDS, tol=0)
    return lambda users: np.array([walk.fit_predict(graph.weights, weights={int(user): 1.0}) for user in users])


def networkx_way(graph: TypedGraph) -> Callable[[Users], Ranks]:
    import networkx

    made, nodes = networkx.from_scipy_sparse_array(graph.weights), range(len(graph))
    # A change of t in a round leaves an error of at most t * damping / (1 - damping); networkx asks for t / n.
    tolerance = ERROR * (1 - DAMPING) / DAMPING / len(graph)

    def way(users: Users) -> Ranks:
        found = [networkx.pagerank(made, DAMPING, {int(user): 1.0}, 1000, tolerance) for user in users]
        return np.array([[ranks[node] for node in nodes] for ranks in found])

    return way


def errors(graph: TypedGraph, ways: dict[str, Way], n_users: int) -> dict[str, float]:
    """The largest L1 error of some users; whoever counts few users a turn is asked for as many."""
    users = np.random.default_rng(1).choice(n_users, SCIPY_BLOCK, replace=False)
    expected = iterated(steps_of(graph), starts_at(graph, users), 200)
    found = {}
    for way, (work, count) in ways.items():
        some = users[:count]
        found[way] = float(np.abs(work(some) - expected[: len(some)]).sum(axis=1).max())
    return found


def report(ways: dict[str, Way], wrong: dict[str, float], n_users: int) -> None:
    random = np.random.default_rng(0)
    rates: dict[str, list[float]] = {way: [] for way in ways}
    work_of: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(TURNS):
        for way, (work, count) in ways.items():
            users = random.permutation(n_users)[:count]
            start, worked = time.perf_counter(), time.process_time()
            work(users)
            rates[way].append(count / (time.perf_counter() - start))
            work_of[way].append(1e3 * (time.process_time() - worked) / count)
    many, one = list(rates.values())[:2]
    print(f"{'':20}{'users/s':>10}{'best':>10}{'ours is':>10}{'1 thread':>10}{'CPU ms/user':>13}{'L1 error':>10}")
    for way, theirs in rates.items():
        ratios = [statistics.median(a / b for a, b in zip(mine, theirs, strict=True)) for mine in (many, one)]
        print(
            f"{way:20}{statistics.median(theirs):10,.2f}{max(theirs):10,.2f}{ratios[0]:9.1f}x{ratios[1]:9.1f}x", end=""
        )
        print(f"{statistics.median(work_of[way]):13,.2f}{wrong[way]:10.1e}")


def on_demand(snapshot: object) -> None:
    """One user after the other, as a server would ask; the graph is warm."""
    model = create("ppr").fit(snapshot)
    model.scores(np.arange(1))
    took = []
    for user in np.random.default_rng(2).choice(model.n_users, ALONE, replace=False):
        start = time.perf_counter()
        model.scores(np.array([user]))
        took.append(1e3 * (time.perf_counter() - start))
    print(
        f"one user on demand: median {np.median(took):.1f} ms, 99th percentile {np.percentile(took, 99):.1f} ms, ",
        end="",
    )
    print(f"best {min(took):.1f} ms, over {ALONE} users")


if __name__ == "__main__":
    main()
