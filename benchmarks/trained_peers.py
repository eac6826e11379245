"""Training on Gowalla against what people train with now: RecBole's LightGCN and the BPR of ``implicit``.

    pip install implicit
    python benchmarks/trained_peers.py --recbole /path/of/an/environment/bin/python

RecBole wants older numpy and scipy than we do, so it runs in an environment of its own (``recbole_steps.py`` beside
this file) and is asked for a step whenever it is its turn. Both make whole training steps of LightGCN, 3 layers, 64
dimensions, with BPR and one negative an interaction; ours deals the users into batches with about as many interactions
as RecBole's have. An epoch is a step's seconds times its steps; ratios are medians over the turns.

``implicit``'s BPR (63 factors and a bias, its defaults otherwise) makes whole epochs in turns with our ``mf`` under the
same loss. An epoch says little where steps are of different worth, so both are also trained as they come out of the
box on a random part of the training interactions, and judged on the tenth left out. Gowalla is taken from the folder
GRAPHREC_DATA or from ../shared/data.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from implicit.bpr import BayesianPersonalizedRanking
from walks import gowalla

from graphrec_neo4j.models import create
from graphrec_neo4j.models.lightgcn import LightGCN
from graphrec_neo4j.models.mf import MatrixFactorisation
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.ranking.evaluation import accuracy
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.graph import TrainingGraph
from graphrec_neo4j.training.loop import shuffled
from graphrec_neo4j.training.objectives import objective_for

TURNS, K = 5, 20
REST = 1.0
"""Seconds before each turn: the threads of the other process spin for a while after theirs."""
BATCHES = (2_048, 27_000)
WORKER = Path(__file__).with_name("recbole_steps.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recbole", help="the Python of an environment with recbole")
    asked = parser.parse_args()
    snapshot = gowalla()
    print(f"{snapshot.interactions.nnz:,} interactions, {torch.get_num_threads()} threads")
    if asked.recbole:
        with tempfile.TemporaryDirectory() as folder:
            path = adjacency_list(snapshot, Path(folder))
            for batch in BATCHES:
                against_recbole(snapshot, [asked.recbole, str(WORKER), str(path), str(batch)], batch)
    against_implicit(snapshot)
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "implicit"))
    load = os.getloadavg()[0]
    print(f"\n{platform.machine()}, Python {platform.python_version()}, {versions}, load average {load:.1f}")
    print(f"command: python {Path(sys.argv[0]).name} {'--recbole PYTHON' if asked.recbole else ''}")


class Ours:
    """Training steps of one of our models, made one at a time."""

    def __init__(self, model: TrainedModel, snapshot: GraphSnapshot) -> None:
        self.settings, self.generator = model.settings, torch.Generator().manual_seed(0)
        self.graph = TrainingGraph.of(snapshot, seed=0, device="cpu")
        self.network = model._network(self.graph)
        self.objective = objective_for(self.settings, self.graph.known, self.generator)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=1e-3, fused=True)
        self.batches: list[torch.Tensor] = []

    def step(self) -> float:
        """Make one step and return its seconds."""
        start = time.perf_counter()
        if not self.batches:
            self.batches = list(shuffled(self.graph.known.learners(), self.settings.batches, self.generator))
        self.optimiser.zero_grad()
        self.objective(*self.network(), self.batches.pop()).backward()
        self.optimiser.step()
        return time.perf_counter() - start

    def epoch(self) -> float:
        """Make all steps of an epoch and return their seconds."""
        return sum(self.step() for _ in range(self.settings.batches))


def adjacency_list(snapshot: GraphSnapshot, folder: Path) -> Path:
    """Write a line of item rows for each user."""
    likes = snapshot.interactions.tocsr()
    lines = (f"{user} {' '.join(map(str, likes[user].indices))}" for user in range(likes.shape[0]))
    (folder / "train.txt").write_text("\n".join(lines))
    return folder / "train.txt"


def against_recbole(snapshot: GraphSnapshot, worker: list[str], batch: int) -> None:
    ours = Ours(LightGCN.with_settings(loss="bpr", batches=round(snapshot.interactions.nnz / batch)), snapshot)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": Path(worker[-2]).parent}
    with subprocess.Popen(worker, text=True, **pipes) as recbole:
        assert recbole.stdin is not None
        assert recbole.stdout is not None
        steps = int(recbole.stdout.readline())
        turns = []
        for _ in range(1 + TURNS):
            time.sleep(REST)
            mine = ours.step() * ours.settings.batches
            time.sleep(REST)
            recbole.stdin.write("step\n")
            recbole.stdin.flush()
            turns.append((mine, float(recbole.stdout.readline()) * steps))
        recbole.stdin.close()
    report(f"LightGCN, an epoch in batches of {batch:,}", "RecBole", turns[1:])


def against_implicit(snapshot: GraphSnapshot) -> None:
    ours = Ours(MatrixFactorisation.with_settings(loss="bpr"), snapshot)
    report("BPR, an epoch", "implicit", [(ours.epoch(), implicit_bpr(snapshot, 1)[1]) for _ in range(1 + TURNS)][1:])
    split = random_split(snapshot, 0.1, seed=0)
    users = np.arange(len(snapshot.users))
    theirs, seconds = implicit_bpr(split.train, 100)
    lists, _ = theirs.recommend(users, split.train.seen.tocsr(), N=K)
    judged("implicit's BPR, 100 epochs", lists, split.test, seconds)
    for settings in ({"loss": "bpr"}, {"loss": "bsl"}):
        start = time.perf_counter()
        model = create("mf", **settings).fit(split.train)
        seconds = time.perf_counter() - start
        top = model.top_k(users, K, split.train.seen)
        judged(f"mf with {settings['loss']}, as it comes", top.items, split.test, seconds)


def implicit_bpr(snapshot: GraphSnapshot, epochs: int) -> tuple[Any, float]:
    """Train and return the model and the seconds."""
    model = BayesianPersonalizedRanking(factors=63, iterations=epochs, random_state=0, num_threads=os.cpu_count() or 1)
    likes = snapshot.interactions.tocsr().astype(np.float32)
    start = time.perf_counter()
    model.fit(likes, show_progress=False)
    return model, time.perf_counter() - start


def judged(name: str, lists: Any, truth: Any, seconds: float) -> None:
    means = {metric: np.nanmean(values) for metric, values in accuracy(lists, truth).items()}
    print(f"{name:34} recall@{K} {means['recall']:.4f}, NDCG@{K} {means['ndcg']:.4f} after {seconds:.1f} s")


def report(what: str, other: str, turns: list[tuple[float, float]]) -> None:
    ours, theirs = (statistics.median(times) for times in zip(*turns, strict=True))
    ratio = statistics.median(other / mine for mine, other in turns)
    print(f"{what}: ours {ours:.2f} s, {other} {theirs:.2f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
