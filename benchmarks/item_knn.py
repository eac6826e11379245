"""item-kNN on Gowalla against ``implicit``'s: seconds to fit and to make top-20 lists for everyone.

    pip install implicit
    python benchmarks/item_knn.py

200 neighbours an item, by cosine and by TF-IDF, at as many threads as there are cores, ours and ``implicit``'s in
turns; ratios are medians over the turns. ``implicit`` counts an item among its own neighbours, so it is given one more.

What is made is compared, too. Ties: the share of ours that ``implicit`` has as well, and the largest difference of
their weights. They may differ where the last neighbours tie, and by TF-IDF in how rare users weigh (ours
``log(items / n) + .001``, theirs ``log(items / (n + 1))``). Lists: the two differ in who listens to whom. Ours lets an
item speak for the items whose neighbours it is among, ``implicit`` for its own neighbours; so lists are also made by
``implicit`` with its ties turned round, which are ours but where last neighbours tie. All are judged by recall@20 and
NDCG@20 on a random
tenth held out of the training interactions. Gowalla is taken from the folder GRAPHREC_DATA or from ../shared/data.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
import warnings
from importlib.metadata import version

import numba
import numpy as np
import numpy.typing as npt
from implicit._nearest_neighbours import NearestNeighboursScorer
from implicit.nearest_neighbours import CosineRecommender, ItemItemRecommender, TFIDFRecommender
from implicit.utils import ParameterWarning
from scipy import sparse
from walks import gowalla

from graphrec_neo4j.models import create
from graphrec_neo4j.models.item_knn import ItemKNN
from graphrec_neo4j.ranking.evaluation import accuracy
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.snapshot import GraphSnapshot

NEIGHBOURS, K, TURNS = 200, 20, 5
KINDS: dict[str, type[ItemItemRecommender]] = {"cosine": CosineRecommender, "tf-idf": TFIDFRecommender}
THREADS = os.cpu_count() or 1

Lists = npt.NDArray[np.integer]
Made = tuple[ItemItemRecommender | ItemKNN, Lists, float, float]


def main() -> None:
    # implicit warns of a conversion that costs it 4 ms.
    warnings.filterwarnings("ignore", category=ParameterWarning)
    snapshot = gowalla()
    likes, split = snapshot.interactions, random_split(snapshot, 0.1, seed=0)
    print(f"{likes.shape[0]:,} users, {likes.shape[1]:,} items, {likes.nnz:,} interactions, {THREADS} threads")
    ours(split.train, "cosine")
    for kind in KINDS:
        turns = [(ours(snapshot, kind), theirs(snapshot, kind)) for _ in range(TURNS)]
        report(kind, turns)
        compare(snapshot, *turns[-1])
        other, lists, *_ = theirs(split.train, kind)
        judged = {"ours": ours(split.train, kind)[1], "implicit": lists, "implicit, turned": turned(other, split.train)}
        for name, made in judged.items():
            means = {metric: np.nanmean(values) for metric, values in accuracy(made, split.test).items()}
            print(f"  {name:18} held-out recall@{K} {means['recall']:.4f}, NDCG@{K} {means['ndcg']:.4f}")
    print(
        f"{platform.machine()}, {THREADS} cores, Python {platform.python_version()}, numpy {np.__version__}", end=", "
    )
    print(f"numba {numba.__version__}, implicit {version('implicit')}, load average {os.getloadavg()[0]:.1f}")
    print(f"command: python {' '.join(sys.argv)}")


def ours(snapshot: GraphSnapshot, kind: str) -> Made:
    start = time.perf_counter()
    model = create("item-knn", neighbours=NEIGHBOURS, similarity=kind, shrinkage=0.0).fit(snapshot)
    fitted = time.perf_counter()
    made = model.top_k(np.arange(len(snapshot.users)), K, snapshot.seen).items
    return model, made, fitted - start, time.perf_counter() - fitted


def theirs(snapshot: GraphSnapshot, kind: str) -> Made:
    likes = snapshot.interactions.astype(np.float64)
    start = time.perf_counter()
    model = KINDS[kind](K=NEIGHBOURS + 1, num_threads=0)
    model.fit(likes, show_progress=False)
    fitted = time.perf_counter()
    made, _ = model.recommend(np.arange(likes.shape[0]), likes, N=K, filter_already_liked_items=True)
    return model, made, fitted - start, time.perf_counter() - fitted


def turned(model: ItemItemRecommender, snapshot: GraphSnapshot) -> Lists:
    """Lists by ``implicit`` from ties that are turned round."""
    likes = snapshot.interactions.astype(np.float64)
    other = ItemItemRecommender(K=model.K)
    other.similarity = model.similarity.T.tocsr()
    other.scorer = NearestNeighboursScorer(other.similarity)
    return other.recommend(np.arange(likes.shape[0]), likes, N=K, filter_already_liked_items=True)[0]


def report(kind: str, turns: list[tuple[Made, Made]]) -> None:
    print(f"\n{kind}, {NEIGHBOURS} neighbours{'':14}{'ours, s':>9}{'implicit, s':>13}{'ratio':>8}")
    parts = {
        "fit": lambda made: made[2],
        f"top-{K} lists": lambda made: made[3],
        "both": lambda made: made[2] + made[3],
    }
    for part, seconds_of in parts.items():
        pairs = [(seconds_of(mine), seconds_of(other)) for mine, other in turns]
        mine, other = (statistics.median(taken) for taken in zip(*pairs, strict=True))
        ratio = statistics.median(other / mine for mine, other in pairs)
        print(f"  {part:36}{mine:9.2f}{other:13.2f}{ratio:7.1f}x")


def compare(snapshot: GraphSnapshot, mine: Made, other: Made) -> None:
    ties = without_diagonal(other[0].similarity)
    graph = mine[0].graph.T.tocsr()
    both = graph.multiply(ties > 0).tocsr()
    shared, apart = both.nnz / graph.nnz, abs(both - ties.multiply(graph > 0)).max()
    print(f"  {graph.nnz:,} ties, of which implicit has {shared:.3%}; their weights differ by {apart:.1e} at most")
    print(f"  lists: {overlap(mine[1], other[1]):.3%} of the items are the same,", end=" ")
    print(f"{overlap(mine[1], turned(other[0], snapshot)):.3%} with implicit's ties turned round")


def without_diagonal(ties: sparse.csr_matrix) -> sparse.csr_matrix:
    ties = ties.copy()
    ties.setdiag(0)
    ties.eliminate_zeros()
    return ties


def overlap(some: Lists, others: Lists) -> float:
    """The share of places that hold an item which is anywhere in the other list of the same user."""
    return float(np.mean([np.isin(mine, theirs).mean() for mine, theirs in zip(some, others, strict=True)]))


if __name__ == "__main__":
    main()
