"""GraphSAGE trained from Neo4j with the graph never in our memory: growth of the process, and batches per second.

    python benchmarks/stream.py [--times 10] [--batches 200] [--size 64] [--fan-out 5 3] [--uri bolt://...]

A local server with the package's own settings is started in a temporary folder and destroyed at the end; ``--uri``
names one that already holds the graph of an earlier run (``--keep`` leaves it there). The graph is Gowalla
(GRAPHREC_DATA or ../shared/data) ``--times`` over: each copy has its own users and items, every edge keeps its degrees
and leads, with even chance, into its own copy or a random one. Edges have a rating and a time, items eight numbers
(directions of Gowalla's items by singular value decomposition, with noise).

Each side runs in a process of its own and trains the same two-layer GraphSAGE with the same loss on batches of the
same size and fan-out. ``streamed`` takes them from ``Neo4jStream``; ``in memory`` reads a snapshot and samples with our
numba sampler behind PyTorch Geometric's LinkLoader. Growth is the highest resident set (VmHWM, Linux only) over that
after the imports; ``private`` is the highest anonymous part of it (RssAnon, looked at after each batch), which leaves
out the pages of torch's own code that its first step brings in. ``torch alone`` trains on made-up batches of about
the same shape. The snapshot's bytes are those of its arrays and ids. Loss is the mean over the first and the last tenth
of batches.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ask import server
from load_and_read import connection, peak, peak_reset
from scipy.sparse.linalg import svds
from torch import Tensor
from torch.nn import Linear, Module, Parameter
from torch.nn.functional import logsigmoid
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkLoader
from torch_geometric.nn import HeteroConv, SAGEConv
from torch_geometric.transforms import ToUndirected
from walks import gowalla

from graphrec_neo4j.database import Database
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.sampling.neighbours import NeighbourSampler
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes, merge_parallel
from loaders.from_neo4j import from_neo4j
from loaders.stream import Neo4jStream
from loaders.to_neo4j import to_neo4j
from loaders.to_pyg import to_hetero_data

FEATURES = 8
HIDDEN = 32
KIND = ("User", "INTERACTED", "Item")
TURNED = ("Item", "rev_INTERACTED", "User")
SCHEMA = GraphSchema.parse(
    'recommend_to = "User"\nrecommend = "Item"\n[nodes.User]\nkey_type = "integer"\n[nodes.Item]\n'
    f'key_type = "integer"\nfeatures = {[f"f{n}" for n in range(FEATURES)]}\n'
    '[edges.INTERACTED]\nfrom = "User"\nto = "Item"\nweight = "rating"\ntime = "at"\n'
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--times", type=int, default=10)
    options.add_argument("--batches", type=int, default=200)
    options.add_argument("--size", type=int, default=64)
    options.add_argument("--fan-out", type=int, nargs="+", default=[5, 3])
    options.add_argument("--sessions", type=int, default=2)
    options.add_argument("--cache", type=int, default=2, help="size of the feature cache in MiB")
    options.add_argument("--uri")
    options.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    given = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if given.side:
        print(json.dumps(SIDES[given.side](given)))
        return
    with server(given.uri) as local:
        os.environ |= {"NEO4J_URI": local.uri, "NEO4J_USERNAME": local.username, "NEO4J_PASSWORD": local.password}
        measured = {side: child(side) for side in SIDES if not (given.uri and side == "load")}
    report(measured)
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, one thread of torch, Python {platform.python_version()}")
    print(f"load average {os.getloadavg()[0]:.1f}; command: python {' '.join(sys.argv)}")


def child(side: str) -> dict[str, Any]:
    """Run one side in a process of its own and return what it measured."""
    command = [sys.executable, __file__, *sys.argv[1:], "--side", side]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def report(measured: dict[str, dict[str, Any]]) -> None:
    streamed, memory = measured["streamed"], measured["in memory"]
    print(f"{'':12}{'batches/s':>11}{'training too':>14}{'growth MiB':>12}{'private':>9}{'loss':>16}")
    for side, made in (("streamed", streamed), ("in memory", memory)):
        loss = f"{made['loss'][0]:.3f} -> {made['loss'][1]:.3f}"
        print(
            f"{side:12}{made['sampling']:11.2f}{made['training']:14.2f}{made['growth']:12.1f}{made['private']:9.1f}{loss:>16}"
        )
    print(f"streamed batches cost {memory['sampling'] / streamed['sampling']:.1f} times those in memory")
    print(f"a batch: {streamed['nodes']:,.0f} nodes, {streamed['edges']:,.0f} edges; cache hits {streamed['hits']:.0%}")
    tenth = memory["snapshot"] / 10
    alone = measured["torch alone"]["growth"]
    print(f"a tenth of the snapshot is {tenth:.1f} MiB; torch alone grows by {alone:.1f} MiB")
    for what in ("growth", "private"):
        print(f"{what} {streamed[what]:.1f} MiB: {'under' if streamed[what] < tenth else 'OVER'} the tenth")


def load(given: argparse.Namespace) -> dict[str, Any]:
    with Database(connection()) as database:
        return {"seconds": to_neo4j(database, many_times(given.times)).seconds}


def many_times(times: int) -> GraphSnapshot:
    """Gowalla ``times`` over, copies joined at random, with ratings, times and features."""
    snapshot, random = gowalla(), np.random.default_rng(0)
    edges, users, items = snapshot.edges["INTERACTED"], len(snapshot.users), len(snapshot.items)
    copy = np.repeat(np.arange(times), len(edges))
    elsewhere = np.where(random.random(len(copy)) < 0.5, copy, random.integers(0, times, len(copy)))
    source = (np.tile(edges.source, times) + copy * users).astype(np.int32)
    target = (np.tile(edges.target, times) + elsewhere * items).astype(np.int32)
    rating = random.integers(1, 6, len(copy)).astype(np.float64)
    at = 1_600_000_000_000 + random.integers(0, 10**11, len(copy))
    made, _ = merge_parallel(Edges(source, target, rating, at), "last")
    start = random.normal(size=min(users, items))
    directions = svds(snapshot.interactions, FEATURES, v0=start)[2].T * np.sqrt(items)
    features = np.tile(directions, (times, 1)) + 0.1 * random.normal(size=(times * items, FEATURES))
    nodes = {
        "User": Nodes(IdMap("User", range(times * users), "integer")),
        "Item": Nodes(IdMap("Item", range(times * items), "integer"), features=features.round(4)),
    }
    return GraphSnapshot(SCHEMA, nodes, {"INTERACTED": made})


class Sage(Module):
    """Two layers of GraphSAGE with mean aggregation; users, who have no features, start from one learned row."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.items, self.user = Linear(FEATURES, HIDDEN), Parameter(torch.zeros(1, HIDDEN))
        self.layers = torch.nn.ModuleList(
            HeteroConv({kind: SAGEConv(HIDDEN, HIDDEN) for kind in (KIND, TURNED)}) for _ in range(layers)
        )

    def forward(self, batch: HeteroData) -> dict[str, Tensor]:
        x = {"Item": self.items(batch["Item"].x), "User": self.user.expand(batch["User"].num_nodes, -1)}
        for n, layer in enumerate(self.layers):
            x = layer(x, batch.edge_index_dict)
            x = x if n + 1 == len(self.layers) else {name: rows.relu() for name, rows in x.items()}
        return x


