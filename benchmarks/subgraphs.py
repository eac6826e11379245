"""Whether the edges that ``explain --subgraph`` names carry the score: without them against without as many others.

    python benchmarks/subgraphs.py gat graphsage hetero lightgcn --pairs 50

Each model is fitted with its defaults on the train part of a random fifth split (seed 0) of MovieLens latest-small. One
item of the best 20 is drawn for each of so many random users with at least 10 interactions (seed 1). The frozen network
is asked again over the pair's computation graph: without the edges of the subgraph, without as many edges drawn at
random from the same computation graph (mean of five draws), and without as many drawn from those that touch the user or
the item, which is the harder control. "better" is the share of pairs whose score falls further without the subgraph's
edges. "kB" is what the network adds to the saved model. The data set is taken from the folder GRAPHREC_DATA or from
../shared/data, unpacked or as a zip.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from explanations import FOLDERS, unpacked

from graphrec_neo4j.models import create
from graphrec_neo4j.models.computation_graph import ITEMS, USERS
from graphrec_neo4j.models.minimal_subgraph import MaskedScore, score_over, subgraph_of, view_over
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.formats import load

LEAST, DEPTH, DRAWS = 10, 20, 5
COLUMNS = ("edges", "of", "score", "only", "bare", "without", "random", "touching", "no edge")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--pairs", type=int, default=50)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        train = random_split(load("movielens", unpacked(FOLDERS["movielens"], Path(folder))).snapshot, seed=0).train
    print(f"{'model':12}" + "".join(f"{name:>10}" for name in (*COLUMNS, "better", "harder", "p50 s", "max s", "kB")))
    for model in asked.models:
        print(line(model, train, asked.pairs), flush=True)
    print(f"{platform.machine()}, Python {platform.python_version()}; command: python {' '.join(sys.argv)}")


def line(name: str, train: GraphSnapshot, pairs: int) -> str:
    """One model's figures: means over the pairs, medians of edges, and shares of pairs."""
    model: Any = create(name).fit(train)
    random = np.random.default_rng(1)
    users = random.choice(np.flatnonzero(np.diff(train.interactions.indptr) >= LEAST), pairs, replace=False)
    items = [int(random.choice(row)) for row in model.top_k(users, DEPTH, train.seen).items]
    view, rows = view_over(model, train), []
    for user, item in zip(users.tolist(), items, strict=True):
        began = time.perf_counter()
        torch.manual_seed(0)
        score = score_over(view, model.settings, user, item)
        found = subgraph_of(score)
        seconds = time.perf_counter() - began
        close = touching(score, user, item)
        chance = mean_without(score, np.arange(found.reached), len(found.edges), random)
        harder = mean_without(score, close, len(found.edges), random)
        told = found.score, found.only, found.bare, found.without, chance, harder
        rows.append((len(found.edges), found.reached, *told, not found.edges, seconds))
    table = np.array(rows, dtype=np.float64)
    median, mean = np.median(table, axis=0), table.mean(axis=0)
    cells = [f"{median[0]:.0f}", f"{median[1]:.0f}", *(f"{value:.3f}" for value in mean[2:8]), f"{mean[8]:.2f}"]
    cells += [f"{(table[:, 5] < table[:, column]).mean():.2f}" for column in (6, 7)]
    cells += [f"{median[9]:.1f}", f"{table[:, 9].max():.1f}"]
    cells.append(f"{sum(values.nbytes for values in model.parameters.values()) / 1000:,.0f}")
    return f"{name:12}" + "".join(f"{cell:>10}" for cell in cells)


def touching(score: MaskedScore, user: int, item: int) -> npt.NDArray[np.int64]:
    """The edges of a computation graph that have the user or the item for an end."""
    ends = [score.part.ends(edge)[1:] for edge in range(len(score.part))]
    return np.flatnonzero([(USERS, user) in pair or (ITEMS, item) in pair for pair in ends])


def mean_without(
    score: MaskedScore, drawn_from: npt.NDArray[np.int64], count: int, random: np.random.Generator
) -> float:
    """The mean score without ``count`` edges, or all if there are fewer, drawn so many times."""
    count = min(count, len(drawn_from))
    return float(np.mean([score.without(random.choice(drawn_from, count, replace=False)) for _ in range(DRAWS)]))


if __name__ == "__main__":
    main()
