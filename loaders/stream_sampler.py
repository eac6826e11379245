"""The ``BaseSampler`` of a graph that stays in Neo4j, and the batches that PyTorch Geometric's loaders make of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from graphrec_neo4j.errors import MissingExtraError, StreamError
from graphrec_neo4j.snapshot import IntArray
from loaders.stream_pages import PageReader
from loaders.stream_sampling import EdgeKind, StreamedSubgraph, SubgraphReader
from loaders.stream_seeds import Seeds
from loaders.stream_stores import EdgeValues, Neo4jFeatureStore, Neo4jGraphStore

try:
    import torch
    from torch_geometric.data import HeteroData
    from torch_geometric.loader import LinkLoader, NodeLoader
    from torch_geometric.sampler import (
        BaseSampler,
        EdgeSamplerInput,
        HeteroSamplerOutput,
        NegativeSampling,
        NodeSamplerInput,
    )
    from torch_geometric.sampler.base import NumNeighbors
    from torch_geometric.sampler.neighbor_sampler import edge_sample, node_sample
except ImportError as error:
    raise MissingExtraError("loaders.stream", "gnn") from error

Stores = tuple[Neo4jFeatureStore, Neo4jGraphStore]
FanOut = Sequence[int] | Mapping[EdgeKind, Sequence[int]]
MakeBatch = Callable[[Seeds, np.random.Generator], HeteroData]


class Neo4jSampler(BaseSampler):
    """Samples subgraphs in Cypher for ``NodeLoader`` and ``LinkLoader``; safe to share between threads.

    Negatives are drawn from the nodes of the database and may be false ones. With ``exclude_targets`` the seed links
    and their reverses are taken out of the sampled edges, so that no link is predicted from itself. The n-th batch
    that a loader asks for follows ``seed`` and n; other batches follow the generator that they are given.
    """

    def __init__(
        self,
        reader: SubgraphReader,
        pages: Callable[[str], PageReader],
        values: EdgeValues,
        *,
        exclude_targets: bool = True,
        seed: int = 0,
    ) -> None:
        self._reader, self._pages, self._values = reader, pages, values
        self._exclude_targets, self._seed, self._batches = exclude_targets, seed, count()
        self.gone = 0
        self._lock = threading.Lock()

    def sample_from_nodes(
        self, index: NodeSamplerInput, rng: np.random.Generator | None = None, **_: Any
    ) -> HeteroSamplerOutput:
        """Return the subgraph around the distinct nodes in ``index``, by number."""
        self._refuse_times(index.time)
        if len(index.node.unique()) < len(index.node):
            raise StreamError("the seeds of a batch must be distinct nodes.")
        return node_sample(index, partial(self._around, rng=rng or self._generator()))

    def sample_from_edges(
        self,
        index: EdgeSamplerInput,
        neg_sampling: NegativeSampling | None = None,
        rng: np.random.Generator | None = None,
    ) -> HeteroSamplerOutput:
        """Return the subgraph around both ends of the links in ``index`` and of their negatives, if any."""
        self._refuse_times(index.time)
        rng = rng or self._generator()
        drawn = None if neg_sampling is None else _Negatives(neg_sampling, partial(self._draw, index.input_type, rng))
        links = (index.input_type, index.row.numpy(), index.col.numpy()) if self._exclude_targets else None
        unused = dict.fromkeys(index.input_type[::2], 0)
        return edge_sample(index, partial(self._around, rng=rng, links=links), unused, False, None, drawn)

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng([self._seed, next(self._batches)])

    def _draw(self, kind: EdgeKind, rng: np.random.Generator, endpoint: str, number: int) -> IntArray:
        name = kind[0] if endpoint == "src" else kind[-1]
        return self._reader.numbers[name].of_keys(self._pages(name).random_keys(number, rng))

    def _refuse_times(self, time: torch.Tensor | None) -> None:
        if time is not None:
            raise StreamError("a streamed sample knows no time of its seeds; give the loader no input_time.")

    def _around(
        self,
        seeds: dict[str, torch.Tensor],
        _: Any,
        *,
        rng: np.random.Generator,
        links: tuple[EdgeKind, IntArray, IntArray] | None = None,
    ) -> HeteroSamplerOutput:
        sampled = self._reader.read({name: nodes.numpy() for name, nodes in seeds.items()}, rng)
        with self._lock:
            self.gone += sampled.gone
        return _output(sampled if links is None else sampled.without(*links), self._values)


class _Negatives(NegativeSampling):
    """PyTorch Geometric's negative sampling with other nodes: numbers of the database's in place of 0 to n - 1."""

    def __init__(self, given: NegativeSampling, draw: Callable[[str, int], IntArray]) -> None:
        if given.src_weight is not None or given.dst_weight is not None:
            raise StreamError("negatives of a streamed graph are uniform; leave out src_weight and dst_weight.")
        super().__init__(given.mode, given.amount)
        self._draw = draw

    def sample(self, num_samples: int, endpoint: str, num_nodes: int | None = None) -> torch.Tensor:
        return torch.from_numpy(self._draw(endpoint, num_samples))


def _output(sampled: StreamedSubgraph, values: EdgeValues) -> HeteroSamplerOutput:
    first, edges = values.add(sampled.edges), sampled.edges
    return HeteroSamplerOutput(
        node={name: torch.from_numpy(nodes.numbers) for name, nodes in sampled.nodes.items()},
        row={kind: torch.from_numpy(one.source) for kind, one in edges.items()},
        col={kind: torch.from_numpy(one.target) for kind, one in edges.items()},
        edge={kind: torch.arange(first, first + len(one.hop)) for kind, one in edges.items()},
        num_sampled_nodes={name: nodes.hops for name, nodes in sampled.nodes.items()},
        num_sampled_edges={kind: np.bincount(one.hop, minlength=sampled.hops).tolist() for kind, one in edges.items()},
    )


def node_maker(stores: Stores, sampler: Neo4jSampler, name: str) -> MakeBatch:
    """Return a function from seeds of one node type to what ``NodeLoader`` makes of them, with edge values."""
    loader = NodeLoader(stores, sampler, (name, torch.empty(0, dtype=torch.long)))

    def make(seeds: Seeds, rng: np.random.Generator) -> HeteroData:
        nodes, places = (torch.from_numpy(column) for column in (seeds.columns[0], seeds.places))
        sampled = sampler.sample_from_nodes(NodeSamplerInput(places, nodes, None, name), rng=rng)
        return stores[0].add_edge_values(loader.filter_fn(sampled))

    return make


def link_maker(
    stores: Stores, sampler: Neo4jSampler, kind: EdgeKind, neg_sampling: NegativeSampling | str | None
) -> MakeBatch:
    """Return a function from seed links of one type to what ``LinkLoader`` makes of them, with edge values."""
    none = torch.empty((2, 0), dtype=torch.long)
    loader = LinkLoader(stores, sampler, (kind, none), neg_sampling=neg_sampling)

    def make(seeds: Seeds, rng: np.random.Generator) -> HeteroData:
        columns = (seeds.places, *seeds.columns)
        index = EdgeSamplerInput(*(torch.from_numpy(column) for column in columns), input_type=kind)
        sampled = sampler.sample_from_edges(index, loader.neg_sampling, rng=rng)
        return stores[0].add_edge_values(loader.filter_fn(sampled))

    return make


def fan_out_by_type(fan_out: FanOut, kinds: list[EdgeKind]) -> dict[EdgeKind, list[int]]:
    """Return how many neighbours each edge type gets in each hop, 0 for one that a mapping leaves out.

    Raises StreamError for counts below 0, which are no bound, and for unknown types.
    """
    if isinstance(fan_out, Mapping):
        hops = len(next(iter(fan_out.values()), ()))
        given = NumNeighbors(dict(fan_out), default=[0] * hops)
    else:
        given = NumNeighbors(list(fan_out))
    try:
        counts = given.get_values(kinds)
    except ValueError as error:
        raise StreamError(f"fan_out does not fit the graph: {error}; edge types are {kinds}.") from None
    if any(count < 0 for of_kind in counts.values() for count in of_kind):
        raise StreamError("fan_out must be a bound: no count below 0, as all neighbours of a hub are no mini-batch.")
    return counts


def as_tensor(numbers: IntArray) -> torch.Tensor:
    """Return numbers (n,) as a tensor that shares their memory."""
    return torch.from_numpy(numbers)
