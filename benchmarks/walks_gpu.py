"""P3 and personalized PageRank, top-100 for users of Gowalla: a GPU against the processor, and how far they differ.

    python benchmarks/walks_gpu.py [DEVICE]

DEVICE is what torch calls it, the first GPU by default; without one this says so and ends. ``cpu:0`` times torch's own
products on the processor. Gowalla is taken from the folder GRAPHREC_DATA or from ../shared/data, as a folder or a zip.
The two take turns; rates are medians over the turns, and the ratio the median of the turns' ratios. On the GPU the
whole way is timed, from the rows of users to lists in the processor's memory; the graph is brought there beforehand.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from walks import gowalla

from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.models.devices import gpu_is_there
from graphrec_neo4j.results import NO_ITEM, TopK
from graphrec_neo4j.snapshot import GraphSnapshot

K, TURNS, COMPARED = 100, 5, 256
USERS = {"p3": 16384, "ppr": 2048}

Users = npt.NDArray[np.integer]


def main() -> None:
    device = sys.argv[1] if sys.argv[1:] else "cuda"
    if device == "cuda" and not gpu_is_there():
        print("no GPU here: torch is not installed or sees none, so there is nothing to compare.")
        return
    snapshot = gowalla()
    about = snapshot.interactions
    print(f"{about.shape[0]:,} users, {about.shape[1]:,} items, {about.nnz:,} interactions, top-{K}")
    columns = ("users", "processor/s", f"{device}/s", "ratio", "largest difference", "items in common")
    print(" " * 6 + "".join(f"{column:>{len(column) + 3}}" for column in columns))
    for name, count in USERS.items():
        compare(name, count, snapshot, device)
    print(f"{described(device)}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"command: python {' '.join(sys.argv)}")


def compare(name: str, count: int, snapshot: GraphSnapshot, device: str) -> None:
    """Print one row: both rates, their ratio, and how far scores and lists of some users differ."""
    here, there = (create(name).fit(snapshot) for _ in range(2))
    here.device, there.device = "cpu", device  # type: ignore[attr-defined]
    users = np.random.default_rng(0).permutation(len(snapshot.users))
    ways = [lister(model, snapshot) for model in (here, there)]
    rates = np.array([[rate(way, users[:count]) for way in ways] for _ in range(TURNS)])
    some = users[:COMPARED]
    difference = np.abs(here.scores(some) - there.scores(some)).max()
    same = np.mean([agree(*pair) for pair in zip(*(way(some).items for way in ways), strict=True)])
    first, second = np.median(rates, axis=0)
    ratio = statistics.median(rates[:, 1] / rates[:, 0])
    there_width = len(device) + 5
    print(f"{name:6}{count:8,}{first:14,.0f}{second:{there_width},.0f}{ratio:7.1f}x{difference:21.1e}{same:18.1%}")


def agree(first: npt.NDArray[np.int32], second: npt.NDArray[np.int32]) -> float:
    """The share of one list's items that the other has too."""
    listed = first[first != NO_ITEM]
    return float(np.isin(listed, second).mean()) if len(listed) else 1.0


def lister(model: Recommender, snapshot: GraphSnapshot) -> Callable[[Users], TopK]:
    """What makes the lists of many users, compiled or brought to its device."""
    model.top_k(np.arange(64), K, snapshot.seen)
    return lambda users: model.top_k(users, K, snapshot.seen)


def rate(way: Callable[[Users], TopK], users: Users) -> float:
    """Users a second."""
    start = time.perf_counter()
    way(users)
    return len(users) / (time.perf_counter() - start)


def described(device: str) -> str:
    import torch

    kind = torch.device(device).type
    return f"torch {torch.__version__}, {torch.cuda.get_device_name(device) if kind == 'cuda' else device}"


if __name__ == "__main__":
    main()
