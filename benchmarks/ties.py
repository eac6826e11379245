"""What social ties are worth to ``auto``: with the real ones, with shuffled ones, and without.

    python benchmarks/ties.py TRAIN TEST TIES [BUDGET]

Files as for ``graphrec-neo4j evaluate``; BUDGET is auto's seconds, 120 by default. Ties to oneself are left out. The
control keeps how many friends everyone has and draws anew who they are (ten swaps of the ends of two ties for each
tie, networkx, seed 0), so that
what a tie brings by making somebody well connected stays and what it brings by joining two people of one taste goes.
Recall@20 and NDCG@20 of all test users and of those with at most five train items, with 95 % bootstrap intervals of
the difference to no ties, paired by user. auto chooses on train only; the test part is only scored.
"""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

import networkx
import numpy as np
import numpy.typing as npt

from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.bootstrap import percentile_interval, resampled_means
from graphrec_neo4j.ranking.evaluation import accuracy
from graphrec_neo4j.snapshot import Edges, GraphSnapshot
from loaders.from_edge_lists import GivenSplit, read_interactions

K, FEW, SWAPS, SEED = 20, 5, 10, 0
METRICS = ("recall", "ndcg")

Floats = npt.NDArray[np.float64]


def main() -> None:
    train, test, ties = (Path(name) for name in sys.argv[1:4])
    budget = float(sys.argv[4]) if len(sys.argv) > 4 else 120.0
    given = read_interactions(train, test, ties)
    (tie,) = given.snapshot.schema.by_role("tie")
    real = given.snapshot.edges[tie]
    real = real.take(np.flatnonzero(real.source != real.target))
    graphs = {"none": real.take(np.empty(0, dtype=np.int64)), "shuffled": shuffled(real), "real": real}
    found = {name: judged(given, given.snapshot.with_edges(**{tie: edges}), budget) for name, edges in graphs.items()}
    report(given, found)
    print(f"{platform.machine()}, Python {platform.python_version()}; command: python {' '.join(sys.argv)}")


def shuffled(ties: Edges) -> Edges:
    """The same number of friends for everyone, others; ``ties`` hold each pair both ways."""
    graph = networkx.Graph(zip(ties.source.tolist(), ties.target.tolist(), strict=True))
    if 2 * graph.number_of_edges() != len(ties):
        sys.exit("the control wants ties that go both ways.")
    swaps = SWAPS * graph.number_of_edges()
    networkx.double_edge_swap(graph, swaps, max_tries=20 * swaps, seed=SEED)
    ends = np.array(graph.edges, dtype=np.int32)
    both = np.concatenate([ends, ends[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    return Edges(both[:, 0].copy(), both[:, 1].copy())


def judged(given: GivenSplit, snapshot: GraphSnapshot, budget: float) -> Floats:
    """Recall and NDCG (n_test_users, 2) of auto on ``snapshot``; prints what it made of the ties."""
    began = time.perf_counter()
    model = create("auto", budget=budget).fit(snapshot, seed=SEED)
    users = np.flatnonzero(np.diff(given.test.indptr))
    worth = accuracy(model.top_k(users, K, snapshot.seen).items, given.test[users])
    for member in model.chosen["members"]:
        print(f"  weight {member['weight']:<5g}{member['model']}")
    print(f"  {time.perf_counter() - began:.0f} s", flush=True)
    return np.stack([worth[name] for name in METRICS], axis=1)


def report(given: GivenSplit, found: dict[str, Floats]) -> None:
    sizes = np.diff(given.snapshot.interactions.indptr)[np.flatnonzero(np.diff(given.test.indptr))]
    for name, rows in (("all users", sizes >= 0), (f"at most {FEW} train items", sizes <= FEW)):
        print(f"{name}: {rows.sum():,}")
        for ties, values in found.items():
            mean, gain = values[rows].mean(axis=0), (values - found["none"])[rows]
            low, high = percentile_interval(resampled_means(gain, SEED))
            told = "  ".join(
                f"{metric}@{K} {mean[at]:.4f} ({gain[:, at].mean():+.4f}: {low[at]:+.4f} to {high[at]:+.4f})"
                for at, metric in enumerate(METRICS)
            )
            print(f"  {ties:<9}{told}", flush=True)


if __name__ == "__main__":
    main()
