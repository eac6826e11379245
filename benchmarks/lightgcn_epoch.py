"""One LightGCN training step and epoch on Gowalla, against the same steps on PyTorch Geometric's own propagation.

    python benchmarks/lightgcn_epoch.py ../shared/data/gowalla/train.txt

All sides share network, loss, batches and optimiser and differ in ``get_embedding`` alone: ours is a CSR product
whose backward knows the symmetry; PyTorch Geometric's gathers and scatters along the edge index, as its LightGCN
does out of the box, or uses the same CSR matrix with autograd's backward. Once for the propagation alone, forward
and backward, and once for whole training steps. Rounds alternate, so that what else the machine does falls on all
alike; ratios are medians over the rounds.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch_geometric
from torch_geometric.nn import LGConv
from torch_geometric.nn import LightGCN as Reference

from graphrec_neo4j.models.lightgcn import LightGCN
from graphrec_neo4j.training.graph import TrainingGraph
from graphrec_neo4j.training.loop import shuffled
from graphrec_neo4j.training.objectives import objective_for
from loaders.from_edge_lists import load_adjacency

ROUNDS = 3


def main(path: Path) -> None:
    model = LightGCN()
    settings, generator = model.settings, torch.Generator().manual_seed(0)
    graph = TrainingGraph.of(load_adjacency(path).snapshot, seed=0, device="cpu")
    encoder, objective = model._network(graph), objective_for(settings, graph.known, generator)
    network = encoder.network
    ways: dict[str, Callable[[], torch.Tensor]] = {
        "CSR, symmetric backward (ours)": lambda: type(network).get_embedding(network, graph.adjacency),
        "PyG LGConv on the CSR matrix": lambda: on_csr(network, graph.adjacency),
        "PyG LightGCN on the edge index": lambda: Reference.get_embedding(network, graph.edges),
    }
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    batch = shuffled(graph.known.learners(), settings.batches, generator)[0]
    alone: dict[str, list[float]] = {way: [] for way in ways}
    steps: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(1 + ROUNDS):
        for way, embed in ways.items():
            alone[way].append(seconds(lambda embed=embed: embed().sum().backward()))
            network.get_embedding = lambda _, embed=embed: embed()
            steps[way].append(seconds(lambda: step(objective(*encoder(), batch), optimiser)))
    print(f"{len(graph.known.items):,} interactions, {settings.layers} layers, {settings.dimensions} dimensions")
    report("propagation", alone, 1)
    report(f"step of {len(batch):,} users, {settings.negatives:,} negatives", steps, settings.batches)
    versions = f"torch {torch.__version__}, torch-geometric {torch_geometric.__version__}"
    print(f"\n{platform.machine()}, {torch.get_num_threads()} threads, Python {platform.python_version()}, {versions}")
    print(f"command: python {' '.join(sys.argv)}")


def on_csr(network: Reference, adjacency: torch.Tensor) -> torch.Tensor:
    """The layers of PyTorch Geometric on a matrix that is normalised once."""
    layer, x = LGConv(normalize=False), network.embedding.weight
    total = x * network.alpha[0]
    for weight in network.alpha[1:]:
        x = layer(x, adjacency)
        total = total + x * weight
    return total


def step(loss: torch.Tensor, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(what: str, times: dict[str, list[float]], per_epoch: int) -> None:
    """One line a way, without the first round, which warms up."""
    print(f"\n{what:48}{'ms':>8}{'epoch, s':>10}{'ratio':>8}")
    ours = next(iter(times.values()))[1:]
    for way, (_, *taken) in times.items():
        ratio = statistics.median(other / mine for other, mine in zip(taken, ours, strict=True))
        median = statistics.median(taken)
        epoch = f"{per_epoch * median:10.1f}" if per_epoch > 1 else f"{'':10}"
        print(f"{way:48}{1000 * median:8.0f}{epoch}{ratio:8.1f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