def loss_of(model: Sage, batch: HeteroData) -> Tensor:
    """BPR: S. Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009."""
    x = model(batch)
    user = x["User"][batch["User"].src_index]
    better, worse = (x["Item"][batch["Item"][name]] for name in ("dst_pos_index", "dst_neg_index"))
    return -logsigmoid((user * (better - worse)).sum(1)).mean()


def trained(batches: Iterable[HeteroData], layers: int) -> list[float]:
    model = Sage(layers)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for batch in batches:
        optimiser.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def measured_on(batches: Iterator[HeteroData], base: float, given: argparse.Namespace) -> dict[str, Any]:
    """Batches per second, first as they come, then with training on as many others; the first tenth is warm-up."""
    private = [0.0]

    def watched() -> Iterator[HeteroData]:
        for batch in batches:
            private[0] = max(private[0], anonymous() - base)
            yield batch

    taken = watched()
    for _ in range(max(1, given.batches // 10)):
        next(taken)
    begun = time.perf_counter()
    shapes = np.array([shape(next(taken)) for _ in range(given.batches)])
    sampling = given.batches / (time.perf_counter() - begun)
    begun = time.perf_counter()
    losses = trained((next(taken) for _ in range(given.batches)), len(given.fan_out))
    training = given.batches / (time.perf_counter() - begun)
    tenth = max(1, given.batches // 10)
    loss = [float(np.mean(losses[:tenth])), float(np.mean(losses[-tenth:]))]
    nodes, edges = shapes.mean(axis=0).tolist()
    made = {"sampling": sampling, "training": training, "loss": loss, "nodes": nodes, "edges": edges}
    return made | {"private": private[0]}


def anonymous() -> float:
    """The anonymous part of the resident set in MiB: memory of ours, without the code of libraries."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 1024


def shape(batch: HeteroData) -> tuple[int, int]:
    return sum(batch[name].num_nodes for name in batch.node_types), sum(
        batch[kind].edge_index.shape[1] for kind in batch.edge_types
    )


def streamed(given: argparse.Namespace) -> dict[str, Any]:
    start, base = peak_reset(), anonymous()
    with (
        Database(connection()) as database,
        Neo4jStream(database, SCHEMA, given.fan_out, cache_bytes=given.cache * 2**20) as stream,
    ):
        made = measured_on(stream.link_batches("INTERACTED", given.size, sessions=given.sessions), base, given)
        return made | {"growth": peak() - start, "hits": stream.report().hit_rate}


def in_memory(given: argparse.Namespace) -> dict[str, Any]:
    start, base = peak_reset(), anonymous()
    with Database(connection()) as database:
        snapshot = from_neo4j(database, SCHEMA)
    data = ToUndirected()(to_hetero_data(snapshot))
    loader = LinkLoader(
        data,
        NeighbourSampler(data, given.fan_out),
        (KIND, data[KIND].edge_index),
        neg_sampling="triplet",
        batch_size=given.size,
        shuffle=True,
    )
    return measured_on(iter(loader), base, given) | {"growth": peak() - start, "snapshot": bytes_of(snapshot) / 2**20}


def bytes_of(snapshot: GraphSnapshot) -> int:
    arrays = [column for edges in snapshot.edges.values() for column in edges.columns().values()]
    arrays += [nodes.features for nodes in snapshot.nodes.values() if nodes.features is not None]
    ids = [nodes.ids for nodes in snapshot.nodes.values()]
    # An id costs its object, its place in the list and its place in the table.
    held = sum(sys.getsizeof(one.keys) + sys.getsizeof(one.lookup) + 32 * len(one) for one in ids)
    return sum(column.nbytes for column in arrays) + held


def torch_alone(given: argparse.Namespace) -> dict[str, Any]:
    """Training on made-up batches of about the shape that the fan-out gives, with no database."""
    start, random = peak_reset(), torch.Generator().manual_seed(0)

    def made_up() -> HeteroData:
        seeds, batch = 3 * given.size, HeteroData()
        nodes = seeds * (1 + given.fan_out[0])
        for name in ("User", "Item"):
            batch[name].num_nodes = nodes
        batch["Item"].x = torch.rand((nodes, FEATURES), generator=random)
        for kind in (KIND, TURNED):
            batch[kind].edge_index = torch.randint(nodes, (2, 2 * nodes), generator=random)
        for name, index in (("User", "src_index"), ("Item", "dst_pos_index"), ("Item", "dst_neg_index")):
            batch[name][index] = torch.arange(given.size)
        return batch

    trained((made_up() for _ in range(5)), len(given.fan_out))
    return {"growth": peak() - start}


SIDES = {"load": load, "torch alone": torch_alone, "streamed": streamed, "in memory": in_memory}

if __name__ == "__main__":
    main()
